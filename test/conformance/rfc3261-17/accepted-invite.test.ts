import { describe } from 'node:test';
import type { AcceptedInviteState } from '../../../src/protocol/sip/accepted-invite.ts';
import { acceptedInvite, stepAcceptedInvite } from '../../../src/protocol/sip/accepted-invite.ts';
import { checkEdges } from '../support/edges.ts';

const at = (phase: AcceptedInviteState['phase'], interval = 500): AcceptedInviteState => ({ ...acceptedInvite, phase, interval });

describe('RFC 3261 §13.3.1.4 the 2xx until its ACK', () => {
  checkEdges(stepAcceptedInvite, [
    ['§13.3.1.4', at('waiting'), { type: 'start' }, 'waiting', ['startTimer retransmit 500', 'startTimer giveUp 32000']],
    ['§13.3.1.4 interval doubles', at('waiting'), { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 1000']],
    ['§13.3.1.4 interval stops at T2', at('waiting', 4000), { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 4000']],
    ['§13.3.1.4 ACK', at('waiting'), { type: 'ack' }, 'acknowledged', ['cancelTimer retransmit', 'cancelTimer giveUp', 'deliverAck']],
    ['§13.3.1.4 ACK again', at('acknowledged'), { type: 'ack' }, 'acknowledged', []],
    ['§13.3.1.4 no ACK', at('waiting'), { type: 'timer', name: 'giveUp' }, 'abandoned', ['cancelTimer retransmit', 'cancelTimer giveUp', 'giveUp']],
    ['§15.1.2 BYE instead of ACK', at('waiting'), { type: 'over' }, 'abandoned', ['cancelTimer retransmit', 'cancelTimer giveUp']],
    ['no edge', at('abandoned'), { type: 'ack' }, 'abandoned', []],
  ]);
});
