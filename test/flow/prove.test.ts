import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDigestHashes } from '../../src/adapters/system/digest-hashes.ts';
import { tokenOf } from '../../src/adapters/drachtio/inbound-leg.ts';
import { DialPlanner } from '../../src/call/dial-planner.ts';
import { Registrar } from '../../src/call/registrar.ts';
import { Switchboard } from '../../src/call/switchboard.ts';
import { digestResponse, ha1Of, type DigestCredentials } from '../../src/domain/digest.ts';
import { newUser } from '../../src/domain/user.ts';
import type { AuthVerdict } from '../../src/ports/registrar.ts';
import type { Invitation } from '../../src/ports/user-call.ts';
import { FakeLeg } from '../fakes/leg.ts';
import { createLogger } from '../../src/adapters/system/log.ts';
import { hostPin, inHouse, type House } from './house.ts';

const hashes = createDigestHashes();
const realm = 'vestibule';
const secret = 'correct horse battery';

/** A call to room 5000 on its way: what it is answered before anybody takes it. */
class Ring implements Invitation {
  readonly aliases = ['5000'] as const;
  readonly address = '192.0.2.9';
  readonly caller = { name: 'somebody', number: '', uri: 'sip:here.example', source: { address: '192.0.2.9', port: 5060, transport: 'udp' } };
  readonly credentials = [];
  readonly calledHost = 'here.example';
  readonly from: Invitation['from'];
  readonly authorization: readonly DigestCredentials[];
  readonly #house: House;
  answered: Parameters<Invitation['challenge']>[0] | undefined;
  leg: FakeLeg | undefined;

  constructor(house: House, from: Invitation['from'], authorization: readonly DigestCredentials[] = []) {
    this.#house = house;
    this.from = from;
    this.authorization = authorization;
  }

  takeLeg(identity?: string): FakeLeg {
    this.leg = new FakeLeg(`${this.from.user}${identity ?? ''}`, '5000', this.#house.points, undefined, identity === undefined ? {} : { identity });
    return this.leg;
  }

  takeForUser(): never {
    throw new Error('a room was called');
  }

  refuse(verdict: Exclude<AuthVerdict, { readonly kind: 'authenticated' }>): void {
    this.answered = verdict;
  }

  challenge(verdict: Parameters<Invitation['challenge']>[0]): void {
    this.answered = verdict;
  }
}

/** Nobody is called. */
const calling = (house: House, registrar: Registrar) => ({
  planner: new DialPlanner({ registrar, isOurs: () => false }),
  port: {
    available: true,
    dial: () => {
      throw new Error('somebody was called');
    },
  },
  gateway: { media: house.media, ending: house.policy.ending, language: 'en' },
});

function proof(ring: Ring, username: string, given: string): readonly DigestCredentials[] {
  assert.ok(ring.answered?.kind === 'challenge');
  const { nonce } = ring.answered.challenge;
  const made = { uri: 'sip:5000@here.example', nonce, nc: '00000001', cnonce: 'x', qop: 'auth' };
  return [{ username, realm, algorithm: 'SHA-256', ...made, response: digestResponse(hashes, 'SHA-256', ha1Of(hashes, 'SHA-256', username, realm, given), 'INVITE', made) }];
}

describe('policy section 1, row 4: who says he is a user of ours proves it', () => {
  it('M-13 CO-04: challenged; right: host without a PIN; wrong, or another user: 403; strangers are never challenged', () =>
    inHouse(async (house) => {
      const log = createLogger('error', { write: () => undefined });
      const ha1 = (name: string) => ({ MD5: ha1Of(hashes, 'MD5', name, realm, secret), 'SHA-256': ha1Of(hashes, 'SHA-256', name, realm, secret) });
      for (const name of ['olga', 'otto']) await house.stores.users.add(newUser({ name, display: '', privilege: 'creation', sip: { realm, ha1: ha1(name) } }, 0), () => ({ events: [] }));
      await house.addRoom('5000', { host: hostPin, owner: 'olga' });
      const registrar = new Registrar({ store: house.stores.users, realm, algorithms: ['SHA-256'], hashes, rules: { minExpires: 60, maxExpires: 3_600, defaultExpires: 600, contactsPerUser: 5 }, scheduler: house.clock, log });
      assert.ok((await registrar.start()).ok);
      const board = new Switchboard({ registry: house.registry, registrar, rooms: house.stores.rooms, attendantAliases: [], callsFrom: 'users', ringingMs: 1, longestMs: 1, callLimit: 100, ...calling(house, registrar), cdr: { record: () => undefined }, onDecision: (decision) => house.decisions.push(decision), scheduler: house.clock, log });
      const ring = async (from: Invitation['from'], authorization?: readonly DigestCredentials[]): Promise<Ring> => {
        const made = new Ring(house, from, authorization);
        board.arrive(made);
        await house.after(0);
        return made;
      };
      const olga = { user: 'olga', host: 'here.example' };
      const asked = await ring(olga);
      assert.deepEqual([asked.answered?.kind, asked.leg], ['challenge', undefined]);
      await ring(olga, proof(asked, 'olga', secret));
      assert.deepEqual(house.participants('5000').map(({ caller, rule }) => [caller, rule]), [['olgaolga', 'owner']]);
      assert.equal((await ring(olga, proof(await ring(olga), 'olga', 'a guess'))).answered?.kind, 'forbidden');
      assert.equal((await ring(olga, proof(await ring(olga), 'otto', secret))).answered?.kind, 'forbidden');
      for (const stranger of [{ user: 'olga', host: 'elsewhere.example' }, { user: 'eve', host: 'here.example' }]) assert.equal((await ring(stranger)).answered, undefined);
      house.registry.cutAll('shutdown');
      await registrar.stop();
    }));

  it('the token of a link, of the user part or of the URI', () => {
    const token = 'abcdefghjkmnpqrstuvwxyz234';
    assert.deepEqual([`sip:1000;token=${token}@h`, `sip:1000@h;token=${token}`, `sip:1000@h;transport=tcp;token=${token}?x=y`, 'sip:1000@h;token=short', 'sip:1000@h', `sip:1000@h;xtoken=${token}`].map(tokenOf), [token, token, token, undefined, undefined, undefined]);
  });
});
