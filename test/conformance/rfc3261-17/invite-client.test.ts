import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Machine } from '../../../src/lib/machine.ts';
import type { InviteClientEffect, InviteClientEvent, InviteClientState } from '../../../src/protocol/sip/invite-client.ts';
import { inviteClient, stepInviteClient } from '../../../src/protocol/sip/invite-client.ts';
import { checkEdges } from '../support/edges.ts';
import { ManualScheduler } from '../support/manual-scheduler.ts';

const at = (phase: InviteClientState['phase'], reliable = false): InviteClientState => ({ ...inviteClient(reliable), phase });

describe('RFC 3261 §17.1.1 INVITE client transaction (unreliable transport)', () => {
  checkEdges(stepInviteClient, [
    ['§17.1.1.2', at('calling'), { type: 'start' }, 'calling', ['sendRequest', 'startTimer A 500', 'startTimer B 32000']],
    ['§17.1.1.2 Timer A doubles', at('calling'), { type: 'timer', name: 'A' }, 'calling', ['sendRequest', 'startTimer A 1000']],
    ['§17.1.1.2 Timer B', at('calling'), { type: 'timer', name: 'B' }, 'terminated', ['cancelTimer A', 'cancelTimer B', 'fail timeout', 'terminate']],
    ['§17.1.1.2 1xx', at('calling'), { type: 'response', status: 180 }, 'proceeding', ['cancelTimer A', 'cancelTimer B', 'deliver']],
    ['§17.1.1.2 further 1xx', at('proceeding'), { type: 'response', status: 183 }, 'proceeding', ['cancelTimer A', 'cancelTimer B', 'deliver']],
    ['RFC 6026 §7.2 2xx', at('calling'), { type: 'response', status: 200 }, 'accepted', ['cancelTimer A', 'cancelTimer B', 'startTimer M 32000', 'deliver']],
    ['RFC 6026 §7.2 2xx', at('proceeding'), { type: 'response', status: 200 }, 'accepted', ['cancelTimer A', 'cancelTimer B', 'startTimer M 32000', 'deliver']],
    ['RFC 6026 §7.2 2xx again', at('accepted'), { type: 'response', status: 200 }, 'accepted', ['deliver']],
    ['RFC 6026 §7.2 failure after 2xx', at('accepted'), { type: 'response', status: 486 }, 'accepted', []],
    ['RFC 6026 §7.2 Timer M', at('accepted'), { type: 'timer', name: 'M' }, 'terminated', ['terminate']],
    ['§17.1.1.2 300-699', at('calling'), { type: 'response', status: 486 }, 'completed', ['cancelTimer A', 'cancelTimer B', 'sendAck', 'startTimer D 32000', 'deliver']],
    ['§17.1.1.2 300-699', at('proceeding'), { type: 'response', status: 302 }, 'completed', ['cancelTimer A', 'cancelTimer B', 'sendAck', 'startTimer D 32000', 'deliver']],
    ['§17.1.1.2 final again', at('completed'), { type: 'response', status: 486 }, 'completed', ['sendAck']],
    ['§17.1.1.2 late 1xx', at('completed'), { type: 'response', status: 180 }, 'completed', []],
    ['§17.1.1.2 Timer D', at('completed'), { type: 'timer', name: 'D' }, 'terminated', ['terminate']],
    ['§17.1.1.2 transport error', at('calling'), { type: 'transportError' }, 'terminated', ['cancelTimer A', 'cancelTimer B', 'fail transport', 'terminate']],
    ['§17.1.1.2 transport error', at('completed'), { type: 'transportError' }, 'terminated', ['terminate']],
    ['no edge', at('proceeding'), { type: 'transportError' }, 'proceeding', []],
    ['no edge', at('proceeding'), { type: 'timer', name: 'A' }, 'proceeding', []],
    ['no edge', at('proceeding'), { type: 'timer', name: 'B' }, 'proceeding', []],
    ['no edge', at('calling'), { type: 'timer', name: 'D' }, 'calling', []],
    ['no edge', at('calling'), { type: 'timer', name: 'M' }, 'calling', []],
    ['no edge', at('terminated'), { type: 'response', status: 200 }, 'terminated', []],
  ]);
});

describe('RFC 3261 §17.1.1 INVITE client transaction (reliable transport)', () => {
  checkEdges(stepInviteClient, [
    ['§17.1.1.2 no Timer A', at('calling', true), { type: 'start' }, 'calling', ['sendRequest', 'startTimer B 32000']],
    ['§17.1.1.2 Timer D is zero', at('proceeding', true), { type: 'response', status: 486 }, 'terminated', ['cancelTimer A', 'cancelTimer B', 'sendAck', 'deliver', 'terminate']],
  ]);
});

describe('RFC 3261 §17.1.1.2 retransmission times', () => {
  it('sends at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s and gives up at 32 s', () => {
    const scheduler = new ManualScheduler();
    const log: string[] = [];
    const machine = new Machine<InviteClientState, InviteClientEvent, InviteClientEffect>(
      {
        initial: inviteClient(false),
        step: stepInviteClient,
        run: (effect, runner) => {
          if (effect.do === 'startTimer') runner.startTimer(effect.name, effect.ms, { type: 'timer', name: effect.name });
          else if (effect.do === 'cancelTimer') runner.cancelTimer(effect.name);
          else log.push(`${scheduler.now()} ${effect.do}`);
        },
        onError: (error) => assert.fail(String(error)),
      },
      scheduler,
    );
    machine.post({ type: 'start' });
    scheduler.advance(60_000);
    assert.deepEqual(log, ['0 sendRequest', '500 sendRequest', '1500 sendRequest', '3500 sendRequest', '7500 sendRequest', '15500 sendRequest', '31500 sendRequest', '32000 fail', '32000 terminate']);
    assert.equal(scheduler.pending, 0);
  });
});
