import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Capture } from './harness/capture.ts';
import { Program } from './harness/program.ts';
import { hostPin, guestPin, withPhones } from './harness/session.ts';

describe('what we send, as tshark reads it', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '8000', hostPin, guestPin });
  });
  after(() => program.stop());

  it('SIP and RTP dissect without an error; RTP is one PCMU stream a call, 20 ms apart, in sequence', () =>
    withPhones(program, async (phones) => {
      const capture = await Capture.start('udp', program.sip.port);
      const ports: number[] = [];
      try {
        const host = await phones.inRoom('host', '8000', hostPin, 2750);
        const guest = await phones.inRoom('guest', '8000', guestPin, 3050);
        await host.hears(3050);
        await guest.hears(2750);
        await guest.reinvite('sendonly');
        await guest.reinvite('sendrecv');
        ports.push(host.media.port, guest.media.port);
        await guest.hangUp();
        await host.hangUp();
        await program.untilIdle();
      } finally {
        await capture.stop();
      }
      try {
        const sip = await capture.fields(`sip && udp.port==${program.sip.port}`, ['sip.Method', 'sip.Status-Code', '_ws.expert.message']);
        assert.ok(sip.length >= 14, `${sip.length} SIP messages`);
        assert.deepEqual(await capture.fields(`sip && (_ws.malformed || _ws.expert.severity >= "Warning") && udp.srcport==${program.sip.port}`, ['frame.number', '_ws.expert.message']), []);
        for (const port of ports) {
          const rtp = await capture.fields(`rtp && udp.dstport==${port}`, ['rtp.ssrc', 'rtp.p_type', 'rtp.seq', 'rtp.timestamp', 'udp.length']);
          assert.ok(rtp.length > 50, `${rtp.length} RTP packets to port ${port}`);
          assert.deepEqual(await capture.fields(`rtp && udp.dstport==${port} && (_ws.malformed || _ws.expert.severity == "Error")`, ['frame.number', '_ws.expert.message']), []);
          assert.equal(new Set(rtp.map(([ssrc]) => ssrc)).size, 1, 'one SSRC');
          assert.deepEqual([...new Set(rtp.map(([, type]) => type))], ['0']);
          assert.deepEqual([...new Set(rtp.map(([, , , , length]) => length))], ['180'], '8 UDP, 12 RTP, 160 audio');
          rtp.slice(1).forEach(([, , sequence], i) => assert.equal((Number(sequence) - Number(rtp[i]?.[2]) + 0x10000) % 0x10000, 1, 'in sequence'));
        }
      } finally {
        capture.close();
      }
    }));
});
