import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { admit, judgeMedia, judgePin, type AdmissionVerdict, type PinMatch, type PinVerdict } from '../../../src/domain/admission.ts';
import type { RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hostPinOnly, noPins } from './fixtures.ts';

const closed = { open: false, locked: false };
const open = { open: true, locked: false };
const locked = { open: true, locked: true };

const withWays = (room: RoomRules, moderator: boolean, speaker: boolean): RoomRules => ({ ...room, anonymous: { moderator, speaker } });
const askedAsRow10: AdmissionVerdict = { kind: 'askPin', rule: 'way_disabled', noPin: 'end' };

describe('admission, policy section 1', () => {
  const rows: readonly (readonly [name: string, room: RoomRules | undefined, conference: typeof closed, verdict: AdmissionVerdict])[] = [
    ['row 1: unknown alias', undefined, closed, { kind: 'reject', rule: 'unknown_alias', reason: 'unknown_alias' }],
    ['row 7, PX-11 PX-27: no PINs, closed', noPins, closed, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, PX-27: no PINs, open', noPins, open, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, PXD-22: no PINs, locked: a host whom the lock holds', noPins, locked, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['row 7, OV-05: moderator disabled', withWays(noPins, false, true), closed, askedAsRow10],
    ['row 8, PX-12 PX-31: host PIN only, open', hostPinOnly, open, { kind: 'admit', rule: 'host_pin_only_open', role: 'guest' }],
    ['row 8, OV-05: speaker disabled', withWays(hostPinOnly, true, false), open, askedAsRow10],
    ['row 9, PX-08 PX-31: host PIN only, closed', hostPinOnly, closed, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 9, PXD-21: host PIN only, locked', hostPinOnly, locked, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 9, OV-05: speaker disabled: no way in without PIN', withWays(hostPinOnly, true, false), closed, askedAsRow10],
    ['row 9, OV-05: moderator disabled: guests still come in', withWays(hostPinOnly, false, true), closed, { kind: 'askPin', rule: 'host_pin_only_closed', noPin: 'guest' }],
    ['row 10, PX-13: both PINs, closed', bothPins, closed, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
    ['row 10, PX-13: both PINs, open: asked all the same', bothPins, open, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
    ['row 10: both PINs, locked', bothPins, locked, { kind: 'askPin', rule: 'both_pins', noPin: 'end' }],
  ];
  for (const [name, room, conference, verdict] of rows) it(name, () => assert.deepEqual(admit({ room, conference, media: 'clear' }), verdict));
});

describe('PXD-35: encrypted media required', () => {
  const strict = (room: RoomRules): RoomRules => ({ ...room, mediaEncryption: 'required' });
  const rejected: AdmissionVerdict = { kind: 'reject', rule: 'encryption_required', reason: 'encryption_required' };
  for (const room of [noPins, hostPinOnly, bothPins]) {
    it('in the clear: turned away before any PIN, open or not', () => {
      for (const conference of [open, closed, locked]) assert.deepEqual(admit({ room: strict(room), conference, media: 'clear' }), rejected);
    });
    it('encrypted: as any other room', () => assert.deepEqual(admit({ room: strict(room), conference: closed, media: 'encrypted' }), admit({ room, conference: closed, media: 'clear' })));
  }
  it('row 1 comes first', () => assert.equal(admit({ room: undefined, conference: closed, media: 'clear' }).rule, 'unknown_alias'));
  it('optional: both are accepted; required: encrypted ones', () => {
    assert.deepEqual((['encrypted', 'clear'] as const).map((media) => [judgeMedia(noPins, media), judgeMedia(strict(noPins), media)]), [
      ['accepted', 'accepted'],
      ['accepted', 'encryption_required'],
    ]);
  });
});

describe('a PIN judged', () => {
  const wrong: PinVerdict = { kind: 'wrong' };
  const rows: readonly (readonly [name: string, match: PinMatch, room: RoomRules, verdict: PinVerdict])[] = [
    ['row 9, PX-07 PX-09: host PIN', 'host', hostPinOnly, { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['row 10, PX-28: host PIN', 'host', bothPins, { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['row 10, PX-30: guest PIN', 'guest', bothPins, { kind: 'admit', rule: 'guest_pin', role: 'guest' }],
    ['wrong PIN', 'none', bothPins, wrong],
    ['OV-05: a disabled host PIN is a wrong PIN', 'host', withWays(bothPins, false, true), wrong],
    ['OV-05: a disabled guest PIN is a wrong PIN', 'guest', withWays(bothPins, true, false), wrong],
    ['OV-05: the other PIN still works', 'host', withWays(bothPins, true, false), { kind: 'admit', rule: 'host_pin', role: 'host' }],
    ['PX-16: the PINs were removed meanwhile: row 7', 'none', noPins, { kind: 'admit', rule: 'no_pins', role: 'host' }],
    ['OV-05: no PINs and no way in', 'none', withWays(noPins, false, true), wrong],
  ];
  for (const [name, match, room, verdict] of rows) it(name, () => assert.deepEqual(judgePin(match, room), verdict));
});
