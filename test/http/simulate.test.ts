import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Room } from '../../src/domain/room.ts';
import { Simulator, type SupposedCall, type Supposition } from '../../src/manage/simulate.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { guestPin, hostPin, House, wrongPin } from '../flow/house.ts';
import { codeOf, must } from './house.ts';
import { OperationsHouse, shippedPolicy } from './operations-house.ts';

const caller: Pick<SupposedCall, 'source' | 'media'> = { source: { address: '198.51.100.7' }, media: 'clear' };

describe('POST /policy/simulate: what a real call then gets (N-02)', () => {
  let house: House;
  let simulator: Simulator;
  let calls = 0;

  before(async () => {
    house = await House.open();
    simulator = new Simulator({ rooms: house.stores.rooms, view: house.registry, policy: shippedPolicy(), attendantAliases: ['100'], now: () => house.clock.now() });
  });
  after(() => house.close());

  const simulate = async (given: Partial<SupposedCall> & Pick<SupposedCall, 'alias'>): Promise<Supposition> => must(await simulator.simulate({ ...caller, ...given }));

  /** What a call made now is told to have been given, by the state of the room. */
  async function real(alias: string, keys: string): Promise<{ readonly rule: string; readonly role: string; readonly place: string } | 'asked'> {
    calls += 1;
    const name = `Probe ${calls}`;
    const call = await house.dial(alias, name);
    if (keys !== '') await call.presses(keys);
    const found = house.registry.roomStatus().flatMap(({ participants }) => participants).find(({ id }) => id === name);
    return found === undefined ? 'asked' : { rule: found.rule, role: found.role, place: found.place };
  }

  const rows: readonly (readonly [name: string, alias: string, keyed: string])[] = [
    ['row 7: no PINs (PX-27)', '3000', ''],
    ['row 9: host PIN only, closed, asked', '2000', ''],
    ['row 9: host PIN (PX-07)', '2000', hostPin],
    ['row 8: host PIN only, now open (PX-12)', '2000', ''],
    ['row 10: both PINs, asked (PX-13)', '1000', ''],
    ['row 10: guest PIN into the lobby (PX-08)', '1000', guestPin],
    ['row 10: wrong PIN, asked again', '1000', wrongPin],
    ['row 10: host PIN opens', '1000', hostPin],
    ['row 10: guest PIN, now open', '1000', guestPin],
  ];
  for (const [name, alias, keyed] of rows) {
    it(`${name}: simulated as it then is`, async () => {
      const supposed = await simulate({ alias, ...(keyed === '' ? {} : { keyed: { kind: 'pin', pin: new Pin(keyed) } }) });
      const then = await real(alias, keyed === '' ? '' : `${keyed}#`);
      const grant = supposed.decisions.filter(({ stage }) => stage !== 'place').at(-1)?.rule;
      const role = supposed.role === 'moderator' ? 'host' : 'guest';
      assert.deepEqual(supposed.result === 'asked' ? 'asked' : { rule: grant, role, place: supposed.result }, then);
    });
  }

  it('changes nothing and counts nothing: a hundred wrong PINs later the same is simulated', async () => {
    const before = await simulate({ alias: '1000' });
    for (let n = 0; n < 100; n++) await simulate({ alias: '1000', keyed: { kind: 'pin', pin: new Pin(wrongPin) } });
    assert.deepEqual(await simulate({ alias: '1000' }), before);
  });

  it('row 1: unknown alias; the attendant', async () => {
    assert.deepEqual((await simulate({ alias: '4711' })).reason, 'unknown_alias');
    assert.equal((await simulate({ alias: '100' })).result, 'attendant');
  });

  it('rows 4 and 6: an administrator, a link', async () => {
    const links = must(await house.stores.rooms.links((await house.room('1000')).id));
    assert.deepEqual((await simulate({ alias: '1000', source: { identity: 'root', address: '' } })).decisions[0]?.rule, 'administrator');
    assert.deepEqual((await simulate({ alias: '1000', token: links.speaker })).decisions[0]?.rule, 'speaker_link');
    assert.deepEqual((await simulate({ alias: '1000', token: 'nonsense' })).result, 'asked');
  });

  it('row 9: nothing keyed is a guest in the lobby; row 10: the end', async () => {
    await house.addRoom('2900', { host: hostPin });
    assert.deepEqual([(await simulate({ alias: '2900', keyed: { kind: 'nothing' } })).waitsFor, (await simulate({ alias: '1000', keyed: { kind: 'nothing' } })).reason], ['host', 'pin_timeout']);
  });

  it('row 2: a scheduled room before, early, inside and after, at a time given', async () => {
    const room: Room = await house.addRoom('5000', { schedule: { start: '2026-03-01T10:00:00', timeZone: 'UTC', durationMs: 3_600_000 } });
    const start = Date.UTC(2026, 2, 1, 10);
    const at = async (time: number) => {
      const { result, reason, waitsFor } = await simulate({ alias: '5000', at: time });
      return [result, reason ?? waitsFor];
    };
    assert.equal(room.pins.host, undefined);
    assert.deepEqual(await at(start - 3_600_000), ['ended', 'not_started_yet']);
    assert.deepEqual(await at(start - 300_000), ['lobby', 'start']);
    assert.deepEqual(await at(start + 60_000), ['conference', undefined]);
    assert.deepEqual(await at(start + 3_600_001), ['ended', 'has_ended']);
  });
});

describe('POST /policy/simulate by REST', () => {
  let house: OperationsHouse;
  before(async () => {
    house = await OperationsHouse.open();
  });
  after(() => house.close());

  it('for administrators; the PIN of the request is nowhere afterwards', async () => {
    await house.room({ aliases: ['2000'] });
    const bearer = await house.api.signedIn('root', 'administrator');
    const reply = await house.api.ask('POST', '/api/v1/policy/simulate', { bearer, body: { alias: '2000', pin: '918273' } });
    assert.equal((reply.body as Supposition).result, 'conference');
    assert.doesNotMatch(reply.text + house.api.log.join(''), /918273/);
    const full = await house.api.signedIn('vera', 'full_control');
    assert.equal(codeOf(await house.api.ask('POST', '/api/v1/policy/simulate', { bearer: full, body: { alias: '2000' } })), 'not_permitted');
    assert.equal(codeOf(await house.api.ask('POST', '/api/v1/policy/simulate', { bearer, body: { alias: '2000', identity: 'nobody' } })), 'user_unknown');
  });

  it('policy section 6: a blocked source and a room that is guessed at are told', async () => {
    const bearer = await house.api.signedIn('root2', 'administrator');
    const ask = async (more: object = {}) => (await house.api.ask('POST', '/api/v1/policy/simulate', { bearer, body: { alias: '2000', ...more } })).body as Supposition;
    house.view.source = { kind: 'blocked' };
    assert.deepEqual([(await ask()).reason, (await ask({ identity: 'root' })).result], ['source_blocked', 'conference']);
  });
});
