/** What clients write after the names of commands and applications. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { readReadArgument } from '../../../../src/softswitch/media-server/collect.ts';
import { readDialString } from '../../../../src/softswitch/media-server/dial-string.ts';
import { readDigits } from '../../../../src/softswitch/media-server/digits.ts';
import { readEventArgument } from '../../../../src/softswitch/media-server/event-argument.ts';

describe('keys', () => {
  const table: readonly (readonly [text: string, keys: ReturnType<typeof readDigits>])[] = [
    ['12#', { digits: '12#', ms: 250 }],
    ['5@100', { digits: '5', ms: 100 }],
    ['1w2W3', { digits: '123', ms: 250 }],
    ['a', { digits: 'A', ms: 250 }],
    ['1@99999', { digits: '1', ms: 8_000 }],
    ['1@0', { digits: '1', ms: 1 }],
    ['w', undefined],
    ['', undefined],
    ['1x', undefined],
    ['1'.repeat(129), undefined],
  ];
  for (const [text, keys] of table) it(text.slice(0, 20), () => assert.deepEqual(readDigits(text), keys));
});

describe('dial strings', () => {
  const table: readonly (readonly [text: string, destination: string | undefined, variables?: Readonly<Record<string, string>>])[] = [
    ['sofia/drachtio_mrf/sip:bob@host', 'sofia/drachtio_mrf/sip:bob@host'],
    ["{a=1,b='x y'}sip:bob@host", 'sip:bob@host', { a: '1', b: 'x y' }],
    ['{}sip:bob@host', 'sip:bob@host'],
    ['{a=1', undefined],
    ['{a=1}', undefined],
    ['', undefined],
    ['a b', undefined],
  ];
  for (const [text, destination, variables = {}] of table) {
    it(text, () => assert.deepEqual(readDialString(text), destination === undefined ? undefined : { destination, variables: new Map(Object.entries(variables)) }));
  }
});

describe('the argument of `event`', () => {
  const table: readonly (readonly [text: string, name: string, subclass: string | undefined, headers: readonly (readonly [string, string])[]])[] = [
    ['Event-Name=CUSTOM,Event-Subclass=x::y,A=b=c', 'CUSTOM', 'x::y', [['A', 'b=c']]],
    ['Event-Subclass=x::y', 'CUSTOM', 'x::y', []],
    ['A=b', 'CHANNEL_APPLICATION', undefined, [['A', 'b']]],
    ['Event-Name=all', 'CHANNEL_APPLICATION', undefined, []],
    ['Event-Name=message,A', 'MESSAGE', undefined, [['A', '']]],
    ['', 'CHANNEL_APPLICATION', undefined, []],
  ];
  for (const [text, name, subclass, headers] of table) it(text, () => assert.deepEqual(readEventArgument(text), { name, subclass, headers }));
});

describe('the argument of `read`', () => {
  it('min, max, file, variable, timeout, terminators', () => {
    const options = readReadArgument('1 4 /a.wav answer 5000 #');
    assert.deepEqual(
      [options?.min, options?.max, options?.tries, options?.prompt, options?.variable, options?.timeout, options?.digitTimeout, options?.terminators],
      [1, 4, 1, '/a.wav', 'answer', 5_000, 5_000, '#'],
    );
  });
  it('without a variable it makes no sense', () => assert.equal(readReadArgument('1 4 /a.wav'), undefined));
});

it('no argument makes a reader throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const read of [readDigits, readDialString, readEventArgument, readReadArgument]) read(text);
    }),
    { seed: 20_261_122 },
  );
});
