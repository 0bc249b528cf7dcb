import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../src/adapters/system/log.ts';
import { GatewayCall } from '../../src/call/gateway-call.ts';
import type { CdrRecord } from '../../src/ports/cdr.ts';
import { FakeDial } from '../fakes/dial.ts';
import { FakeLeg } from '../fakes/leg.ts';
import { description } from '../fakes/media.ts';
import { inHouse, type House } from './house.ts';

const log = createLogger('error', { write: () => undefined });

function begin(house: House, { dtmf, hopsLeft = 70 }: { readonly dtmf?: string; readonly hopsLeft?: number } = {}) {
  const port = new FakeDial();
  const caller = Object.assign(new FakeLeg('alice', '030123', house.points), { hopsLeft });
  const callee = port.dial({ targets: [{ uri: 'sip:+4930123@trunk.example', hop: { kind: 'contact' }, from: { name: 'alice', display: '' } }], dialled: '030123', name: '030123' });
  const records: CdrRecord[] = [];
  let closed = 0;
  const call = new GatewayCall({ caller, callee, alias: '030123', ...(dtmf === undefined ? {} : { dtmf }), media: house.media, ending: house.policy.ending, ringingMs: 60_000, language: 'en', cdr: { record: (record) => void records.push(record) }, scheduler: house.clock, log, onClosed: () => void (closed += 1) });
  call.start();
  const media = () => [...house.media.legs];
  const written = (): readonly string[] => records.map((record) => (record.type === 'callClosed' ? `${record.type} ${record.reason} ${record.cause}` : record.type));
  return { call, caller, callee, media, written, closed: () => closed };
}

async function connected(house: House, options?: Parameters<typeof begin>[1]) {
  const made = begin(house, options);
  await house.after(0);
  made.callee.rings();
  made.callee.picksUp();
  await house.after(0);
  return made;
}

describe('calls by number rules', () => {
  it('rings, is answered when the callee is, meets it in a mixer of their own, and ends with either side', () =>
    inHouse(async (house) => {
      const { call, caller, callee, media, written, closed } = begin(house);
      await house.after(0);
      assert.deepEqual([caller.state, callee.state, call.stage], ['ringing', 'called', 'ringing']);
      callee.rings();
      assert.equal(caller.rung, 1);
      callee.picksUp();
      await house.after(0);
      assert.deepEqual([caller.state, call.stage, media().map(({ conference }) => conference)], ['answered', 'gateway', ['alice', 'alice']]);
      callee.ends('callee_hung_up');
      await house.after(0);
      assert.deepEqual([caller.endedBy, written(), closed()], ['callee_hung_up', ['callOpened', 'callAnswered', 'callClosed callee_hung_up BYE'], 1]);
    }));

  it('the caller hangs up: so is the callee', () =>
    inHouse(async (house) => {
      const { caller, callee } = await connected(house);
      caller.hangUp();
      await house.after(0);
      assert.equal(callee.endedBy, 'caller_hung_up');
    }));

  it('the caller cancels while it rings', () =>
    inHouse(async (house) => {
      const { caller, callee, written } = begin(house);
      await house.after(0);
      caller.hangUp();
      await house.after(0);
      assert.deepEqual([callee.endedBy, written().at(-1)], ['caller_cancelled', 'callClosed caller_cancelled SIP 487']);
    }));

  for (const [reason, status] of [['callee_busy', 486], ['callee_declined', 603], ['callee_unavailable', 480], ['signalling_lost', 503]] as const) {
    it(`${reason}: the caller is told (${status}), and not answered`, () =>
      inHouse(async (house) => {
        const { caller, callee, written } = begin(house);
        await house.after(0);
        callee.ends(reason);
        await house.after(0);
        assert.deepEqual([caller.endedBy, written()], [reason, ['callOpened', `callClosed ${reason} SIP ${status}`]]);
      }));
  }

  it('nobody answers: cancelled after the ringing limit', () =>
    inHouse(async (house) => {
      const { caller, callee } = begin(house);
      await house.after(60);
      assert.deepEqual([caller.endedBy, callee.endedBy], ['no_answer', 'no_answer']);
    }));

  it('the meeting is keyed where a conference service asks for it; keys of the caller go on to it', () =>
    inHouse(async (house) => {
      const { caller, media } = await connected(house, { dtmf: ',123#' });
      const theirs = media()[1];
      await house.after(2);
      assert.equal(theirs?.keyed, '123#');
      media()[0]?.handlers.onDigit('7', 'rtp');
      caller.sendsInfo('7');
      await house.after(0);
      assert.equal(theirs.keyed, '123#7');
      caller.hangUp();
      await house.after(0);
    }));

  it('PX-41, PX-43: no media from one side for two minutes ends it; held it does not', () =>
    inHouse(async (house) => {
      const { caller, callee, media } = await connected(house);
      const held = { lines: description.lines.map((line) => ({ ...line, direction: 'sendonly' as const })) };
      for (const leg of media()) leg.packets = 'none';
      assert.ok((await caller.offers(held)).ok);
      await house.after(100);
      assert.equal(callee.endedBy, undefined);
      await house.after(20);
      assert.deepEqual([caller.endedBy, callee.endedBy], ['no_media', 'no_media']);
    }));

  it('PX-42, PX-43: 12 h; PX-40: one side left alone in its mixer is no lone participant', () =>
    inHouse(async (house) => {
      const { caller, callee } = await connected(house);
      await house.after(12 * 3_600 - 1);
      assert.equal(caller.endedBy, undefined);
      await house.after(20);
      assert.deepEqual([caller.endedBy, callee.endedBy], ['max_duration', 'max_duration']);
    }));

  it('RFC 3261 §16.6: a call that was sent on too often calls nobody', () =>
    inHouse(async (house) => {
      const { caller, callee } = begin(house, { hopsLeft: 1 });
      await house.after(0);
      assert.deepEqual([caller.endedBy, callee.endedBy], ['callee_unavailable', 'callee_unavailable']);
    }));

  for (const point of ['allocate', 'answer', 'join'] as const) {
    it(`the caller hangs up at ${point}: nothing is left`, () =>
      inHouse(async (house) => {
        house.points.hold(point);
        const { caller, callee, closed } = begin(house);
        await house.after(0);
        if (callee.state === 'called') callee.picksUp();
        await house.after(0);
        caller.hangUp();
        house.points.letGo();
        await house.after(20);
        assert.equal(closed(), 1);
      }));
  }

  it('the media server is lost: both sides are ended', () =>
    inHouse(async (house) => {
      const { caller, callee } = await connected(house);
      house.media.lose();
      await house.after(0);
      assert.deepEqual([caller.endedBy, callee.endedBy], ['media_lost', 'media_lost']);
    }));
});
