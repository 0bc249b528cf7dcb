import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeSdp, usableAudioLine, writeAudioSdp } from '../../../../src/protocol/sdp/description.ts';

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

  it('no plain audio: nothing to write', () => {
    for (const audio of ['m=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/SAVP 0', 'm=video 4000 RTP/AVP 97']) {
      const described = describeSdp(offer.replace(/m=video[\s\S]*/, `${audio}\r\n`));
      assert.ok(described.ok);
      assert.deepEqual(writeAudioSdp(described.value, { sessionId: 1, version: 1 }), { ok: false, error: 'no_audio' });
    }
  });

  it('never throws', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof describeSdp(text).ok === 'boolean')));
});
