import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LegOffer } from '../../src/ports/call-leg.ts';
import type { MediaDescription } from '../../src/ports/media.ts';
import { description } from '../fakes/media.ts';
import { attendantPin, guestPin, hostPin, inHouse, wrongPin } from './house.ts';

describe('policy section 1: ways in', () => {
  it('row 1: an unknown alias is rejected, and leaves a record', () =>
    inHouse(async (house) => {
      const eve = await house.dial('4444', 'eve');
      assert.equal(eve.endedBy, 'unknown_alias');
      assert.equal(eve.leg.state, 'over');
      const [row] = await house.records();
      assert.deepEqual([row?.['end_reason'], row?.['end_cause'], row?.['end_fault'], row?.['answered_at']], ['unknown_alias', 'SIP 404', 'caller', null]);
    }));

  it('row 7, PX-27: no PINs: host, in at once', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      assert.equal(ann.at, 'conference:host');
      assert.deepEqual(ann.heard(), ['conference:first_alone']);
    }));

  it('row 8, PX-12: host PIN only and open: guest, in at once, no prompt', () =>
    inHouse(async (house) => {
      await (await house.dial('2000', 'hanna')).presses(`${hostPin}#`);
      const gus = await house.dial('2000', 'gus');
      assert.equal(gus.at, 'conference:guest');
      assert.deepEqual(gus.heard(), ['conference:entered']);
    }));

  it('row 9, PX-31: host PIN only and closed: asked; # alone is a guest, who waits', () =>
    inHouse(async (house) => {
      const gus = await house.dial('2000', 'gus');
      assert.deepEqual(gus.heard(), ['enter_pin_or_guest']);
      await gus.presses('#');
      assert.equal(gus.at, 'lobby:guest');
      assert.deepEqual(gus.heard(), ['(music)']);
    }));

  it('row 9, PX-31: silence is a guest, who waits', () =>
    inHouse(async (house) => {
      const gus = await house.dial('2000', 'gus');
      await house.after(1 + 10);
      assert.deepEqual(gus.heard(), ['enter_pin_or_guest', 'pin_reprompt_or_guest']);
      await house.after(1 + 9.9);
      assert.equal(gus.at, 'pin');
      await house.after(0.1);
      assert.equal(gus.at, 'lobby:guest');
    }));

  it('row 9: the room opens while a caller has keyed nothing: guest, in at once', () =>
    inHouse(async (house) => {
      const gus = await house.dial('2000', 'gus');
      const kim = await house.dial('2000', 'kim');
      await kim.presses('1');
      await (await house.dial('2000', 'hanna')).presses(`${hostPin}#`);
      assert.equal(gus.at, 'conference:guest');
      assert.equal(kim.at, 'pin');
    }));

  it('row 10, PX-13: asked, open or not; host PIN a host, guest PIN a guest in the lobby', () =>
    inHouse(async (house) => {
      const gus = await house.dial('1000', 'gus');
      assert.deepEqual(gus.heard(), ['enter_pin']);
      await gus.presses(`${guestPin}#`);
      assert.equal(gus.at, 'lobby:guest');
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
      assert.equal(gus.at, 'conference:guest');
      const rules = house.participants('1000').map(({ rule }) => rule);
      assert.deepEqual(rules, ['guest_pin', 'host_pin']);
    }));

  it('row 10: silence ends the call with the goodbye in full', () =>
    inHouse(async (house) => {
      const gus = await house.dial('1000', 'gus');
      await house.after(1 + 10 + 1 + 10);
      assert.deepEqual(gus.heard(), ['enter_pin', 'pin_reprompt', 'pin_none']);
      assert.equal(gus.leg.state, 'answered');
      await house.after(0.9);
      assert.equal(gus.leg.state, 'answered');
      await house.after(0.1);
      assert.equal(gus.endedBy, 'pin_timeout');
    }));
});

describe('policy section 2: at the PIN prompt', () => {
  it('the digit that reaches the longest PIN of the room submits', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(hostPin);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('5 s without a digit submits', () =>
    inHouse(async (house) => {
      await house.addRoom('5000', { host: '1357924', guest: '8642' });
      const gus = await house.dial('5000', 'gus');
      await gus.presses('8642');
      await house.after(4.9);
      assert.equal(gus.at, 'pin');
      await house.after(0.1);
      assert.equal(gus.at, 'lobby:guest');
    }));

  it('wrong three times: goodbye in full, then BYE (PXD-01)', () =>
    inHouse(async (house) => {
      const eve = await house.dial('1000', 'eve');
      await eve.presses(`${wrongPin}#${wrongPin}#`);
      assert.deepEqual(eve.heard(), ['enter_pin', 'pin_invalid', 'enter_pin', 'pin_invalid', 'enter_pin']);
      await eve.presses(`${wrongPin}#`);
      assert.deepEqual(eve.heard(), ['pin_invalid_3']);
      assert.equal(eve.leg.state, 'answered');
      await house.after(1);
      assert.equal(eve.endedBy, 'pin_failed');
      const [row] = await house.records();
      assert.deepEqual([row?.['end_reason'], row?.['end_cause'], row?.['end_fault']], ['pin_failed', 'BYE', 'caller']);
    }));

  it('wrong twice, then right: in', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`${wrongPin}#${wrongPin}#${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('* clears the entry', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses(`99*${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('the whole screen takes 120 s, then it is as silence', () =>
    inHouse(async (house) => {
      const gus = await house.dial('2000', 'gus');
      for (let second = 0; second < 116; second += 4) {
        await gus.presses('1*');
        await house.after(4);
      }
      await gus.presses('1');
      await house.after(3.9);
      assert.equal(gus.at, 'pin');
      await house.after(0.1);
      assert.equal(gus.at, 'lobby:guest');
    }));

  it('a key pressed during the prompt stops it (barge-in)', () =>
    inHouse(async (house) => {
      const gus = await house.dial('1000', 'gus');
      await gus.presses('8');
      // Had the prompt gone on, its end would start the wait for a first digit, and with it a reprompt.
      await house.after(3);
      assert.deepEqual(gus.heard(), ['enter_pin']);
    }));

  it('type-ahead: keys pressed while the first entry is being checked belong to the second', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      house.points.hold('store');
      await hanna.presses(`${wrongPin}#`);
      assert.equal(house.points.reached, 1);
      await hanna.presses(`${hostPin}#`);
      house.points.letGo();
      await house.after(0);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('one key by RFC 4733 and by SIP INFO counts once, by INFO alone it counts', () =>
    inHouse(async (house) => {
      const gus = await house.dial('1000', 'gus');
      for (const digit of `${guestPin}#`) {
        await gus.presses(digit);
        gus.leg.sendsInfo(digit);
      }
      await house.after(0);
      assert.equal(gus.at, 'lobby:guest');
      const hanna = await house.dial('1000', 'hanna');
      for (const digit of `${hostPin}#`) hanna.leg.sendsInfo(digit);
      await house.after(0);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('PX-16: an entry is checked against the PINs in force when it is submitted', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('1000', 'hanna');
      await hanna.presses('5555');
      await house.setPins('1000', { host: '555577' });
      await hanna.presses('77#');
      assert.equal(hanna.at, 'conference:host');
    }));

  it('the host PIN is removed while a caller is asked: in by row 7', () =>
    inHouse(async (house) => {
      const ann = await house.dial('2000', 'ann');
      await house.setPins('2000', { host: null });
      assert.equal(ann.at, 'conference:host');
    }));
});

describe('the attendant', () => {
  it('asks for the room number, then for the PIN of the room', () =>
    inHouse(async (house) => {
      const hanna = await house.dial('100', 'hanna');
      assert.equal(hanna.at, 'attendant');
      assert.deepEqual(hanna.heard(), ['enter_number']);
      await hanna.presses('1000#');
      assert.deepEqual(hanna.heard(), ['enter_pin']);
      await hanna.presses(`${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('number and PIN keyed in one go (M-62)', () =>
    inHouse(async (house) => {
      const gus = await house.dial('100', 'gus');
      await gus.presses(`1000#${guestPin}#`);
      assert.equal(gus.at, 'lobby:guest');
    }));

  it('a room without PINs: in at once', () =>
    inHouse(async (house) => {
      const ann = await house.dial('100', 'ann');
      await ann.presses('3000#');
      assert.equal(ann.at, 'conference:host');
    }));

  it('three wrong numbers end the call', () =>
    inHouse(async (house) => {
      const eve = await house.dial('100', 'eve');
      await eve.presses('77#');
      await eve.presses('88#');
      await eve.presses('99#');
      await house.after(1);
      assert.deepEqual(eve.heard(), ['enter_number', 'number_invalid', 'number_invalid', 'number_invalid_3']);
      assert.equal(eve.endedBy, 'number_failed');
    }));

  it('CO-05: its own PIN comes first; wrong three times ends without a room prompt', () =>
    inHouse(
      async (house) => {
        const ann = await house.dial('100', 'ann');
        await ann.presses(`${attendantPin}#`);
        assert.deepEqual(ann.heard(), ['enter_attendant_pin', 'enter_number']);
        const eve = await house.dial('100', 'eve');
        await eve.presses(`${wrongPin}#${wrongPin}#${wrongPin}#`);
        await house.after(1);
        assert.ok(!eve.heard().includes('enter_number'));
        assert.equal(eve.endedBy, 'pin_failed');
      },
      { environment: { VESTIBULE_ATTENDANT_PIN: attendantPin } },
    ));
});

describe('media before the prompt', () => {
  it('no SDP in the INVITE: our offer, the answer comes with the ACK', () =>
    inHouse(async (house) => {
      const gus = await house.dial('1000', 'gus', { kind: 'none' });
      assert.deepEqual(gus.heard(), ['enter_pin']);
    }));

  it('an offer that cannot be used ends the call without an endpoint', () =>
    inHouse(async (house) => {
      const eve = await house.dial('1000', 'eve', { kind: 'unusable', reason: 'bad_offer' });
      assert.equal(eve.endedBy, 'bad_offer');
      assert.equal(house.media.legs.size, 0);
    }));

  it('no common codec: 488; no media server: 503', () =>
    inHouse(async (house) => {
      house.media.allocateFailure = 'no_common_codec';
      assert.equal((await house.dial('1000', 'eve')).endedBy, 'no_common_codec');
      house.media.allocateFailure = 'media_unavailable';
      assert.equal((await house.dial('1000', 'ann')).endedBy, 'media_unavailable');
    }));
});

describe('PXD-35: a room that takes encrypted media only', () => {
  const encrypted: MediaDescription = { lines: description.lines.map((line) => ({ ...line, protocol: 'RTP/SAVP', crypto: ['1 AES_CM_128_HMAC_SHA1_80 inline:secretkey'] })) };
  const offered = (media: MediaDescription): LegOffer => ({ kind: 'offered', media });

  it('a caller in the clear is turned away before any PIN, unanswered and without an endpoint', () =>
    inHouse(async (house) => {
      await house.addRoom('6000', { host: hostPin, guest: guestPin, mediaEncryption: 'required' });
      for (const offer of [offered(description), { kind: 'none' } as const]) {
        const eve = await house.dial('6000', `eve${offer.kind}`, offer);
        assert.equal(eve.endedBy, 'encryption_required');
        assert.equal(house.media.legs.size, 0);
      }
      const [row] = await house.records();
      assert.deepEqual([row?.['end_reason'], row?.['end_cause'], row?.['end_fault'], row?.['answered_at']], ['encryption_required', 'SIP 488', 'policy', null]);
    }));

  it('an encrypted caller is asked for the PIN as anywhere; its key is not in the log', () =>
    inHouse(async (house) => {
      await house.addRoom('6000', { host: hostPin, mediaEncryption: 'required' });
      const hanna = await house.dial('6000', 'hanna', offered(encrypted));
      await hanna.presses(`${hostPin}#`);
      assert.equal(hanna.at, 'conference:host');
      assert.ok(!house.logText.includes('secretkey'));
    }));

  it('by the attendant, it hears why and is ended', () =>
    inHouse(
      async (house) => {
        await house.addRoom('6000', { mediaEncryption: 'required' });
        const eve = await house.dial('100', 'eve');
        eve.heard();
        await eve.presses('6000#');
        assert.deepEqual(eve.heard(), ['admission_refused']);
        await house.after(1);
        assert.equal(eve.endedBy, 'encryption_required');
      },
    ));

  it('in the call an offer in the clear is refused, an encrypted one taken', () =>
    inHouse(async (house) => {
      await house.addRoom('6000', { mediaEncryption: 'required' });
      const hanna = await house.dial('6000', 'hanna', offered(encrypted));
      assert.deepEqual(await hanna.leg.offers(description), { ok: false, error: 'refused' });
      assert.equal((await hanna.leg.offers(encrypted)).ok, true);
      assert.equal(hanna.at, 'conference:host');
    }));

  it('a room that does not ask for it takes both', () =>
    inHouse(async (house) => {
      for (const media of [description, encrypted]) assert.equal((await house.dial('3000', `caller ${media.lines[0]!.protocol}`, offered(media))).at, 'conference:host');
    }));
});
