import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { sdp, type Phone } from './phone/phone.ts';

/** Offers as room systems make them; the audio line is the phone's own. */
const offers: Readonly<Record<string, (phone: Phone) => readonly string[]>> = {
  'audio, video, BFCP, content, H.224, with groups and mids': (phone) => [
    'a=group:BUNDLE 1 2 3 4 5',
    `m=audio ${phone.media.port} RTP/AVP 0 9 8 101`,
    'a=mid:1',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'm=video 50002 RTP/AVP 97',
    'a=mid:2',
    'a=rtpmap:97 H264/90000',
    'a=content:main',
    'a=label:11',
    'm=application 50004 TCP/BFCP *',
    'a=mid:3',
    'a=floorctrl:c-only',
    'a=setup:actpass',
    'm=video 50006 RTP/AVP 97',
    'a=mid:4',
    'a=rtpmap:97 H264/90000',
    'a=content:slides',
    'm=application 50008 RTP/AVP 100',
    'a=mid:5',
    'a=rtpmap:100 H224/4800',
  ],
  'video before audio': (phone) => ['m=video 50002 RTP/AVP 97', 'a=rtpmap:97 H264/90000', `m=audio ${phone.media.port} RTP/AVP 0 101`, 'a=rtpmap:101 telephone-event/8000'],
  'fax beside audio': (phone) => [`m=audio ${phone.media.port} RTP/AVP 0 101`, 'a=rtpmap:101 telephone-event/8000', 'm=image 50002 udptl t38', 'a=T38FaxVersion:0'],
  'two audio lines': (phone) => [`m=audio ${phone.media.port} RTP/AVP 0 101`, 'a=rtpmap:101 telephone-event/8000', 'm=audio 50002 RTP/AVP 0'],
};

const lines = (text: string): readonly (readonly string[])[] => [...text.matchAll(/^m=(\S+) (\d+) (\S+)/gm)].map(([, kind = '', port = '', protocol = '']) => [kind, port, protocol]);

describe('offers', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '2000', hostPin, guestPin });
    await program.addRoom({ alias: '2002' });
  });
  after(() => program.stop());

  for (const [name, media] of Object.entries(offers)) {
    it(`${name}: every line answered in its place, audio up, the others refused with port 0 (RFC 3264 §6)`, () =>
      withPhones(program, async (phones) => {
        const listener = await phones.inRoom('listener', '2002', '', 3050);
        const phone = await phones.phone('system', 2750);
        const offer = sdp('127.0.0.1', media(phone));
        const answer = await phone.dial('2002', { offer });
        assert.equal(answer.status, 200);
        const offered = lines(offer);
        const answered = lines(answer.body);
        assert.deepEqual(
          answered.map(([kind, , protocol]) => [kind, protocol]),
          offered.map(([kind, , protocol]) => [kind, protocol]),
        );
        const up = answered.filter(([, port]) => port !== '0');
        assert.equal(up.length, 1, answer.body);
        assert.equal(up[0]?.[0], 'audio');
        // RFC 5888 §9.2: what is refused is in no group; a mid is answered for every line that has one.
        const offeredMids = [...offer.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid);
        assert.deepEqual(
          [...answer.body.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid),
          offeredMids,
        );
        const group = /^a=group:BUNDLE ?(.*)$/m.exec(answer.body)?.[1]?.trim();
        assert.ok(group === undefined || group === '1', `group ${group ?? ''}`);
        await listener.hears(2750);
        await phone.hears(3050);
      }));
  }

  it('hold and resume by re-INVITE: recvonly, no more audio, then both ways again (RFC 3264 §8.4)', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '2000', hostPin, 2750);
      const guest = await phones.inRoom('guest', '2000', guestPin, 3050);
      await host.hears(3050);
      await guest.hears(2750);
      const held = await guest.reinvite('inactive');
      assert.equal(held.status, 200);
      assert.match(held.body, /^a=inactive/m);
      guest.media.tone(0);
      await host.hearsNot(3050);
      const resumed = await guest.reinvite('sendrecv');
      assert.equal(resumed.status, 200);
      assert.match(resumed.body, /^a=sendrecv|^m=audio [1-9]/m);
      guest.media.tone(3050);
      await host.hears(3050);
      await guest.hears(2750);
    }));

  it('sendonly is answered with recvonly; the room is still heard by the others', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '2000', hostPin, 2750);
      const guest = await phones.inRoom('guest', '2000', guestPin, 3050);
      const held = await guest.reinvite('sendonly');
      assert.match(held.body, /^a=recvonly/m);
      await host.hears(3050);
    }));

  it('A-law only: the answer is A-law', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('alaw');
      const answer = await phone.dial('2002', { offer: phone.offer('sendrecv', '8') });
      assert.equal(answer.status, 200);
      assert.match(answer.body, /^m=audio \d+ RTP\/AVP 8\b/m);
    }));

  it('no offer in the INVITE: ours is in the 200', () =>
    withPhones(program, async (phones) => {
      const phone = await phones.phone('late');
      const answer = await phone.dial('2002', { offer: '', ackBody: phone.offer('sendrecv', '0') });
      assert.equal(answer.status, 200);
      assert.match(answer.body, /^m=audio [1-9]\d* RTP\/AVP .*\b0\b/m);
      phone.media.tone(2750);
      const listener = await phones.inRoom('listener', '2002', '');
      await listener.hears(2750);
    }));
});
