import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Capture } from './harness/capture.ts';
import { externalLacks } from './harness/external.ts';
import { Program } from './harness/program.ts';
import { hostPin, withPhones } from './harness/session.ts';

/** As baresip names it, and what tshark must read in our answer. */
const codecs = [
  ['opus/48000/2', 'opus', '48000'],
  ['G722/16000/1', 'G722', '8000'],
  ['pcma', 'PCMA', '8000'],
] as const;

describe('codecs', () => {
  let program: Program;
  let noOpus = false;
  before(async () => {
    noOpus = await externalLacks('mod_opus');
    program = await Program.start();
    await program.addRoom({ alias: '7100', hostPin });
  });
  after(() => program.stop());

  for (const [codec, name, rate] of codecs) {
    for (const encrypted of [false, true]) {
      it(`baresip with ${codec}${encrypted ? ', encrypted' : ''}: its PIN is understood, it is heard, and tshark reads our answer`, async (t) => {
        if (name === 'opus' && noOpus) {
          t.skip('the external FreeSWITCH has no mod_opus');
          return;
        }
        await withPhones(program, async (phones) => {
          const capture = await Capture.start('udp', program.sip.port);
          try {
            const baresip = await phones.baresip('caller', 1650, { codecs: [codec], ...(encrypted ? { encrypted: true } : {}) });
            await baresip.call('7100', program.sip);
            baresip.press(`${hostPin}#`);
            await program.untilRoom('7100', 'the caller is host', ([one]) => one?.place === 'conference' && one.role === 'host');
            const phone = await phones.inRoom('listener', '7100', '');
            await phone.hears(1650);
            baresip.hangUp();
            await baresip.event('CALL_CLOSED');
          } finally {
            await capture.stop();
          }
          try {
            const answers = await capture.fields(`sip.Status-Code == 200 && sdp && udp.srcport==${program.sip.port}`, ['sdp.media.proto', 'sdp.mime.type', 'sdp.sample_rate']);
            assert.deepEqual(answers[0]?.slice(0, 1), [encrypted ? 'RTP/SAVP' : 'RTP/AVP']);
            assert.equal(answers[0][1]?.split(',')[0], name);
            assert.equal(answers[0][2]?.split(',')[0], rate);
            assert.deepEqual(await capture.fields(`sip && (_ws.malformed || _ws.expert.severity >= "Warning") && udp.srcport==${program.sip.port}`, ['frame.number', '_ws.expert.message']), []);
            assert.deepEqual(await capture.fields('rtcp && (_ws.malformed || _ws.expert.severity == "Error")', ['frame.number', '_ws.expert.message']), []);
          } finally {
            capture.close();
          }
        });
      });
    }
  }
});
