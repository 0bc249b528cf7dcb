import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { chooseCrypto } from '../../../../src/protocol/sdp/crypto.ts';
import { describeSdp, usableAudioLine, writeAudioSdp } from '../../../../src/protocol/sdp/description.ts';
import { SRTP_AND_RTP, SRTP_ONLY, UNUSABLE_SRTP_AND_RTP } from './offers.ts';

const offer = [
  'v=0',
  'o=- 1 1 IN IP4 192.0.2.9',
  's=-',
  'c=IN IP4 192.0.2.9',
  't=0 0',
  'm=video 5000 RTP/AVP 97',
  'a=rtpmap:97 H264/90000',
  'm=audio 4000 RTP/AVP 0 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendonly',
  '',
].join('\r\n');

describe('neutral description of SDP', () => {
  it('keeps the lines in their order', () => {
    const described = describeSdp(offer);
    assert.ok(described.ok);
    assert.deepEqual(described.value.lines.map(({ kind, port, direction }) => [kind, port, direction]), [
      ['video', 5000, 'sendrecv'],
      ['audio', 4000, 'sendonly'],
    ]);
    assert.deepEqual(usableAudioLine(described.value)?.codecs, [
      { name: 'PCMU', payloadType: 0, clockRate: 8000 },
      { name: 'TELEPHONE-EVENT', payloadType: 101, clockRate: 8000, fmtp: '0-15' },
    ]);
  });

  it('writes the audio line alone, telephone-event in lower case (RFC 4733)', () => {
    const described = describeSdp(offer);
    assert.ok(described.ok);
    const written = writeAudioSdp(described.value, { sessionId: 7, version: 2 });
    assert.ok(written.ok);
    assert.deepEqual(written.value.split('\r\n'), [
      'v=0',
      'o=- 7 2 IN IP4 192.0.2.9',
      's=-',
      'c=IN IP4 192.0.2.9',
      't=0 0',
      'm=audio 4000 RTP/AVP 0 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendonly',
      '',
    ]);
  });

  it('what is written is described as it was', () => {
    const described = describeSdp(offer);
    assert.ok(described.ok);
    const written = writeAudioSdp(described.value, { sessionId: 7, version: 2 });
    assert.ok(written.ok);
    assert.deepEqual(describeSdp(written.value), { ok: true, value: { lines: [described.value.lines[1]] } });
  });

  it('opus keeps its two channels (RFC 7587 §7)', () => {
    const described = describeSdp(offer.replace('AVP 0 101', 'AVP 111 101').replace('a=ptime', 'a=rtpmap:111 opus/48000/2\r\na=ptime'));
    assert.ok(described.ok);
    const written = writeAudioSdp(described.value, { sessionId: 1, version: 1 });
    assert.ok(written.ok);
    assert.match(written.value, /^a=rtpmap:111 opus\/48000\/2\r$/m);
  });

  it('an encrypted line keeps its keys, RTCP port and packet times, and is taken before one in the clear', () => {
    const described = describeSdp(`${SRTP_ONLY}a=crypto:2 AEAD_AES_128_GCM inline:${'A'.repeat(37)}Q==\r\na=rtcp:4009\r\na=rtcp-mux\r\na=maxptime:40\r\na=fmtp:0 x\r\nm=audio 4002 RTP/AVP 0\r\n`);
    assert.ok(described.ok);
    const written = writeAudioSdp(described.value, { sessionId: 1, version: 1 });
    assert.ok(written.ok);
    assert.match(written.value, /^m=audio 4000 RTP\/SAVP 0\r$/m);
    assert.deepEqual(describeSdp(written.value), { ok: true, value: { lines: [described.value.lines[0]] } });
    assert.equal(chooseCrypto(described.value.lines[0]?.crypto ?? [])?.tag, 1);
    assert.equal(described.value.lines[0]?.crypto?.length, 2);
  });

  it('a profile may be written in any case', () => {
    const described = describeSdp(SRTP_ONLY.replace('RTP/SAVP', 'rtp/savp'));
    assert.ok(described.ok);
    assert.equal(usableAudioLine(described.value)?.protocol, 'RTP/SAVP');
  });

  it('without a suite we have, the line in the clear is taken', () => {
    const described = describeSdp(UNUSABLE_SRTP_AND_RTP);
    assert.ok(described.ok);
    assert.equal(described.value.lines[0]?.crypto, undefined);
    assert.equal(usableAudioLine(described.value)?.port, 4002);
    const both = describeSdp(SRTP_AND_RTP);
    assert.equal(both.ok && usableAudioLine(both.value)?.port, 4000);
  });

  it('no audio in the clear or with a key: nothing to write', () => {
    for (const audio of ['m=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/SAVP 0', 'm=video 4000 RTP/AVP 97']) {
      const described = describeSdp(offer.replace(/m=video[\s\S]*/, `${audio}\r\n`));
      assert.ok(described.ok);
      assert.deepEqual(writeAudioSdp(described.value, { sessionId: 1, version: 1 }), { ok: false, error: 'no_audio' });
    }
  });

  it('never throws', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof describeSdp(text).ok === 'boolean')));
});
