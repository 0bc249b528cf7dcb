import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { initialSession, sessionStep, type SessionEffect, type SessionEvent, type SessionState } from '../../../src/call/session-step.ts';
import { policyOf } from '../../../src/config/policy.ts';
import { loaded } from '../config/fixture.ts';

const policy = policyOf(loaded({}));

const answered: SessionEvent = { type: 'answered', now: 0 };
const admitted: SessionEvent = { type: 'admitted', grant: { role: 'guest', rule: 'guest_pin' }, wrongPins: 0 };
const end: SessionEvent = { type: 'end', reason: 'kicked', goodbye: [{ key: 'kicked' }] };
const gone: SessionEvent = { type: 'gone', reason: 'caller_hung_up' };
const order: SessionEvent = { type: 'order', order: { do: 'mute', call: 'c', muted: true } };
const digit: SessionEvent = { type: 'digit', digit: '*', via: 'rtp', now: 1 };
const ivr: SessionEvent = { type: 'ivr', event: { type: 'startAttendant', asksPin: false, longestNumber: 20 } };

function after(...events: readonly SessionEvent[]): { readonly state: SessionState; readonly effects: readonly SessionEffect[] } {
  return events.reduce<{ readonly state: SessionState; readonly effects: readonly SessionEffect[] }>(({ state }, event) => sessionStep(state, event, policy), { state: initialSession(), effects: [] });
}

const told = (effects: readonly SessionEffect[]): readonly string[] => effects.map((effect) => (effect.part === 'session' ? effect.do : effect.part));

describe('session: stage, event -> stage, what is set off', () => {
  const edges: readonly (readonly [name: string, events: readonly SessionEvent[], stage: SessionState['stage'], effects: readonly string[]])[] = [
    ['arriving, answered -> ivr', [answered], 'ivr', ['leg', 'leg', 'leg']],
    ['arriving, end -> ending: finish', [end], 'ending', ['finish']],
    ['arriving, gone -> ending: finish', [gone], 'ending', ['finish']],
    ['arriving, order -> arriving: nothing', [order], 'arriving', []],
    ['arriving, admitted -> arriving: nothing', [admitted], 'arriving', []],
    ['arriving, ivr -> arriving: nothing', [ivr], 'arriving', []],
    ['ivr, ivr -> ivr: asks', [answered, ivr], 'ivr', ['ivr', 'ivr', 'ivr']],
    ['ivr, order -> ivr: nothing', [answered, order], 'ivr', []],
    ['ivr, admitted -> room: enterRoom', [answered, admitted], 'room', ['enterRoom']],
    ['ivr, end -> ending: finish', [answered, end], 'ending', ['finish']],
    ['room, order -> room: obeys', [answered, admitted, order], 'room', ['room']],
    ['room, admitted again -> room: nothing', [answered, admitted, admitted], 'room', []],
    ['room, ivr -> room: nothing', [answered, admitted, ivr], 'room', []],
    ['room, digit -> room: keypad', [answered, admitted, digit], 'room', ['keypad']],
    ['room, the same digit by INFO -> room: nothing', [answered, admitted, digit, { ...digit, via: 'info' }], 'room', []],
    ['room, gone -> ending: finish', [answered, admitted, gone], 'ending', ['finish']],
    ['ending, end again -> ending: nothing', [end, end], 'ending', []],
    ['ending, gone -> ending: cutGoodbye', [end, gone], 'ending', ['cutGoodbye']],
    ['ending, digit, order, ivr, leg -> ending: nothing', [answered, end, digit, order, ivr, { type: 'leg', event: { type: 'packets', count: 1, now: 1 } }], 'ending', []],
  ];
  for (const [name, events, stage, effects] of edges) {
    it(name, () => {
      const { state, effects: done } = after(...events);
      assert.equal(state.stage, stage);
      assert.deepEqual(told(done), effects);
    });
  }

  it('a caller who is gone hears no goodbye', () => {
    const [finish] = after(answered, gone).effects;
    assert.deepEqual(finish, { part: 'session', do: 'finish', reason: 'caller_hung_up', goodbye: [] });
  });
});
