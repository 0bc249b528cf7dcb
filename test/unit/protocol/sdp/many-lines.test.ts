import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { writeAudioAnswer } from '../../../../src/protocol/sdp/audio.ts';
import { composeAnswer } from '../../../../src/protocol/sdp/many-lines.ts';
import { parseSdp, type Direction } from '../../../../src/protocol/sdp/session.ts';
import { isPlainRtp } from '../../../../src/protocol/sdp/usable-audio.ts';
import { ROOM_SYSTEM, SRTP_AND_RTP, TELEPHONE, UNUSABLE_SRTP_AND_RTP } from './offers.ts';

const local = { sessionId: 7, version: 8, address: '192.0.2.99', port: 30_000, protocol: 'RTP/AVP' };
const answer = (direction: Direction = 'sendrecv'): string =>
  writeAudioAnswer({ ...local, direction }, { codec: 'PCMA', payloadType: 8, clockRate: 8_000, ptime: 20, telephoneEvent: 101 });

describe('composeAnswer, RFC 3264 §6', () => {
  it('answers audio and refuses every other line of a room system', () => {
    assert.equal(
      composeAnswer(ROOM_SYSTEM, answer()),
      [
        'v=0',
        'o=FreeSWITCH 7 8 IN IP4 192.0.2.99',
        's=FreeSWITCH',
        'c=IN IP4 192.0.2.99',
        't=0 0',
        'a=group:BUNDLE 1',
        'a=group:LS 1',
        'm=audio 30000 RTP/AVP 8 101',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:20',
        'a=mid:1',
        'a=sendrecv',
        'm=video 0 RTP/AVP 97 98',
        'a=mid:2',
        'm=application 0 UDP/BFCP *',
        'm=video 0 RTP/AVP 97',
        'm=application 0 RTP/AVP 104',
        'm=image 0 udptl t38',
        '',
      ].join('\r\n'),
    );
  });

  it('gives the answered line the protocol that was offered', () => {
    assert.match(composeAnswer(UNUSABLE_SRTP_AND_RTP, answer()), /m=audio 0 RTP\/SAVP 0\r\nm=audio 30000 RTP\/AVPF 8 101\r\n/);
  });

  it('RFC 4568: who offers both, encrypted and in the clear, is answered encrypted, whichever comes first', () => {
    const secure = answer().replace('RTP/AVP', 'RTP/SAVP');
    assert.match(composeAnswer(SRTP_AND_RTP, secure), /m=audio 30000 RTP\/SAVP 8 101\r\n[\s\S]*m=audio 0 RTP\/AVPF 0\r\n/);
    const swapped = SRTP_AND_RTP.replace(/(m=audio 4000[\s\S]*)(m=audio 4002.*\r\n)/, '$2$1');
    assert.match(composeAnswer(swapped, secure), /m=audio 0 RTP\/AVPF 0\r\nm=audio 30000 RTP\/SAVP 8 101\r\n/);
  });

  it('drops a group whose accepted line is not in it', () => {
    assert.doesNotMatch(composeAnswer(ROOM_SYSTEM.replace('BUNDLE 1 2', 'BUNDLE 2'), answer()), /BUNDLE/);
  });

  const holds: readonly (readonly [offered: Direction, answered: Direction, result: Direction])[] = [
    ['sendrecv', 'sendrecv', 'sendrecv'],
    ['sendonly', 'sendrecv', 'recvonly'],
    ['recvonly', 'sendrecv', 'sendonly'],
    ['inactive', 'sendrecv', 'inactive'],
    ['sendonly', 'sendonly', 'inactive'],
    ['sendrecv', 'recvonly', 'recvonly'],
  ];
  for (const [offered, answered, result] of holds) {
    it(`RFC 3264 §8.4: ${offered} offered, ${answered} answered is ${result}`, () => {
      const composed = parseSdp(composeAnswer(`${TELEPHONE}a=${offered}\r\n`, answer(answered)));
      assert.equal(composed.ok && composed.value.media[0]?.direction, result);
    });
  }

  it('an answer that refuses audio refuses all', () => {
    const refused = answer().replace('m=audio 30000', 'm=audio 0');
    const composed = parseSdp(composeAnswer(ROOM_SYSTEM, refused));
    assert.ok(composed.ok);
    assert.ok(composed.value.media.every((line) => line.port === 0));
    assert.doesNotMatch(composeAnswer(ROOM_SYSTEM, refused), /a=group/);
  });

  const media = fc.record({
    kind: fc.constantFrom('audio', 'video', 'application', 'image', 'text'),
    port: fc.nat(65_535),
    protocol: fc.constantFrom('RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF', 'TCP/BFCP', 'udptl'),
    formats: fc.array(fc.constantFrom('0', '8', '96', '101', '*', 't38'), { minLength: 1, maxLength: 5 }),
    mid: fc.option(fc.constantFrom('a', 'b', '0')),
  });
  const offers = fc.array(media, { maxLength: 12 }).map((lines) => ({
    lines,
    sdp: [
      'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n',
      ...lines.map(({ kind, port, protocol, formats, mid }) => `m=${kind} ${port} ${protocol} ${formats.join(' ')}\r\n${mid === null ? '' : `a=mid:${mid}\r\n`}`),
    ].join(''),
  }));

  it('keeps count, kind, protocol and mid of every line of any offer, and accepts one line at most', () => {
    fc.assert(
      fc.property(offers, ({ lines, sdp }) => {
        const composed = parseSdp(composeAnswer(sdp, answer()));
        assert.ok(composed.ok);
        const got = composed.value.media;
        assert.deepEqual(
          got.map(({ kind, protocol, mid }) => [kind, protocol, mid]),
          lines.map(({ kind, protocol, mid }) => [kind, protocol, mid ?? undefined]),
        );
        const first = lines.findIndex(({ kind, port, protocol }) => kind === 'audio' && port !== 0 && isPlainRtp(protocol));
        assert.deepEqual(
          got.flatMap((line, index) => (line.port === 0 ? [] : [index])),
          first < 0 ? [] : [first],
        );
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (offer, other) => void composeAnswer(offer, other)));
    fc.assert(fc.property(fc.string(), (text) => assert.equal(composeAnswer(text, answer()), answer())));
  });
});
