import { describe } from 'node:test';
import type { NonInviteServerState } from '../../../src/protocol/sip/non-invite-server.ts';
import { nonInviteServer, stepNonInviteServer } from '../../../src/protocol/sip/non-invite-server.ts';
import { checkEdges } from '../support/edges.ts';

const at = (phase: NonInviteServerState['phase'], reliable = false): NonInviteServerState => ({ ...nonInviteServer(reliable), phase });

describe('RFC 3261 §17.2.2 non-INVITE server transaction', () => {
  checkEdges(stepNonInviteServer, [
    ['§17.2.2 request again', at('trying'), { type: 'request' }, 'trying', []],
    ['§17.2.2 1xx', at('trying'), { type: 'response', status: 183 }, 'proceeding', ['sendResponse']],
    ['§17.2.2 request again', at('proceeding'), { type: 'request' }, 'proceeding', ['sendResponse']],
    ['§17.2.2 final', at('trying'), { type: 'response', status: 200 }, 'completed', ['sendResponse', 'startTimer J 32000']],
    ['§17.2.2 final', at('proceeding'), { type: 'response', status: 404 }, 'completed', ['sendResponse', 'startTimer J 32000']],
    ['§17.2.2 reliable: Timer J is zero', at('trying', true), { type: 'response', status: 200 }, 'terminated', ['sendResponse', 'terminate']],
    ['§17.2.2 request again', at('completed'), { type: 'request' }, 'completed', ['sendResponse']],
    ['§17.2.2 second final', at('completed'), { type: 'response', status: 500 }, 'completed', []],
    ['§17.2.2 Timer J', at('completed'), { type: 'timer', name: 'J' }, 'terminated', ['terminate']],
    ['§17.2.2 transport error', at('trying'), { type: 'transportError' }, 'terminated', ['cancelTimer J', 'terminate']],
    ['no edge', at('trying'), { type: 'timer', name: 'J' }, 'trying', []],
    ['no edge', at('terminated'), { type: 'transportError' }, 'terminated', []],
  ]);
});
