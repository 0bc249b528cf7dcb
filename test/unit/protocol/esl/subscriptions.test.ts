import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import type { EslEvent } from '../../../../src/protocol/esl/event.ts';
import { addFilter, deleteFilter, demands, hears, noSubscriptions, subscribe, subscribeToChannel, unsubscribe, type Subscriptions } from '../../../../src/protocol/esl/subscriptions.ts';

const maintenance = (headers: Readonly<Record<string, string>> = {}): EslEvent => ({
  name: 'CUSTOM',
  subclass: 'conference::maintenance',
  headers: Object.entries(headers),
});
const plain = (name: string, headers: Readonly<Record<string, string>> = {}): EslEvent => ({ name, headers: Object.entries(headers) });

function listening(words: string, ...filters: readonly (readonly [string, string])[]): Subscriptions {
  const subscribed = subscribe(noSubscriptions, 'json', words.split(' '));
  assert.ok(subscribed.ok);
  return filters.reduce((before, [header, value]) => {
    const after = addFilter(before, header, value);
    assert.ok(after.ok);
    return after.value;
  }, subscribed.value);
}

describe('ESL subscriptions', () => {
  const table: readonly (readonly [name: string, words: string, event: EslEvent, heard: boolean])[] = [
    ['a name', 'DTMF', plain('DTMF'), true],
    ['in any case', 'dtmf', plain('DTMF'), true],
    ['another name', 'DTMF', plain('HEARTBEAT'), false],
    ['SWITCH_EVENT_ is stripped', 'SWITCH_EVENT_PLAYBACK_START', plain('PLAYBACK_START'), true],
    ['ALL', 'all', maintenance(), true],
    ['a subclass', 'CUSTOM conference::maintenance', maintenance(), true],
    ['CUSTOM alone names no subclass', 'CUSTOM', maintenance(), false],
    ['another subclass', 'CUSTOM x::y', maintenance(), false],
    ['B.4: after CUSTOM a name is a subclass: no BACKGROUND_JOB', 'CUSTOM conference::maintenance BACKGROUND_JOB', plain('BACKGROUND_JOB'), false],
    ['before CUSTOM it is a name', 'BACKGROUND_JOB CUSTOM conference::maintenance', plain('BACKGROUND_JOB'), true],
  ];
  for (const [name, words, event, heard] of table) {
    it(name, () => assert.equal(hears(listening(words), event), heard));
  }

  it('E01: no known word is -ERR no keywords supplied', () => {
    assert.deepEqual(subscribe(noSubscriptions, 'json', ['BOGUS_EVENT']), { ok: false, error: { code: 'no_keywords' } });
  });

  it('subscriptions add up, and nixevent takes them away', () => {
    const both = subscribe(listening('DTMF'), 'json', ['HEARTBEAT']);
    assert.ok(both.ok);
    assert.ok(hears(both.value, plain('DTMF')) && hears(both.value, plain('HEARTBEAT')));
    assert.ok(!hears(unsubscribe(both.value, ['DTMF']), plain('DTMF')));
    assert.ok(hears(unsubscribe(both.value, ['DTMF']), plain('HEARTBEAT')));
  });

  const filters: readonly (readonly [name: string, filters: readonly (readonly [string, string])[], headers: Readonly<Record<string, string>>, heard: boolean])[] = [
    ['the same value', [['Unique-ID', 'u1']], { 'Unique-ID': 'u1' }, true],
    ['in any case', [['unique-id', 'U1']], { 'Unique-ID': 'u1' }, true],
    ['another value', [['Unique-ID', 'u1']], { 'Unique-ID': 'u2' }, false],
    ['an event without the header', [['Unique-ID', 'u1']], {}, false],
    ['any filter is enough: the control leg', [['Unique-ID', 'u1'], ['Conference-Unique-ID', 'c1']], { 'Unique-ID': 'u2', 'Conference-Unique-ID': 'c1' }, true],
    ['/re/ is an expression', [['Action', '/^(add|del)-member$/']], { Action: 'del-member' }, true],
    ['/re/ that does not match', [['Action', '/^add/']], { Action: 'del-member' }, false],
    ['- excludes', [['Unique-ID', 'u1'], ['Action', '-floor-change']], { 'Unique-ID': 'u1', Action: 'floor-change' }, false],
    ['- excludes nothing else', [['Unique-ID', 'u1'], ['Action', '-floor-change']], { 'Unique-ID': 'u1', Action: 'lock' }, true],
  ];
  for (const [name, list, headers, heard] of filters) {
    it(`B.4 filter: ${name}`, () => assert.equal(hears(listening('CUSTOM conference::maintenance', ...list), maintenance(headers)), heard));
  }

  it('filters are deleted one, by header, and all', () => {
    const start = listening('DTMF', ['a', '1'], ['a', '2'], ['b', '1']);
    assert.equal(deleteFilter(start, 'A', '1').filters.length, 2);
    assert.equal(deleteFilter(start, 'a', '').filters.length, 1);
    assert.equal(deleteFilter(start, 'all', '').filters.length, 0);
  });

  it('a broken expression is refused', () => {
    assert.deepEqual(addFilter(noSubscriptions, 'a', '/(/'), { ok: false, error: { code: 'invalid_filter' } });
  });

  it('a client cannot make the server remember without bound', () => {
    const words = ['CUSTOM', ...Array.from({ length: 300 }, (_, index) => `a::${index}`)];
    assert.deepEqual(subscribe(noSubscriptions, 'json', words), { ok: false, error: { code: 'too_many' } });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), fc.string(), (words, header, value) => {
        const subscribed = subscribe(noSubscriptions, 'plain', ['ALL', ...words]);
        const filtered = addFilter(subscribed.ok ? subscribed.value : noSubscriptions, header, value);
        hears(filtered.ok ? filtered.value : noSubscriptions, plain('DTMF', { [header]: value }));
      }),
    );
  });

  it('myevents: what happens to one channel, or to the other leg of its bridge', () => {
    const mine = subscribeToChannel(noSubscriptions, 'json', 'u1');
    assert.equal(hears(mine, plain('DTMF', { 'Unique-ID': 'u1' })), true);
    assert.equal(hears(mine, plain('CHANNEL_BRIDGE', { 'Unique-ID': 'u2', 'Other-Leg-Unique-ID': 'u1' })), true);
    assert.equal(hears(mine, plain('DTMF', { 'Unique-ID': 'u2' })), false);
    assert.equal(hears(mine, plain('HEARTBEAT')), false);
  });

  it('nixevent takes a name out of ALL, and ALL takes all', () => {
    const without = unsubscribe(listening('ALL'), ['DTMF']);
    assert.deepEqual([hears(without, plain('DTMF')), hears(without, plain('HEARTBEAT'))], [false, true]);
    assert.equal(hears(unsubscribe(listening('DTMF'), ['ALL']), plain('DTMF')), false);
  });

  it('demands: what an event must have, as far as that is simple', () => {
    const table: readonly (readonly [filters: readonly (readonly [string, string])[], wanted: ReturnType<typeof demands>])[] = [
      [[], undefined],
      [[['Unique-ID', 'U1']], [{ header: 'unique-id', value: 'u1' }]],
      [[['Unique-ID', 'u1'], ['Conference-Unique-ID', 'c1']], [{ header: 'unique-id', value: 'u1' }, { header: 'conference-unique-id', value: 'c1' }]],
      [[['Unique-ID', '/u/']], undefined],
      [[['Unique-ID', '-u1']], []],
    ];
    for (const [filters, wanted] of table) assert.deepEqual(demands(listening('DTMF', ...filters)), wanted);
  });
});
