import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { sdp, type Phone } from './phone/phone.ts';

const crlf = (lines: readonly string[]): string => lines.join('\r\n');

/** Things that are no SIP, or bad SIP. None may disturb anybody. */
const malformed: Readonly<Record<string, string>> = {
  empty: '',
  'CRLF keep-alive': '\r\n\r\n',
  garbage: '\u0000\u00ff\u0001\u0002'.repeat(200),
  'no headers': 'INVITE sip:2000@127.0.0.1 SIP/2.0\r\n\r\n',
  'no start line': 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n',
  'negative Content-Length': crlf(['OPTIONS sip:2000@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK2', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>', 'Call-ID: bad2', 'CSeq: 1 OPTIONS', 'Content-Length: -5', '', '']),
  'Content-Length beyond the datagram': crlf(['OPTIONS sip:2000@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK3', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>', 'Call-ID: bad3', 'CSeq: 1 OPTIONS', 'Content-Length: 999999999', '', 'x']),
  'CSeq of another method': crlf(['INVITE sip:2000@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK4', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>', 'Call-ID: bad4', 'CSeq: 1 BYE', 'Content-Length: 0', '', '']),
  'endless header': `INVITE sip:2000@127.0.0.1 SIP/2.0\r\nVia: ${'x'.repeat(30_000)}\r\n\r\n`,
  'a thousand headers': `INVITE sip:2000@127.0.0.1 SIP/2.0\r\n${'X-A: b\r\n'.repeat(1000)}\r\n`,
  'stray response': crlf(['SIP/2.0 200 OK', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK5', 'From: <sip:a@b>;tag=1', 'To: <sip:c@d>;tag=2', 'Call-ID: bad5', 'CSeq: 1 INVITE', 'Content-Length: 0', '', '']),
  'percent signs in every place': crlf(['INVITE sip:20%zz00%@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK6', 'From: "%n%s%zz" <sip:%@b>;tag=%1', 'To: <sip:c%@d>', 'Call-ID: bad6%', 'CSeq: 1 INVITE', 'Contact: <sip:%zz@127.0.0.1:9>', 'X-Room: ${api_cmd(status)}', 'Content-Length: 0', '', '']),
};

describe('bad input', () => {
  let program: Program;
  before(async () => {
    program = await Program.start({ env: { VESTIBULE_LIMITS_SIP_MESSAGE_BYTES: '20000' } });
    await program.addRoom({ alias: '2000', hostPin, guestPin });
    await program.addRoom({ alias: '2002' });
  });
  after(() => program.stop());

  it('unknown alias: 404 (PX-44)', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('caller');
      const answer = await phone.dial('4711');
      assert.equal(answer.status, 404);
    }));

  it('no common codec: 488', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('caller');
      const answer = await phone.dial('2000', { offer: sdp('127.0.0.1', [`m=audio ${phone.media.port} RTP/AVP 18`, 'a=rtpmap:18 G729/8000']) });
      assert.equal(answer.status, 488);
    }));

  it('no usable line at all: 488', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('caller');
      const answer = await phone.dial('2000', { offer: sdp('127.0.0.1', ['m=video 5000 RTP/AVP 96', 'a=rtpmap:96 H264/90000']) });
      assert.equal(answer.status, 488);
    }));

  it('an SDP that is none: 4xx', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('caller');
      const answer = await phone.dial('2000', { offer: 'v=0\r\nthis is no session description\r\n' });
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
    }));

  it('a body too large: refused or dropped, and the next call goes on', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('caller');
      const padding = Array.from({ length: 1200 }, (_, i) => `a=x-padding-${i}:${'y'.repeat(30)}`);
      const answer = await phone.dial('2002', { offer: sdp('127.0.0.1', [`m=audio ${phone.media.port} RTP/AVP 0`, ...padding]), deadlineMs: 2_000 }).catch(() => undefined);
      assert.ok(answer === undefined || (answer.status >= 400 && answer.status < 500), `${answer?.status ?? ''}`);
      const next = await phones.phone('next');
      await next.call('2002');
    }));

  it('malformed SIP by UDP and TCP, and RTP garbage, do not disturb a call in progress', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '2000', hostPin, 2750);
      const guest = await phones.inRoom('guest', '2000', guestPin, 3050);
      await host.hears(3050);
      await guest.hears(2750);
      const lostBefore = guest.media.lost;
      await sendBadSip(program);
      await sendBadRtp(guest);
      await host.hears(3050);
      await guest.hears(2750);
      assert.equal(guest.media.lost, lostBefore, 'no packet of the call is lost');
      // Still serves: a request that needs an answer gets it.
      assert.equal((await guest.info('5', 'application/dtmf-relay')).status, 200);
      assert.ok(!program.exited);
    }));

  it('an answer that is never acknowledged ends the call (RFC 3261 §13.3.1.4)', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('silent');
      await phone.dial('2002', { noAck: true });
      await phone.ended(45_000);
    }));

  it('an unknown method in the dialog: 405 or 501, an unknown INFO body: 415, a BYE of no call: 481', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.inRoom('caller', '2002', '');
      const { status } = await phone.request('PUBLISH');
      assert.ok([405, 501].includes(status), `PUBLISH answered ${status}`);
      assert.equal((await phone.request('INFO', ['Content-Type: application/x-unknown'], 'x')).status, 415);
      assert.equal((await phone.request('OPTIONS')).status, 200);
      await phone.hangUp();
      assert.equal((await phone.request('BYE')).status, 481);
    }));
});

async function sendBadSip(program: Program): Promise<void> {
  const socket = createSocket('udp4');
  for (const text of Object.values(malformed)) await new Promise((resolve) => socket.send(Buffer.from(text, 'latin1'), program.sip.port, program.sip.host, resolve));
  socket.close();
  for (const text of Object.values(malformed)) {
    const tcp = connect(program.sip.port, program.sip.host);
    await once(tcp, 'connect');
    // The far end may close at once, or wait for the rest: neither is our concern here.
    tcp.on('error', () => undefined);
    tcp.end(Buffer.from(text, 'latin1'));
    tcp.resume();
    await once(tcp, 'close');
  }
}

/** To the RTP port of the program's side of this call, from a stranger: garbage, and audio that is not the caller's. */
async function sendBadRtp(phone: Phone): Promise<void> {
  const port = Number(/^m=audio (\d+)/m.exec(phone.answer?.body ?? '')?.[1]);
  const socket = createSocket('udp4');
  const packets = [Buffer.alloc(0), Buffer.from([0x80]), Buffer.alloc(12, 0xff), Buffer.alloc(1500, 0x80), Buffer.concat([Buffer.from([0x9f, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]), Buffer.alloc(160)])];
  for (const packet of packets) await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
  socket.close();
}
