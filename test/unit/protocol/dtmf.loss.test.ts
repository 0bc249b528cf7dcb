import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { initialDtmf, readTelephoneEvent, stepDtmf } from '../../../src/protocol/dtmf/telephone-event.ts';
import type { DtmfEvent } from '../../../src/protocol/dtmf/telephone-event.ts';
import { KeyPresser, keyPresses } from '../../../src/protocol/dtmf/key-presser.ts';

const KEYS = '0123456789*#ABCD';

interface Sent {
  readonly at: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** What the sender sends for `digits`, a packet each 20 ms. */
function send(digits: string, durationMs: number, clockRate: number, start: number): Sent[] {
  const presser = new KeyPresser();
  presser.press(keyPresses(digits, durationMs));
  const sent: Sent[] = [];
  let eventStart = 0;
  for (let tick = 0; presser.isBusy; tick++) {
    const now = (start + (tick * clockRate) / 50) >>> 0;
    const event = presser.tick(clockRate);
    if (event.send === 'nothing') continue;
    if (event.startsNow) eventStart = now;
    sent.push({ at: tick * 20, timestamp: eventStart, marker: event.marker, payload: event.payload });
  }
  return sent;
}

/** Feeds a receiver with what arrives, the 200 ms timer included; answers the keys told and those told to go down. */
function receive(packets: readonly Sent[], clockRate: number): { told: { digit: string; durationMs: number }[]; pressed: string } {
  const told: { digit: string; durationMs: number }[] = [];
  let pressed = '';
  let state = initialDtmf;
  let timer = Infinity;
  const step = (event: DtmfEvent, now: number): void => {
    const next = stepDtmf(state, event);
    state = next.state;
    for (const effect of next.effects) {
      if (effect.type === 'startTimer') timer = now + effect.ms;
      else if (effect.type === 'cancelTimer') timer = Infinity;
      else if (effect.type === 'pressed') pressed += effect.digit;
      else told.push({ digit: effect.digit, durationMs: effect.durationMs });
    }
  };
  const expire = (now: number): void => {
    if (timer > now) return;
    const at = timer;
    timer = Infinity;
    step({ type: 'timeout' }, at);
  };
  for (const { at, timestamp, payload } of packets) {
    expire(at);
    step({ type: 'packet', ssrc: 1, timestamp, clockRate, ...readTelephoneEvent(payload)! }, at);
  }
  expire(Infinity);
  return { told, pressed };
}

/** Order of arrival after loss, duplication and delays of up to two packets, all with fixed dice. */
function network(packets: readonly Sent[], seed: number, options: { readonly withoutFirst?: boolean } = {}): Sent[] {
  const roll = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return packets
    .flatMap((packet) => {
      if (options.withoutFirst === true && packet.marker) return [];
      if (roll() < 0.05) return [];
      const arrived = { ...packet, at: packet.at + (roll() < 0.05 ? 20 + 30 * roll() : roll()) };
      return roll() < 0.05 ? [arrived, { ...arrived, at: arrived.at + 40 * roll() }] : [arrived];
    })
    .sort((a, b) => a.at - b.at);
}

/** Length of the longest common subsequence of long, nearly equal strings: what of `expected` was told, in order. */
function matched(expected: string, told: string): { lost: number; extra: number } {
  let lost = 0;
  let extra = 0;
  let t = 0;
  for (let e = 0; e < expected.length; e++) {
    if (told[t] === expected[e]) t++;
    else if (told.slice(t, t + 5) === expected.slice(e + 1, e + 6)) lost++;
    else {
      extra++;
      t++;
      e--;
    }
  }
  return { lost, extra: extra + told.length - t };
}

describe('RFC 4733 over a bad network: 10,000 keys', () => {
  // No key follows itself, so that a loss and a duplicate can be told apart.
  const digits = Array.from({ length: 10_000 }, (_, i) => KEYS[(i * 7 + (i >> 4)) % 16]).join('');
  const batches = Array.from({ length: 40 }, (_, i) => digits.slice(i * 250, (i + 1) * 250));
  for (const clockRate of [8000, 16_000, 48_000]) {
    for (const [name, options] of [['5 % loss, reordering, duplicates', {}], ['the same, and each key without its first packet and marker', { withoutFirst: true }]] as const) {
      it(`${name}, clock of ${clockRate} Hz: 99.9 % are told, none twice`, () => {
        let lost = 0;
        for (const [i, batch] of batches.entries()) {
          const arriving = network(send(batch, 100, clockRate, 0xffff_0000), i + 1, options);
          const { told, pressed } = receive(arriving, clockRate);
          const found = matched(batch, told.map(({ digit }) => digit).join(''));
          assert.equal(found.extra, 0);
          assert.equal(matched(batch, pressed).extra, 0);
          lost += found.lost;
        }
        assert.ok(lost <= 10, `${lost}`);
      });
    }
  }
});

describe('sender of RFC 4733', () => {
  it('§2.5.1.4: updates each 20 ms, the end three times; §2.6: the marker on the first; then a pause', () => {
    const sent = send('5#', 60, 8000, 1000);
    const seen = sent.map(({ at, timestamp, marker, payload }) => `${at} ${timestamp} ${marker ? 'M' : '-'} ${payload[0]} ${payload[1]! & 0x80 ? 'E' : '-'} ${(payload[2]! << 8) | payload[3]!}`);
    assert.deepEqual(seen, [
      '0 1000 M 5 - 160', '20 1000 - 5 - 320', '40 1000 - 5 E 480', '60 1000 - 5 E 480', '80 1000 - 5 E 480',
      '120 1960 M 11 - 160', '140 1960 - 11 - 320', '160 1960 - 11 E 480', '180 1960 - 11 E 480', '200 1960 - 11 E 480',
    ]);
  });

  for (const clockRate of [8000, 48_000]) {
    it(`§2.5.1.3: a key of 20 s at ${clockRate} Hz goes in segments and is one key to the receiver`, () => {
      const sent = send('7', 20_000, clockRate, 5000);
      assert.equal(sent.filter(({ marker }) => marker).length, 1);
      const { told, pressed } = receive(sent, clockRate);
      assert.deepEqual(told, [{ digit: '7', durationMs: 20_000 }]);
      assert.equal(pressed, '7');
    });
  }

  it('what is no key is left out; lengths are bounded to 40 ms and a minute', () => {
    assert.deepEqual(keyPresses('1x,2', 5), [{ digit: '1', durationMs: 40 }, { digit: '2', durationMs: 40 }]);
    assert.deepEqual(keyPresses('1', Infinity), [{ digit: '1', durationMs: 40 }]);
    assert.deepEqual(keyPresses('1', 1e9), [{ digit: '1', durationMs: 60_000 }]);
  });
});
