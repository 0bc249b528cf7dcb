import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { parseDtmfInfo } from '../../../src/protocol/dtmf/info.ts';
import { initialDtmf, readTelephoneEvent, stepDtmf } from '../../../src/protocol/dtmf/telephone-event.ts';
import type { DtmfEffect, DtmfEvent, DtmfState } from '../../../src/protocol/dtmf/telephone-event.ts';

const packet = (timestamp: number, event: number, duration: number, end = false, ssrc = 1): DtmfEvent => ({ type: 'packet', ssrc, timestamp: timestamp >>> 0, event, end, duration, clockRate: 8000 });

/** A key of `ms` as senders send it: every 20 ms an update, then the end three times (RFC 4733 §2.5.1.4). */
function key(timestamp: number, event: number, ms = 100, ssrc = 1): DtmfEvent[] {
  const updates = Array.from({ length: ms / 20 - 1 }, (_, i) => packet(timestamp, event, (i + 1) * 160, false, ssrc));
  return [...updates, ...Array.from({ length: 3 }, () => packet(timestamp, event, ms * 8, true, ssrc))];
}

function run(events: readonly DtmfEvent[]): { state: DtmfState; effects: DtmfEffect[] } {
  let state = initialDtmf;
  const effects: DtmfEffect[] = [];
  for (const event of events) {
    const next = stepDtmf(state, event);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

const digits = (events: readonly DtmfEvent[]): string => run(events).effects.map((effect) => (effect.type === 'digit' ? effect.digit : '')).join('');
const pressed = (events: readonly DtmfEvent[]): string => run(events).effects.map((effect) => (effect.type === 'pressed' ? effect.digit : '')).join('');
const timeout: DtmfEvent = { type: 'timeout' };
const keys = (...events: number[]): DtmfEvent[][] => events.map((event, i) => key(1000 + i * 1600, event));

describe('telephone-event receiver, RFC 4733', () => {
  const [one, two, three] = keys(1, 2, 3) as [DtmfEvent[], DtmfEvent[], DtmfEvent[]];
  const rows: { name: string; events: DtmfEvent[]; expected: string }[] = [
    { name: 'idle -> key with three ends -> one digit (§2.5.1.4)', events: one, expected: '1' },
    { name: 'table 3: codes 0 to 15 are 0-9*#A-D', events: keys(...Array.from({ length: 16 }, (_, i) => i)).flat(), expected: '0123456789*#ABCD' },
    { name: 'event 16 (flash) and above are no keys', events: [...key(1, 16), ...key(5000, 255)], expected: '' },
    { name: 'the same key twice is two digits', events: [...key(1000, 5), ...key(3000, 5)], expected: '55' },
    { name: 'every packet twice', events: [...one, ...two].flatMap((event) => [event, event]), expected: '12' },
    { name: 'first packets lost', events: one.slice(-3), expected: '1' },
    { name: 'only the last end arrives', events: one.slice(-1), expected: '1' },
    { name: 'two ends lost', events: one.slice(0, -2), expected: '1' },
    { name: 'all ends lost, pressed -> timeout -> digit', events: [...one.slice(0, -3), timeout], expected: '1' },
    { name: 'all ends lost, then updates after the timeout', events: [...one.slice(0, 2), timeout, ...one.slice(2)], expected: '1' },
    { name: 'all ends lost, superseded by the next key (§2.5.2.2)', events: [...one.slice(0, -3), ...two], expected: '12' },
    { name: 'all ends lost, superseded by an end packet alone', events: [...one.slice(0, -3), ...two.slice(-1)], expected: '12' },
    { name: 'timeout with nothing pressed', events: [timeout, ...one, timeout], expected: '1' },
    { name: 'ends of the key before arrive after the next has begun', events: [...one.slice(0, -2), two[0]!, ...one.slice(-2), ...two.slice(1)], expected: '12' },
    { name: 'superseded key is ended late', events: [...one.slice(0, -3), two[0]!, ...one.slice(-3), ...two.slice(1)], expected: '12' },
    { name: 'updates arrive in reverse', events: [...one].reverse(), expected: '1' },
    { name: 'a key as a whole overtaken by the next is not told out of order', events: [...two, ...one, ...three], expected: '23' },
    { name: 'across the timestamp wrap', events: [...key(0xffff_ff00, 1), ...key(1600, 2)], expected: '12' },
    { name: 'a new SSRC with an older timestamp', events: [...key(90_000, 1), ...key(1000, 2, 100, 9)], expected: '12' },
    { name: 'same timestamp, other SSRC', events: [...key(1000, 1), ...key(1000, 1, 100, 9)], expected: '11' },
    { name: 'a sender that began anew far back', events: [...key(900_000, 1), ...key(1000, 2)], expected: '12' },
  ];
  for (const { name, events, expected } of rows) {
    it(name, () => {
      assert.equal(digits(events), expected);
      assert.equal(pressed(events), expected, 'every key goes down once');
    });
  }

  it('told at the first end packet, with its length, SSRC and beginning', () => {
    const { effects } = run(key(1000, 11, 100).slice(0, 5));
    assert.deepEqual(effects.slice(-2), [{ type: 'digit', digit: '#', durationMs: 100, ssrc: 1, timestamp: 1000 }, { type: 'cancelTimer' }]);
    assert.deepEqual(effects.slice(0, 2), [{ type: 'pressed', digit: '#' }, { type: 'startTimer', ms: 200 }]);
  });

  it('§2.5.1.3: a key of 20 s in segments is one digit of 20 s', () => {
    const events: DtmfEvent[] = [];
    for (let segment = 0; segment < 2; segment++) {
      for (let duration = 800; duration < 65535; duration += 800) events.push(packet(1000 + segment * 65535, 7, duration));
      events.push(packet(1000 + segment * 65535, 7, 65535));
    }
    const last = 1000 + 2 * 65535;
    const rest = 160_000 - 2 * 65535;
    events.push(packet(last, 7, 800), ...Array.from({ length: 3 }, () => packet(last, 7, rest, true)));
    for (const lossy of [events, events.filter((_, i) => i % 82 !== 81)]) {
      const told = run(lossy).effects.filter(({ type }) => type === 'digit');
      assert.deepEqual(told, [{ type: 'digit', digit: '7', durationMs: 20_000, ssrc: 1, timestamp: 1000 }]);
      assert.equal(pressed(lossy), '7');
    }
  });

  it('property: 5 % loss, duplicates and neighbours swapped give exactly the keys', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.integer({ min: 0, max: 99 })), (keyed, dice) => {
        const roll = (): number => {
          const next = dice.next();
          return next.done === true ? 99 : next.value;
        };
        const sent = keyed.map((event, i) => key(i * 1600, event).filter(() => roll() >= 5));
        // A key of which nothing at all arrived cannot be known.
        const expected = keyed.filter((_, i) => sent[i]!.length > 0).map((event) => '0123456789*#ABCD'[event]).join('');
        const events = sent.flat().flatMap((event) => (roll() < 5 ? [event, event] : [event]));
        for (let i = 1; i < events.length; i++) {
          const [before, after] = [events[i - 1]!, events[i]!];
          const sameKey = before.type === 'packet' && after.type === 'packet' && before.timestamp === after.timestamp;
          if (sameKey && roll() < 10) [events[i - 1], events[i]] = [after, before];
        }
        assert.equal(digits([...events, timeout]), expected);
        assert.equal(pressed(events), expected);
      }),
      { seed: 1 },
    );
  });

  it('§2.3 payload: read, or undefined when cut at any octet', () => {
    assert.deepEqual(readTelephoneEvent(Uint8Array.of(11, 0x8a, 0x03, 0x20)), { event: 11, end: true, duration: 800 });
    assert.deepEqual(readTelephoneEvent(Uint8Array.of(5, 0x0a, 0xff, 0xff, 1, 2)), { event: 5, end: false, duration: 65535 });
    for (let length = 0; length < 4; length++) assert.equal(readTelephoneEvent(new Uint8Array(length)), undefined);
  });
});

describe('DTMF in SIP INFO', () => {
  const relay = 'application/dtmf-relay';
  const good: [name: string, type: string, body: string, expected: object][] = [
    ['the usual form', relay, 'Signal=5\r\nDuration=160', { digit: '5', durationMs: 160 }],
    ['blanks and a last line ending', relay, 'Signal= 5 \r\nDuration= 160\r\n', { digit: '5', durationMs: 160 }],
    ['bare line feeds, other case, other order', relay, 'duration=80\nSIGNAL=#\n', { digit: '#', durationMs: 80 }],
    ['star by itself', relay, 'Signal=*', { digit: '*' }],
    ['star by event code', relay, 'Signal=10\r\nDuration=250', { digit: '*', durationMs: 250 }],
    ['hash by event code', relay, 'Signal=11', { digit: '#' }],
    ['D by event code', relay, 'Signal=15', { digit: 'D' }],
    ['a letter in lower case', relay, 'Signal=b', { digit: 'B' }],
    ['a duration that is no number is left out', relay, 'Signal=1\r\nDuration=long', { digit: '1' }],
    ['a duration of more than a minute is left out', relay, 'Signal=1\r\nDuration=99999', { digit: '1' }],
    ['type with parameters, in capitals', 'Application/DTMF-Relay; charset=utf-8', 'Signal=1', { digit: '1' }],
    ['a bare digit', 'application/dtmf', '7', { digit: '7' }],
    ['a bare digit with line ending', 'application/dtmf', ' #\r\n', { digit: '#' }],
    ['a bare event code', 'application/dtmf', '11', { digit: '#' }],
    ['relay lines under the bare type', 'application/dtmf', 'Signal=4\r\nDuration=100', { digit: '4', durationMs: 100 }],
  ];
  for (const [name, type, body, expected] of good) it(name, () => assert.deepEqual(parseDtmfInfo(type, body), { ok: true, value: expected }));

  const bad: [name: string, type: string, body: string, code: string][] = [
    ['other content', 'application/sdp', 'Signal=5', 'unsupported_type'],
    ['no type', '', '5', 'unsupported_type'],
    ['nothing', relay, '', 'malformed'],
    ['no signal', relay, 'Duration=160', 'malformed'],
    ['flash', relay, 'Signal=16', 'malformed'],
    ['two digits', relay, 'Signal=55', 'malformed'],
    ['no key', 'application/dtmf', 'x', 'malformed'],
    ['a body of 300 characters', relay, `Signal=5\r\n${'x'.repeat(300)}`, 'malformed'],
  ];
  for (const [name, type, body, code] of bad) it(`${name} is ${code}`, () => assert.deepEqual(parseDtmfInfo(type, body), { ok: false, error: code }));

  it('property: total', () => {
    fc.assert(fc.property(fc.constantFrom(relay, 'application/dtmf'), fc.string(), (type, body) => {
      const parsed = parseDtmfInfo(type, body);
      assert.ok(!parsed.ok || /^[0-9*#A-D]$/.test(parsed.value.digit));
    }), { seed: 1 });
  });
});
