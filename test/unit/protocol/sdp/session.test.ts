import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseAudio, writeAudioAnswer, writeAudioOffer } from '../../../../src/protocol/sdp/audio.ts';
import { narrowed, mirrored, parseSdp, type Direction } from '../../../../src/protocol/sdp/session.ts';
import { ROOM_SYSTEM, TELEPHONE } from './offers.ts';

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

describe('audio, RFC 3264 §6', () => {
  const audio = (text: string): ReturnType<typeof chooseAudio> => {
    const [line] = parsed(`v=0\r\nc=IN IP4 192.0.2.1\r\n${text}`).media;
    assert.ok(line);
    return chooseAudio(line);
  };

  it('the first codec both have, in the order of the offer', () => {
    assert.deepEqual(audio('m=audio 1 RTP/AVP 9 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n'), { codec: 'PCMA', payloadType: 8, ptime: 20, telephoneEvent: 101 });
  });
  it('RFC 4733 §2.4.1: telephone-event at 48000 is not ours', () => {
    const [line] = parsed(ROOM_SYSTEM).media;
    assert.ok(line);
    assert.deepEqual(chooseAudio(line), { codec: 'PCMA', payloadType: 8, ptime: 20, telephoneEvent: 101 });
    assert.equal(audio('m=audio 1 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/48000\r\n')?.telephoneEvent, undefined);
  });
  it('PCMU on a dynamic payload type', () => assert.equal(audio('m=audio 1 RTP/AVP 97\r\na=rtpmap:97 pcmu/8000\r\n')?.payloadType, 97));
  it('PCMU at 16 kHz is another codec', () => assert.equal(audio('m=audio 1 RTP/AVP 97\r\na=rtpmap:97 PCMU/16000\r\n'), undefined));
  it('ptime is followed when it is whole frames, else 20', () => {
    assert.equal(audio('m=audio 1 RTP/AVP 0\r\na=ptime:40\r\n')?.ptime, 40);
    assert.equal(audio('m=audio 1 RTP/AVP 0\r\na=ptime:30\r\n')?.ptime, 20);
    assert.equal(audio('m=audio 1 RTP/AVP 0\r\na=ptime:bogus\r\n')?.ptime, 20);
  });
  it('no common codec', () => assert.equal(audio('m=audio 1 RTP/AVP 18\r\n'), undefined));

  const local = { sessionId: 1795269686, version: 1795269687, address: '127.0.0.1', port: 38510, protocol: 'RTP/AVP', direction: 'sendrecv' } as const;
  it('E02: the answer as FreeSWITCH writes it', () => {
    assert.equal(
      writeAudioAnswer(local, { codec: 'PCMU', payloadType: 0, ptime: 20, telephoneEvent: 101 }),
      'v=0\r\no=FreeSWITCH 1795269686 1795269687 IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 38510 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n',
    );
  });
  it('F-1: our own offer is one plain audio line', () => {
    const { media } = parsed(writeAudioOffer({ ...local, address: '2001:db8::1' }));
    assert.deepEqual(media.map(({ kind, protocol, formatList, address }) => [kind, protocol, formatList, address]), [['audio', 'RTP/AVP', '0 8 101', '2001:db8::1']]);
  });
  it('what we write we can read', () => {
    const [line] = parsed(TELEPHONE).media;
    assert.ok(line);
    const choice = chooseAudio(line);
    assert.ok(choice);
    const [again] = parsed(writeAudioAnswer(local, choice)).media;
    assert.deepEqual(again === undefined ? undefined : chooseAudio(again), choice);
  });
});
