import { describe } from 'node:test';
import type { InviteServerState } from '../../../src/protocol/sip/invite-server.ts';
import { inviteServer, stepInviteServer } from '../../../src/protocol/sip/invite-server.ts';
import { checkEdges } from '../support/edges.ts';

const at = (phase: InviteServerState['phase'], interval = 500, reliable = false): InviteServerState => ({ ...inviteServer(reliable), phase, interval });

describe('RFC 3261 §17.2.1 INVITE server transaction', () => {
  checkEdges(stepInviteServer, [
    ['§17.2.1 100 Trying at once', at('proceeding'), { type: 'start' }, 'proceeding', ['sendResponse']],
    ['§17.2.1 request again', at('proceeding'), { type: 'request' }, 'proceeding', ['sendResponse']],
    ['§17.2.1 1xx', at('proceeding'), { type: 'response', status: 180, repetition: 'byTimer' }, 'proceeding', ['sendResponse']],
    ['RFC 6026 §7.1 2xx', at('proceeding'), { type: 'response', status: 200, repetition: 'byTimer' }, 'accepted', ['sendResponse', 'startTimer L 32000']],
    ['RFC 6026 §7.1 request again', at('accepted'), { type: 'request' }, 'accepted', []],
    ['RFC 6026 §7.1 ACK', at('accepted'), { type: 'ack' }, 'accepted', []],
    ['RFC 6026 §7.1 Timer L', at('accepted'), { type: 'timer', name: 'L' }, 'terminated', ['terminate']],
    ['§17.2.1 300-699', at('proceeding'), { type: 'response', status: 486, repetition: 'byTimer' }, 'completed', ['sendResponse', 'startTimer G 500', 'startTimer H 32000']],
    ['a source that proved nothing: no Timer G', at('proceeding'), { type: 'response', status: 486, repetition: 'onRequest' }, 'completed', ['sendResponse', 'startTimer H 32000']],
    ['§17.2.1 reliable: no Timer G', at('proceeding', 500, true), { type: 'response', status: 486, repetition: 'byTimer' }, 'completed', ['sendResponse', 'startTimer H 32000']],
    ['§17.2.1 request again', at('completed'), { type: 'request' }, 'completed', ['sendResponse']],
    ['§17.2.1 Timer G doubles', at('completed'), { type: 'timer', name: 'G' }, 'completed', ['sendResponse', 'startTimer G 1000']],
    ['§17.2.1 Timer G stops at T2', at('completed', 4000), { type: 'timer', name: 'G' }, 'completed', ['sendResponse', 'startTimer G 4000']],
    ['§17.2.1 Timer H', at('completed'), { type: 'timer', name: 'H' }, 'terminated', ['cancelTimer G', 'terminate']],
    ['§17.2.1 ACK', at('completed'), { type: 'ack' }, 'confirmed', ['cancelTimer G', 'cancelTimer H', 'startTimer I 5000']],
    ['§17.2.1 reliable: Timer I is zero', at('completed', 500, true), { type: 'ack' }, 'terminated', ['cancelTimer G', 'cancelTimer H', 'terminate']],
    ['§17.2.1 ACK again', at('confirmed'), { type: 'ack' }, 'confirmed', []],
    ['§17.2.1 request in Confirmed', at('confirmed'), { type: 'request' }, 'confirmed', []],
    ['§17.2.1 Timer I', at('confirmed'), { type: 'timer', name: 'I' }, 'terminated', ['terminate']],
    ['§17.2.1 second final', at('completed'), { type: 'response', status: 200, repetition: 'byTimer' }, 'completed', []],
    ['RFC 6026 §7.1 transport error', at('proceeding'), { type: 'transportError' }, 'proceeding', []],
    ['no edge', at('proceeding'), { type: 'ack' }, 'proceeding', []],
    ['no edge', at('confirmed'), { type: 'timer', name: 'G' }, 'confirmed', []],
    ['no edge', at('confirmed'), { type: 'timer', name: 'H' }, 'confirmed', []],
    ['no edge', at('completed'), { type: 'timer', name: 'I' }, 'completed', []],
    ['no edge', at('completed'), { type: 'timer', name: 'L' }, 'completed', []],
  ]);
});
