import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAudio, writeAudioAnswer, writeAudioOffer, type AudioChoice, type AudioCodec } from '../../../../src/protocol/sdp/audio.ts';
import { parseSdp, type MediaLine } from '../../../../src/protocol/sdp/session.ts';
import { ROOM_SYSTEM, TELEPHONE } from './offers.ts';

const all: readonly AudioCodec[] = ['OPUS', 'G722', 'PCMU', 'PCMA', 'L16'];
const g711: readonly AudioCodec[] = ['PCMU', 'PCMA'];

function firstLine(text: string): MediaLine {
  const session = parseSdp(text);
  assert.ok(session.ok);
  const [line] = session.value.media;
  assert.ok(line);
  return line;
}

/** The choice for a line of `formats`, each an rtpmap where it is dynamic. */
function chosen(formats: string, codecs = all, more = ''): AudioChoice | undefined {
  const maps = [...formats.matchAll(/(\d+)=(\S+)/g)].map(([, type = '', map = '']) => `a=rtpmap:${type} ${map}\r\n`);
  return chooseAudio(firstLine(`v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP ${formats.replaceAll(/=\S+/g, '')}\r\n${maps.join('')}${more}`), codecs);
}

describe('choosing a codec, RFC 3264 §6', () => {
  it('the first codec both have, in the order of the offer', () => {
    assert.deepEqual(chosen('9 8 0 101=telephone-event/8000', g711), { codec: 'PCMA', payloadType: 8, clockRate: 8_000, ptime: 20, telephoneEvent: 101 });
    assert.equal(chosen('9 8 0')?.codec, 'G722');
    assert.equal(chosen('0 9 8', ['G722', 'PCMU'])?.codec, 'PCMU');
  });
  it('PCMU on a dynamic payload type', () => assert.equal(chosen('97=pcmu/8000')?.payloadType, 97));
  it('PCMU at 16 kHz, and with two channels, is another codec', () => {
    assert.equal(chosen('97=PCMU/16000'), undefined);
    assert.equal(chosen('97=PCMU/8000/2'), undefined);
  });
  it('RFC 3551 §4.5.2: G.722 has a clock of 8000; G722/16000 is what no one should write', () => {
    assert.equal(chosen('9')?.clockRate, 8_000);
    assert.equal(chosen('97=G722/16000'), undefined);
  });
  it('RFC 7587 §7: opus/48000/2', () => {
    assert.deepEqual(chosen('111=opus/48000/2'), { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: false } });
    assert.equal(chosen('111=opus/16000/2'), undefined);
  });
  it('RFC 7587 §6.1: what the far end wants of Opus; nonsense says nothing', () => {
    const opus = (fmtp: string): AudioChoice['opus'] => chosen('111=opus/48000/2', all, `a=fmtp:111 ${fmtp}\r\n`)?.opus;
    assert.deepEqual(opus('minptime=10;useinbandfec=1'), { inbandFec: true });
    assert.deepEqual(opus('maxaveragebitrate=24000; usedtx=1; useinbandfec=0'), { inbandFec: false, maxAverageBitrate: 24_000, dtx: true });
    assert.deepEqual(opus('maxaveragebitrate=5; useinbandfec'), { inbandFec: false });
    assert.deepEqual(opus(';;=;maxaveragebitrate=1e999'), { inbandFec: false });
  });
  it('L16 of one channel, at the rates we mix', () => {
    assert.deepEqual([8_000, 16_000, 32_000, 44_100, 48_000].map((rate) => chosen(`97=L16/${rate}`)?.clockRate), [8_000, 16_000, 32_000, undefined, 48_000]);
    assert.equal(chosen('97=L16/16000/2'), undefined);
  });
  it('no common codec', () => assert.equal(chosen('18 97=MP4A-LATM/90000'), undefined));
});

describe('key presses and comfort noise', () => {
  it('RFC 4733 §2.4.1: telephone-event at the clock rate of the codec', () => {
    assert.deepEqual(chooseAudio(firstLine(ROOM_SYSTEM), g711), { codec: 'PCMA', payloadType: 8, clockRate: 8_000, ptime: 20, telephoneEvent: 101 });
    const both = '101=telephone-event/8000 102=telephone-event/48000';
    assert.equal(chosen(`111=opus/48000/2 ${both}`)?.telephoneEvent, 102);
    assert.equal(chosen(`0 ${both}`)?.telephoneEvent, 101);
    assert.equal(chosen('0 101=telephone-event/48000')?.telephoneEvent, undefined);
  });
  it('a phone that knows of telephone-event/8000 only can press keys beside Opus', () => {
    const choice = chosen('96=opus/48000/2 101=telephone-event/8000');
    assert.deepEqual([choice?.telephoneEvent, choice?.telephoneEventRate], [101, 8_000]);
  });
  it('RFC 3389 §4: comfort noise of the same clock rate', () => {
    assert.equal(chosen('0 13')?.comfortNoise, 13);
    assert.equal(chosen('0 97=CN/16000')?.comfortNoise, undefined);
  });
});

describe('packet times, RFC 4566 §6', () => {
  const rows: readonly (readonly [asked: string, formats: string, ptime: number])[] = [
    ['', '0', 20],
    ['a=ptime:10', '0', 10],
    ['a=ptime:30', '0', 30],
    ['a=ptime:40', '0', 40],
    ['a=ptime:60', '0', 60],
    ['a=ptime:25', '0', 20],
    ['a=ptime:120', '0', 60],
    ['a=ptime:5', '0', 10],
    ['a=ptime:bogus', '0', 20],
    ['a=maxptime:10', '0', 10],
    ['a=ptime:60\r\na=maxptime:40', '0', 40],
    ['a=maxptime:150', '0', 20],
    ['a=ptime:30', '111=opus/48000/2', 30],
    ['a=ptime:60', '111=opus/48000/2', 60],
    ['a=ptime:20', '97=L16/48000', 10],
    ['a=ptime:60', '97=L16/16000', 40],
  ];
  for (const [asked, formats, ptime] of rows) it(`${formats} ${asked.replaceAll('\r\n', ' ')}: ${ptime} ms`, () => assert.equal(chosen(formats, all, `${asked}\r\n`)?.ptime, ptime));
});

describe('writing', () => {
  const local = { sessionId: 1795269686, version: 1795269687, address: '127.0.0.1', port: 38510, protocol: 'RTP/AVP', direction: 'sendrecv' } as const;

  it('E02: the answer as FreeSWITCH writes it', () => {
    assert.equal(
      writeAudioAnswer(local, { codec: 'PCMU', payloadType: 0, clockRate: 8_000, ptime: 20, telephoneEvent: 101 }),
      'v=0\r\no=FreeSWITCH 1795269686 1795269687 IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 38510 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n',
    );
  });

  it('RFC 4568 §5.1.2, RFC 5761 §5.1.1: one key under the tag of the offer, and rtcp-mux', () => {
    const crypto = { tag: 7, suite: 'AEAD_AES_128_GCM', keyAndSalt: new Uint8Array(28) } as const;
    const text = writeAudioAnswer({ ...local, protocol: 'RTP/SAVP', crypto, rtcpMux: true }, { codec: 'PCMU', payloadType: 0, clockRate: 8_000, ptime: 20 });
    assert.match(text, /^m=audio 38510 RTP\/SAVP 0\r$/m);
    assert.match(text, /^a=crypto:7 AEAD_AES_128_GCM inline:A{38}==\r$/m);
    assert.match(text, /^a=rtcp-mux\r$/m);
  });

  it('F-1: our own offer is one plain audio line with all codecs, and telephone-event at their clock rates', () => {
    const line = firstLine(writeAudioOffer({ ...local, address: '2001:db8::1' }, all));
    assert.deepEqual([line.kind, line.protocol, line.formatList, line.address], ['audio', 'RTP/AVP', '96 9 0 8 97 101 102 103', '2001:db8::1']);
    assert.deepEqual(
      line.formats.map(({ codec, clockRate, channels, fmtp }) => [codec, clockRate, channels, fmtp]),
      [
        ['OPUS', 48_000, 2, 'useinbandfec=1'],
        ['G722', 8_000, undefined, undefined],
        ['PCMU', 8_000, undefined, undefined],
        ['PCMA', 8_000, undefined, undefined],
        ['L16', 16_000, undefined, undefined],
        ['TELEPHONE-EVENT', 8_000, undefined, '0-15'],
        ['TELEPHONE-EVENT', 16_000, undefined, '0-15'],
        ['TELEPHONE-EVENT', 48_000, undefined, '0-15'],
      ],
    );
    assert.equal(firstLine(writeAudioOffer(local, g711)).formatList, '0 8 101');
  });

  it('what we write we can read', () => {
    const offers = [TELEPHONE, ...all.map((codec) => writeAudioOffer(local, [codec]))];
    for (const offer of offers) {
      const choice = chooseAudio(firstLine(offer.replace('0-15\r\n', '0-15\r\na=rtpmap:13 CN/8000\r\n')), all);
      assert.ok(choice);
      const again = chooseAudio(firstLine(writeAudioAnswer(local, choice)), all);
      // What the far end wants of Opus is not what we want.
      assert.deepEqual({ ...again, opus: undefined }, { ...choice, opus: undefined });
    }
  });
});
