/** Codecs, SRTP and RTCP in offers, as the unchanged drachtio-fsmrf passes them and the media server answers them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chooseCrypto } from '../../src/protocol/sdp/crypto.ts';
import { differs, nothingLeft, openLab, ours, type Lab } from './freeswitch-lab.ts';

const key = Buffer.alloc(30, 7).toString('base64');
const gcm = Buffer.alloc(28, 7).toString('base64');
/** Lower case: of capitals the library takes every SAVP for DTLS, and refuses it. */
const offer = (protocol: string, formats: string, ...attributes: readonly string[]): string =>
  ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio 9 ${protocol} ${formats}`, ...attributes.map((attribute) => `a=${attribute}`), ''].join('\r\n');
const crypto = (sdp: string): readonly string[] => [...sdp.matchAll(/^a=crypto:(.*?)\r$/gm)].map(([, value = '']) => value);
const mLine = (sdp: string): string | undefined => /^m=audio \d+ (.*?)\r$/m.exec(sdp)?.[1];

describe('media server: codecs, SRTP and RTCP of an offer', { timeout: 60_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab.close());

  const answered = async (sdp: string, test: (answer: string, variables: Readonly<Record<string, string | number>>, modify: (sdp: string) => Promise<string>) => Promise<void> | void): Promise<void> => {
    const endpoint = await lab.endpoint(undefined, sdp);
    try {
      await test(endpoint.local.sdp, await endpoint.getChannelVariables(false), (again) => endpoint.modify(again));
    } finally {
      await endpoint.destroy();
    }
    await nothingLeft(lab);
  };

  it('RFC 4568 §5.1.2: one key of our own under the tag of the first line that can be used', differs('SRTP suites'), () =>
    answered(offer('RTP/savp', '0 101', 'rtpmap:101 telephone-event/8000', `crypto:1 AES_CM_256_HMAC_SHA1_80 inline:${key}`, `crypto:2 AEAD_AES_128_GCM inline:${gcm}`, `crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${key}`), (answer, variables) => {
      const [line = '', ...more] = crypto(answer);
      assert.deepEqual([more.length, chooseCrypto([line])?.tag, chooseCrypto([line])?.suite], [0, 2, 'AEAD_AES_128_GCM']);
      assert.ok(!answer.includes(gcm), 'not their key');
      assert.match(mLine(answer) ?? '', /^RTP\/savp 0 101$/i);
      assert.equal(variables['variable_rtp_has_crypto'], 'AEAD_AES_128_GCM');
    }));

  it('our key stays through re-INVITEs of one suite, so that the media goes on; a call may turn to the clear and back', differs('our SRTP key in a re-INVITE'), () =>
    answered(offer('RTP/savp', '0', `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`), async (first, _variables, modify) => {
      const held = await modify(offer('RTP/SAVP', '0', 'sendonly', `crypto:5 AES_CM_128_HMAC_SHA1_80 inline:${key}`));
      assert.deepEqual(crypto(held), [crypto(first)[0]?.replace(/^1/, '5')]);
      assert.deepEqual(crypto(await modify(offer('RTP/AVP', '0'))), []);
      const other = crypto(await modify(offer('RTP/SAVP', '0', `crypto:1 AEAD_AES_128_GCM inline:${gcm}`)));
      assert.match(other[0] ?? '', /^1 AEAD_AES_128_GCM inline:[A-Za-z0-9+/]{38}==$/);
    }));

  it('two calls have two keys', async () => {
    const keys = new Set<string>();
    for (let call = 0; call < 2; call++) await answered(offer('RTP/savp', '0', `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}`), (answer) => void keys.add(crypto(answer).join()));
    assert.equal(keys.size, 2);
  });

  it('RFC 4568 §5.1.2: without a usable key it is 488', differs('SRTP suites'), async () => {
    for (const line of [`crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} UNENCRYPTED_SRTP`, 'ptime:20']) {
      await assert.rejects(lab.endpoint(undefined, offer('RTP/savp', '0', line)), /488/);
    }
    await nothingLeft(lab);
  });

  it('RFC 5761 §5.1.1: rtcp-mux is answered where it was offered', async () => {
    await answered(offer('RTP/AVP', '0', 'rtcp-mux'), (answer) => assert.match(answer, /^a=rtcp-mux\r$/m));
    await answered(offer('RTP/AVP', '0', 'rtcp:4001'), (answer) => assert.doesNotMatch(answer, /a=rtcp-mux/));
  });

  it('G.722 samples at 16 kHz under a clock of 8000 (RFC 3551 §4.5.2); comfort noise of its rate is agreed', () =>
    answered(offer('RTP/AVP', '9 13 101', 'rtpmap:101 telephone-event/8000'), (answer, variables) => {
      assert.equal(mLine(answer), 'RTP/AVP 9 101 13');
      assert.deepEqual([variables['variable_rtp_use_codec_name'], variables['variable_rtp_use_codec_rate'], variables['variable_read_rate']].map(String), ['G722', '8000', '16000']);
    }));

  it('F-1: our own offer is one audio line in the clear', ours, async () => {
    const endpoint = await lab.endpoint();
    assert.match(endpoint.local.sdp, /^m=audio \d+ RTP\/AVP (96 )?9 0 8 97 101 /m);
    assert.equal([...endpoint.local.sdp.matchAll(/^m=/gm)].length, 1);
    await endpoint.destroy();
    await nothingLeft(lab);
  });
});
