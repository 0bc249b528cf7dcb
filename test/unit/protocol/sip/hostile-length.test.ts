/**
 * Long texts made to go wrong late take no longer than their length: at 200,000 characters one quadratic pattern runs for
 * minutes. The deadline is that of a hang, not a measure.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { parseMessage } from '../../../../src/protocol/sip/parse.ts';
import { withOwnAddress } from '../../../../src/softswitch/sip-stack/addressing.ts';

const N = 200_000;
const LIMITS = { headerCount: N, headerLineBytes: 4 * N };
const HEAD = 'OPTIONS sip:a@b SIP/2.0\r\n';
const REST = 'Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\n';

const inTime = (work: () => void): unknown => runInNewContext('work()', { work }, { timeout: 10_000 });

const cases: readonly (readonly [string, string])[] = [
  ['white space in the request line', `A x${' '.repeat(N)}y\r\n${REST}`],
  ['words in the request line', `A${' x'.repeat(N)}\r\n${REST}`],
  ['white space after a sent-by', `${HEAD}Via: SIP/2.0/UDP a${' '.repeat(N)}x\r\n\r\n`],
  ['ports after a sent-by', `${HEAD}Via: SIP/2.0/UDP a${':1'.repeat(N)} x\r\n\r\n`],
  ['digits of a port', `${HEAD}Via: SIP/2.0/UDP a:${'1'.repeat(N)} x\r\n\r\n`],
  ['empty parameters', `${HEAD}Via: SIP/2.0/UDP a${'; '.repeat(N)}\r\n\r\n`],
  ['parameters', `${HEAD}${REST.replace('branch', `${'p;'.repeat(N)}branch`)}`],
  ['lines folded to nothing', `${HEAD}X: ${'a'.repeat(N)}${'\r\n '.repeat(N)}\r\n${REST}`],
  ['folded lines', `${HEAD}X: a${'\r\n b'.repeat(N)}\r\n${REST}`],
  ['a header name', `${HEAD}${'a-'.repeat(N)}: x\r\n${REST}`],
  ['white space in a header name', `${HEAD}a${' '.repeat(N)}b: x\r\n${REST}`],
  ['brackets', `${HEAD}From: ${'<'.repeat(N)}\r\n\r\n`],
  ['quotes', `${HEAD}From: ${'"\\'.repeat(N)}\r\n\r\n`],
  ['line ends', `${HEAD}${'\r'.repeat(N)}`],
  ['a CSeq', `${HEAD}${REST.replace('1 OPTIONS', `1${' '.repeat(N)};`)}`],
];

describe('long texts take no longer than their length', () => {
  for (const [name, text] of cases) {
    it(`parseMessage: ${name}`, () => {
      const bytes = new TextEncoder().encode(text);
      inTime(() => void parseMessage(bytes, LIMITS));
    });
  }
  it('withOwnAddress: a URI of URIs, without localhost at its end', () => {
    const flow = { transport: 'udp', listener: 0, local: { host: '192.0.2.1', port: 5060 }, remote: { host: '192.0.2.2', port: 5060 } } as const;
    const value = `<${'sip:'.repeat(N)}>`;
    inTime(() => assert.equal(withOwnAddress([{ name: 'From', value }], flow)[0]?.value, value));
  });
});
