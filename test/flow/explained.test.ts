import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guestPin, hostPin, inHouse, wrongPin, type House } from './house.ts';

/** Of one call, in order, as `stage rule outcome`. */
const decided = (house: House, call: string): readonly string[] => house.decisions.filter(({ callId }) => callId === call).map(({ stage, rule, outcome }) => `${stage} ${rule} ${outcome}`);

/** What is told of calls, as `type call: reason`. */
const told = (house: House): readonly string[] => house.events.flatMap((event) => (event.type === 'call.arrived' ? [`${event.type} ${event.callId}: ${event.data.alias}`] : event.type === 'call.refused' || event.type === 'call.ended' ? [`${event.type} ${event.callId}: ${event.data.reason}`] : []));

describe('N-02: every call has its decisions, in order', () => {
  it('steps (b) and (e): a guest waits for a host, and comes in with him', () =>
    inHouse(async (house) => {
      const guest = await house.dial('1000', 'guest');
      await guest.presses(`${wrongPin}#`);
      await guest.presses(`${guestPin}#`);
      assert.deepEqual(decided(house, 'guest'), ['arrival both_pins askPin', 'pin wrong_pin wrong', 'pin guest_pin admit', 'place closed lobby']);
      const host = await house.dial('1000', 'host');
      await host.presses(`${hostPin}#`);
      assert.deepEqual(decided(house, 'host').slice(1), ['pin host_pin admit', 'place join join']);
      assert.equal(decided(house, 'guest').at(-1), 'place join join');
      const { inputs } = house.decisions.find(({ callId, rule }) => callId === 'guest' && rule === 'closed') ?? {};
      assert.deepEqual([inputs?.['open'], inputs?.['role'], inputs?.['admittedBy'], inputs?.['waitedFor']], [false, 'guest', 'guest_pin', 'host']);
    }));

  it('step (d): full', () =>
    inHouse(async (house) => {
      await house.addRoom('4000', { participantLimit: 1 });
      await house.dial('4000', 'ann');
      await house.dial('4000', 'bob');
      assert.deepEqual(decided(house, 'bob'), ['arrival no_pins admit', 'place full end']);
    }));

  it('*1: wrong, wrong, and the third that ends the call', () =>
    inHouse(async (house) => {
      const [host, guest, other] = [await house.dial('2000', 'host'), await house.dial('2000', 'guest'), await house.dial('2000', 'other')];
      await host.presses(`${hostPin}#`);
      await guest.presses('#');
      await other.presses('#');
      for (let n = 0; n < 3; n++) await guest.presses(`*1${wrongPin}#`);
      assert.deepEqual(decided(house, 'guest').slice(-3), ['claim claim_wrong wrong', 'claim claim_wrong wrong', 'claim claim_wrong end']);
      await other.presses(`*1${hostPin}#`);
      assert.equal(decided(house, 'other').at(-1), 'claim host_claimed host');
    }));

  it('an unknown alias; at the attendant without what was keyed', () =>
    inHouse(async (house) => {
      await house.dial('5555', 'lost');
      assert.deepEqual(decided(house, 'lost'), ['arrival unknown_alias reject']);
      const caller = await house.dial('100', 'caller');
      await caller.presses(`${wrongPin}#`);
      await caller.presses('3000#');
      assert.deepEqual(decided(house, 'caller'), ['arrival attendant ask', 'arrival unknown_alias wrong', 'arrival no_pins admit', 'place join join']);
      assert.ok(!JSON.stringify(house.decisions).includes(wrongPin));
    }));

  it('section 6: a source blocked at the attendant; it learns as little by an offer that cannot be used', () =>
    inHouse(async (house) => {
      for (let n = 0; n < 20; n++) await house.dial(`77${n}`, `scan-${n}`);
      await house.dial('100', 'again');
      assert.deepEqual(decided(house, 'again'), ['arrival source_blocked reject']);
      const [room, none] = [await house.dial('1000', 'room', { kind: 'unusable', reason: 'bad_offer' }), await house.dial('7799', 'none', { kind: 'unusable', reason: 'bad_offer' })];
      assert.deepEqual([room.endedBy, none.endedBy], ['source_blocked', 'unknown_alias']);
      const other = await house.dial('1000', 'other', { kind: 'unusable', reason: 'bad_offer' }, { address: '192.0.2.77' });
      assert.deepEqual([other.endedBy, decided(house, 'other')], ['bad_offer', ['arrival media_unusable reject']]);
    }));
});

describe('events of calls', () => {
  it('each arrives and ends once; refused is who was not answered', () =>
    inHouse(async (house) => {
      const ann = await house.dial('3000', 'ann');
      await house.dial('5555', 'lost');
      house.points.hold('answer');
      const quick = house.ring('3000', 'quick');
      await house.after(0);
      quick.leg.hangUp();
      house.points.letGo();
      await house.after(0);
      await ann.hangsUp();
      assert.deepEqual(told(house), ['call.arrived ann: 3000', 'call.arrived lost: 5555', 'call.refused lost: unknown_alias', 'call.arrived quick: 3000', 'call.ended quick: caller_cancelled', 'call.ended ann: caller_hung_up']);
      const { id } = await house.room('3000');
      assert.deepEqual(house.events.filter(({ type }) => type === 'call.ended').map(({ roomId }) => roomId), [undefined, id]);
    }));
});
