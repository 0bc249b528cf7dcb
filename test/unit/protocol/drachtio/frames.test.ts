import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { parseClientMessage } from '../../../../src/protocol/drachtio/client-message.ts';
import { encodeFrame, FrameDecoder } from '../../../../src/protocol/drachtio/frame-codec.ts';
import { formatTime, okMessage, pushMessage, refusedMessage, requestEcho, responseEcho } from '../../../../src/protocol/drachtio/server-message.ts';

const decode = (chunks: readonly Uint8Array[], max = 1000): string[] => {
  const decoder = new FrameDecoder(max);
  return chunks.flatMap((chunk) => decoder.push(chunk).map((frame) => (frame.ok ? frame.value : `!${frame.error}`)));
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('drachtio frames (A.1)', () => {
  it('counts bytes', () => assert.deepEqual(encodeFrame('é\u{1F600}'), bytes('6#é\u{1F600}')));
  it('what is encoded is decoded, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 5 }), fc.array(fc.nat(300), { maxLength: 8 }), (payloads, cuts) => {
        const stream = new Uint8Array(payloads.flatMap((payload) => [...encodeFrame(payload)]));
        const at = [0, ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
        assert.deepEqual(decode(at.slice(1).map((end, index) => stream.subarray(at[index], end))), payloads);
      }),
    );
  });
  it('an incomplete frame waits', () => assert.deepEqual(decode([bytes('5#hell')]), []));
  for (const [text, error] of [['x', 'not_a_frame'], ['#', 'not_a_frame'], ['12 #', 'not_a_frame'], ['99999', 'not_a_frame'], ['1001#', 'frame_too_large']] as const) {
    it(`${text}: ${error}, after the frames before it, and nothing after it`, () => assert.deepEqual(decode([bytes(`2#ok${text}`), bytes('2#no')]), ['ok', `!${error}`]));
  }
  it('any bytes: never a throw', () => fc.assert(fc.property(fc.uint8Array(), (data) => void decode([data]))));
});

describe('client messages (A.3)', () => {
  it('each type', () => {
    assert.deepEqual(parseClientMessage('id|authenticate|secret|a,b'), { type: 'authenticate', id: 'id', secret: 'secret' });
    assert.deepEqual(parseClientMessage('id|route|INVITE'), { type: 'route', id: 'id', verb: 'invite' });
    assert.deepEqual(parseClientMessage('id|ping'), { type: 'ping', id: 'id' });
    assert.deepEqual(parseClientMessage('id|sip|t|d|sip:hop\r\nBYE sip:a SIP/2.0\r\n\r\na|b'), { type: 'sip', id: 'id', transactionId: 't', dialogId: 'd', routeUrl: 'sip:hop', text: 'BYE sip:a SIP/2.0\r\n\r\na|b' });
    assert.deepEqual(parseClientMessage('id|bogus|x'), { type: 'unknown', id: 'id' });
  });
  it('any text: a message, never a throw', () => fc.assert(fc.property(fc.string(), (text) => assert.ok(parseClientMessage(text).type.length > 0))));
});

describe('server messages (A.4, A.5): fields by position', () => {
  const meta = { bytes: 482, protocol: 'udp', address: '10.0.0.9', port: 5060, time: ((17 * 60 + 20) * 1000) + 993 };
  it('time', () => assert.equal(formatTime(meta.time), '00:17:20.993000'));
  it('answers', () => {
    assert.equal(okMessage('m', 'r', 'x'), 'm|response|r|OK|x');
    assert.equal(refusedMessage('m', 'r', 'NOK', 'why'), 'm|response|r|NOK|why');
  });
  const base = 'm|sip|network|482|udp|10.0.0.9|5060|00:17:20.993000|t';
  it('a new request', () => assert.equal(pushMessage('m', { source: 'network', meta, transactionId: 't', dialogId: '', receivedOn: { address: '10.0.0.1', port: 5060 }, sip: 'S' }), `${base}||10.0.0.1|5060|\r\nS`));
  it('a message in a dialog', () => assert.equal(pushMessage('m', { source: 'network', meta, transactionId: 't', dialogId: 'd', sip: 'S' }), `${base}|d|\r\nS`));
  it('a CANCEL before any answer', () => assert.equal(pushMessage('m', { source: 'network', meta, transactionId: 't', dialogId: '', sip: 'S' }), `${base}||\r\nS`));
  it('echoes', () => {
    assert.equal(requestEcho('m', 'r', meta, 't', 'S'), 'm|response|r|OK|application|482|udp|10.0.0.9|5060|00:17:20.993000|t|Msg sent:|\r\nS');
    assert.equal(responseEcho('m', 'r', meta, 't', 'd', 'S'), 'm|response|r|OK|application|482|udp|10.0.0.9|5060|00:17:20.993000|t|d||Msg sent:|\r\nS');
  });
});
