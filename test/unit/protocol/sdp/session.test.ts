import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { narrowed, mirrored, parseSdp, type Direction } from '../../../../src/protocol/sdp/session.ts';
import { ROOM_SYSTEM } from './offers.ts';

function parsed(text: string): Exclude<ReturnType<typeof parseSdp>, { ok: false }>['value'] {
  const session = parseSdp(text);
  assert.ok(session.ok);
  return session.value;
}

describe('SDP reading', () => {
  it('RFC 4566 §5.14: every media line of a room system, in order', () => {
    assert.deepEqual(
      parsed(ROOM_SYSTEM).media.map(({ kind, port, protocol, mid }) => [kind, port, protocol, mid]),
      [
        ['audio', 2326, 'RTP/AVP', '1'],
        ['video', 2328, 'RTP/AVP', '2'],
        ['application', 5070, 'UDP/BFCP', undefined],
        ['video', 2330, 'RTP/AVP', undefined],
        ['application', 2332, 'RTP/AVP', undefined],
        ['image', 2334, 'udptl', undefined],
      ],
    );
  });

  it('RFC 3551 §6: static payload types need no rtpmap', () => {
    const [line] = parsed('v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=audio 1 RTP/AVP 0 8 96\r\n').media;
    assert.deepEqual(line?.formats, [
      { payloadType: 0, codec: 'PCMU', clockRate: 8000 },
      { payloadType: 8, codec: 'PCMA', clockRate: 8000 },
    ]);
  });

  it('an fmtp and codec name that are only digits stay text', () => {
    const [line] = parsed('v=0\nm=audio 1 RTP/AVP 96\na=rtpmap:96 123/8000\na=fmtp:96 15\n').media;
    assert.deepEqual(line?.formats, [{ payloadType: 96, codec: '123', clockRate: 8000, fmtp: '15' }]);
  });

  it('RFC 4566 §6: the line\'s direction and address win over the session\'s', () => {
    const text = (line: string): string => `v=0\r\nc=IN IP4 192.0.2.1\r\na=recvonly\r\nm=audio 1 RTP/AVP 0\r\n${line}`;
    const [session, own] = [parsed(text('')).media[0], parsed(text('c=IN IP4 192.0.2.2/127\r\na=inactive\r\n')).media[0]];
    assert.deepEqual([session?.direction, session?.address], ['recvonly', '192.0.2.1']);
    assert.deepEqual([own?.direction, own?.address], ['inactive', '192.0.2.2']);
  });

  it('RFC 3605, RFC 5761, RFC 4566 §6: rtcp, rtcp-mux and maxptime', () => {
    const line = (attributes: string): readonly unknown[] => {
      const [media] = parsed(`v=0\r\nm=audio 1 RTP/AVP 0\r\n${attributes}`).media;
      return [media?.rtcpPort, media?.rtcpMux, media?.maxptime];
    };
    assert.deepEqual(line(''), [undefined, false, undefined]);
    assert.deepEqual(line('a=rtcp:4711\r\na=rtcp-mux\r\na=maxptime:40\r\n'), [4711, true, 40]);
    assert.deepEqual(line('a=rtcp:4711 IN IP4 192.0.2.1\r\n'), [4711, false, undefined]);
    assert.deepEqual(line('a=rtcp:0\r\na=maxptime:x\r\n'), [undefined, false, undefined]);
    assert.deepEqual(line('a=rtcp:70000\r\na=rtcp-fb:* nack\r\n'), [undefined, false, undefined]);
  });

  const broken: readonly (readonly [name: string, text: string, code: string])[] = [
    ['empty', '', 'sdp_malformed'],
    ['another protocol', 'INVITE sip:x SIP/2.0', 'sdp_malformed'],
    ['a line without a type', 'v=0\r\nhello\r\n', 'sdp_malformed'],
    ['an m= line without a port', 'v=0\r\nm=audio RTP/AVP 0\r\n', 'sdp_malformed'],
    ['an m= line with a port that is none', 'v=0\r\nm=audio 99999 RTP/AVP 0\r\n', 'sdp_malformed'],
    ['65 media lines', `v=0\r\n${'m=video 1 RTP/AVP 96\r\n'.repeat(65)}`, 'sdp_too_large'],
    ['70 000 characters', `v=0\r\n${'a=x\r\n'.repeat(14_000)}`, 'sdp_too_large'],
    ['a line of 5 000 characters', `v=0\r\na=${'x'.repeat(5_000)}\r\n`, 'sdp_malformed'],
  ];
  for (const [name, text, code] of broken) {
    it(`refused: ${name}`, () => {
      const session = parseSdp(text);
      assert.equal(session.ok ? 'ok' : session.error.code, code);
    });
  }

  it('never throws, on any text and on any SDP-like text', () => {
    const line = fc.tuple(fc.constantFrom('v', 'o', 's', 'c', 't', 'b', 'a', 'm'), fc.string()).map(([type, value]) => `${type}=${value}`);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.array(line).map((lines) => `v=0\r\n${lines.join('\r\n')}`)), (text) => void parseSdp(text)));
  });
});

describe('directions, RFC 3264 §6.1 and §8.4', () => {
  const all: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
  it('mirrored', () => assert.deepEqual(all.map(mirrored), ['sendrecv', 'recvonly', 'sendonly', 'inactive']));
  it('narrowed', () => {
    assert.deepEqual(all.map((one) => narrowed(one, 'recvonly')), ['recvonly', 'inactive', 'recvonly', 'inactive']);
    assert.deepEqual(all.map((one) => narrowed(one, one)), all);
  });
});
