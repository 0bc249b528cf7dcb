import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { StreamFramer } from '../../../../src/protocol/sip/stream-framer.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const MESSAGE = 'OPTIONS sip:x SIP/2.0\r\nl : 5\r\n\r\nhé!\n';
const OTHER = 'BYE sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n';

const feed = (framer: StreamFramer, chunks: readonly Uint8Array[]): string[] =>
  chunks.flatMap((chunk) => framer.push(chunk).map((framed) => (framed.kind === 'message' ? new TextDecoder().decode(framed.bytes) : framed.kind === 'ping' ? 'ping' : framed.code)));

describe('StreamFramer', () => {
  it('any cutting of the stream gives the same messages', () => {
    const stream = bytes(`\r\n${MESSAGE}\r\n\r\n${OTHER}${MESSAGE}`);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        const framer = new StreamFramer(1000);
        assert.deepEqual(feed(framer, chunks), [MESSAGE, 'ping', OTHER, MESSAGE]);
        assert.equal(framer.partial, false);
      }),
    );
  });
  it('one byte at a time', () => assert.deepEqual(feed(new StreamFramer(1000), [...bytes(MESSAGE + OTHER)].map((byte) => new Uint8Array([byte]))), [MESSAGE, OTHER]));
  it('half a message is partial, half a keep-alive is not', () => {
    const framer = new StreamFramer(1000);
    framer.push(bytes('\r\n'));
    assert.equal(framer.partial, false);
    framer.push(bytes('OPT'));
    assert.equal(framer.partial, true);
  });
  it('line ends without end are partial: they have the time of a message, and are not looked through for each byte', () => {
    const framer = new StreamFramer(1000);
    framer.push(bytes('\r\r\r'));
    assert.equal(framer.partial, false);
    framer.push(bytes('\r'));
    assert.equal(framer.partial, true);
  });
  it('a length beyond the limit is refused with the head, before the body', () => {
    const framed = new StreamFramer(100).push(bytes('OPTIONS sip:x SIP/2.0\r\nContent-Length: 101\r\n\r\n'));
    assert.deepEqual(framed.map((item) => (item.kind === 'broken' ? [item.code, item.head !== undefined] : [])), [['too_large', true]]);
  });
  it('a head beyond the limit is refused', () => assert.deepEqual(feed(new StreamFramer(100), [bytes('x'.repeat(101))]), ['too_large']));
  for (const line of ['Content-Length: x', 'Content-Length: -1', 'Content-Length: 1\r\nl: 2', 'Content-Length: 99999999999']) {
    it(`${JSON.stringify(line)} is refused, and nothing comes after it`, () => {
      const framer = new StreamFramer(1000);
      assert.deepEqual(feed(framer, [bytes(`OPTIONS sip:x SIP/2.0\r\n${line}\r\n\r\n`), bytes(OTHER)]), ['bad_content_length']);
    });
  }
  it('any bytes: never a throw', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (data) => void new StreamFramer(100).push(data))));
});
