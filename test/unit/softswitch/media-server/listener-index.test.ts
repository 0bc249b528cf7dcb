import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import type { EslEvent } from '../../../../src/protocol/esl/event.ts';
import { headerOf } from '../../../../src/protocol/esl/event.ts';
import { addFilter, hears, noSubscriptions, subscribe, type Subscriptions } from '../../../../src/protocol/esl/subscriptions.ts';
import { ListenerIndex } from '../../../../src/softswitch/media-server/listener-index.ts';

describe('who may hear an event', () => {
  const header = fc.constantFrom('Unique-ID', 'Conference-Unique-ID', 'Action');
  const value = fc.constantFrom('a', 'B', 'c', '/a/', '-a');
  const listener = fc.record({ names: fc.subarray(['DTMF', 'CUSTOM', 'ALL'], { minLength: 1 }), filters: fc.array(fc.tuple(header, value), { maxLength: 3 }) });
  const event = fc.record({ name: fc.constantFrom('DTMF', 'CODEC'), headers: fc.array(fc.tuple(header, fc.constantFrom('A', 'b', 'C')), { maxLength: 3 }) });

  const subscriptionsOf = ({ names, filters }: { readonly names: readonly string[]; readonly filters: readonly (readonly [string, string])[] }): Subscriptions => {
    const subscribed = subscribe(noSubscriptions, 'json', names);
    assert.ok(subscribed.ok);
    return filters.reduce((before, [name, text]) => {
      const after = addFilter(before, name, text);
      return after.ok ? after.value : before;
    }, subscribed.value);
  };
  const heardBy = (index: ListenerIndex<number>, listeners: readonly Subscriptions[], candidate: EslEvent): readonly number[] =>
    [...index.candidates((name) => headerOf(candidate, name))].filter((id) => hears(listeners[id]!, candidate)).sort();

  it('the same as when all are asked, also after changes and goodbyes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(listener, listener), { maxLength: 8 }), fc.array(event, { maxLength: 8 }), fc.nat(8), (pairs, events, gone) => {
        const index = new ListenerIndex<number>();
        const listeners = pairs.map(([, last]) => subscriptionsOf(last));
        for (const [id, [first]] of pairs.entries()) index.set(id, subscriptionsOf(first));
        for (const [id, last] of listeners.entries()) index.set(id, last);
        index.delete(gone);
        const present = [...listeners.keys()].filter((id) => id !== gone);
        for (const candidate of events) {
          assert.deepEqual(heardBy(index, listeners, candidate), present.filter((id) => hears(listeners[id]!, candidate)));
          if (present.some((id) => hears(listeners[id]!, candidate))) assert.equal(index.isHeard(candidate.name, headerOf(candidate, 'Unique-ID') ?? ''), true);
        }
        for (const id of present) index.delete(id);
        assert.deepEqual([index.candidates(() => 'a').size, index.isHeard('DTMF', 'a')], [0, false]);
      }),
      { seed: 20_261_122 },
    );
  });
});
