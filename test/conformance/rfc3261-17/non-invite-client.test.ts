import { describe } from 'node:test';
import type { NonInviteClientState } from '../../../src/protocol/sip/non-invite-client.ts';
import { nonInviteClient, stepNonInviteClient } from '../../../src/protocol/sip/non-invite-client.ts';
import { checkEdges } from '../support/edges.ts';

const at = (phase: NonInviteClientState['phase'], interval = 500, reliable = false): NonInviteClientState => ({ ...nonInviteClient(reliable), phase, interval });

describe('RFC 3261 §17.1.2 non-INVITE client transaction', () => {
  checkEdges(stepNonInviteClient, [
    ['§17.1.2.2', at('trying'), { type: 'start' }, 'trying', ['sendRequest', 'startTimer E 500', 'startTimer F 32000']],
    ['§17.1.2.2 reliable: no Timer E', at('trying', 500, true), { type: 'start' }, 'trying', ['sendRequest', 'startTimer F 32000']],
    ['§17.1.2.2 Timer E doubles', at('trying'), { type: 'timer', name: 'E' }, 'trying', ['sendRequest', 'startTimer E 1000']],
    ['§17.1.2.2 Timer E stops at T2', at('trying', 4000), { type: 'timer', name: 'E' }, 'trying', ['sendRequest', 'startTimer E 4000']],
    ['§17.1.2.2 Timer E is T2 in Proceeding', at('proceeding'), { type: 'timer', name: 'E' }, 'proceeding', ['sendRequest', 'startTimer E 4000']],
    ['§17.1.2.2 Timer F', at('trying'), { type: 'timer', name: 'F' }, 'terminated', ['cancelTimer E', 'cancelTimer F', 'fail timeout', 'terminate']],
    ['§17.1.2.2 Timer F', at('proceeding'), { type: 'timer', name: 'F' }, 'terminated', ['cancelTimer E', 'cancelTimer F', 'fail timeout', 'terminate']],
    ['§17.1.2.2 1xx', at('trying'), { type: 'response', status: 100 }, 'proceeding', ['deliver']],
    ['§17.1.2.2 final', at('trying'), { type: 'response', status: 200 }, 'completed', ['cancelTimer E', 'cancelTimer F', 'deliver', 'startTimer K 5000']],
    ['§17.1.2.2 final', at('proceeding'), { type: 'response', status: 404 }, 'completed', ['cancelTimer E', 'cancelTimer F', 'deliver', 'startTimer K 5000']],
    ['§17.1.2.2 reliable: Timer K is zero', at('trying', 500, true), { type: 'response', status: 200 }, 'terminated', ['cancelTimer E', 'cancelTimer F', 'deliver', 'terminate']],
    ['§17.1.2.2 final again', at('completed'), { type: 'response', status: 200 }, 'completed', []],
    ['§17.1.2.2 Timer K', at('completed'), { type: 'timer', name: 'K' }, 'terminated', ['terminate']],
    ['§17.1.2.2 transport error', at('trying'), { type: 'transportError' }, 'terminated', ['cancelTimer E', 'cancelTimer F', 'fail transport', 'terminate']],
    ['no edge', at('completed'), { type: 'transportError' }, 'completed', []],
    ['no edge', at('completed'), { type: 'timer', name: 'E' }, 'completed', []],
    ['no edge', at('completed'), { type: 'timer', name: 'F' }, 'completed', []],
    ['no edge', at('trying'), { type: 'timer', name: 'K' }, 'trying', []],
  ]);
});
