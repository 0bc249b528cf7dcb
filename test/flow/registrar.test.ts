import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { createDigestHashes } from '../../src/adapters/system/digest-hashes.ts';
import { createLogger } from '../../src/adapters/system/log.ts';
import { Registrar } from '../../src/call/registrar.ts';
import { digestResponse, ha1Of, type Ha1 } from '../../src/domain/digest.ts';
import { newUser, type User } from '../../src/domain/user.ts';
import { err } from '../../src/lib/result.ts';
import type { Challenge, RegisterAnswer, Registration } from '../../src/ports/registrar.ts';
import type { UserStore } from '../../src/ports/users.ts';
import { FakeClock } from '../fakes/clock.ts';

const hashes = createDigestHashes();
const realm = 'vestibule';
const secret = 'open sesame';
const ha1 = (name: string): Ha1 => ({ MD5: ha1Of(hashes, 'MD5', name, realm, secret), 'SHA-256': ha1Of(hashes, 'SHA-256', name, realm, secret) });
const userOf = (name: string): User => newUser({ name, display: '', sip: { realm, ha1: ha1(name) } }, 0);

/** A registrar over a real database and a clock moved by hand; `open` again is a restart. */
class Office {
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  readonly registrars: Registrar[] = [];
  #cseq = 0;
  #failing = false;

  readonly #users: UserStore;

  private constructor(users: UserStore) {
    this.#users = { ...bound(users), writeBindings: (changes) => (this.#failing ? Promise.resolve(err({ code: 'store_full' as const, message: 'full', advice: '' })) : users.writeBindings(changes)) };
  }

  static async open(t: TestContext, ...names: string[]): Promise<Office> {
    const dir = mkdtempSync(join(tmpdir(), 'vestibule-registrar-'));
    const stores = await openStores({ dataDir: dir, secretFile: join(dir, 'secret.key'), lockWaitMs: 0 });
    assert.ok(stores.ok);
    const office = new Office(stores.value.users);
    t.after(async () => {
      for (const registrar of office.registrars) await registrar.stop();
      await stores.value.close();
      rmSync(dir, { recursive: true, force: true });
    });
    for (const name of names) assert.ok((await stores.value.users.add(userOf(name), untold)).ok);
    return office;
  }

  async start(): Promise<Registrar> {
    const registrar = new Registrar({
      store: this.#users,
      realm,
      algorithms: ['SHA-256', 'MD5'],
      hashes,
      rules: { minExpires: 60, maxExpires: 3_600, defaultExpires: 600, contactsPerUser: 3 },
      scheduler: this.clock,
      log: createLogger('debug', { write: (line) => void this.log.push(line) }),
    });
    assert.ok((await registrar.start()).ok);
    this.registrars.push(registrar);
    return registrar;
  }

  /** The disk is full, or is not any more. */
  disk(state: 'full' | 'free'): void {
    this.#failing = state === 'full';
  }

  request(user: string, change: Partial<Registration> = {}): Registration {
    const contact = { key: `${user}-phone`, uri: `sip:${user}@192.0.2.1`, host: '192.0.2.1', parameters: '', expires: undefined };
    return { user, credentials: [], callId: user, cseq: ++this.#cseq, contacts: { kind: 'list', list: [contact] }, expires: undefined, path: [], source: { address: '192.0.2.1', port: 5060, transport: 'udp' }, userAgent: '', ...change };
  }

  /** Asks, is challenged, and asks again with the secret. */
  register(registrar: Registrar, user: string, given = secret, change: Partial<Registration> = {}): RegisterAnswer {
    const challenged = registrar.register(this.request(user, change));
    if (challenged.kind !== 'challenge') return challenged;
    return registrar.register(this.request(user, { credentials: [answerTo(challenged.challenge, user, given)], ...change }));
  }
}

const bound = (users: UserStore): UserStore => ({
  all: () => users.all(),
  list: (query) => users.list(query),
  byName: (name) => users.byName(name),
  countWithPassword: () => users.countWithPassword(),
  add: (user, trail) => users.add(user, trail),
  change: (name, version, change, trail) => users.change(name, version, change, trail),
  remove: (names, trail) => users.remove(names, trail),
  passwordHash: (name) => users.passwordHash(name),
  setPassword: (name, password, trail) => users.setPassword(name, password, trail),
  setSip: (name, sip, trail) => users.setSip(name, sip, trail),
  bindings: () => users.bindings(),
  writeBindings: (changes) => users.writeBindings(changes),
});

const untold = () => ({ events: [] });

function answerTo({ nonce }: Challenge, username: string, given: string, nc = '00000001') {
  const made = { uri: 'sip:example.com', nonce, nc, cnonce: 'c' };
  return { username, realm, algorithm: 'SHA-256', qop: 'auth', ...made, response: digestResponse(hashes, 'SHA-256', ha1Of(hashes, 'SHA-256', username, realm, given), 'REGISTER', made) };
}

describe('the registrar', () => {
  it('RFC 3261 §22.4: challenges, then registers', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    assert.equal(registrar.register(office.request('alice')).kind, 'challenge');
    assert.deepEqual(office.register(registrar, 'alice'), { kind: 'registered', bindings: [{ uri: 'sip:alice@192.0.2.1', parameters: '', expires: 600 }] });
    assert.equal(registrar.contacts('ALICE').length, 1);
  });

  it('§10.3 step 4: nobody registers somebody else', async (t) => {
    const office = await Office.open(t, 'alice', 'bob');
    const registrar = await office.start();
    const challenged = registrar.register(office.request('alice'));
    assert.ok(challenged.kind === 'challenge');
    assert.equal(registrar.register(office.request('alice', { credentials: [answerTo(challenged.challenge, 'bob', secret)] })).kind, 'forbidden');
    assert.deepEqual(registrar.contacts('alice'), []);
  });

  it('RFC 7616 §3.3: a nonce that is old is replaced, said to be stale', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    const challenged = registrar.register(office.request('alice'));
    assert.ok(challenged.kind === 'challenge');
    await office.clock.advance(61_000);
    const late = registrar.register(office.request('alice', { credentials: [answerTo(challenged.challenge, 'alice', secret)] }));
    assert.ok(late.kind === 'challenge' && late.challenge.why === 'stale');
    assert.equal(registrar.register(office.request('alice', { credentials: [answerTo(late.challenge, 'alice', secret)] })).kind, 'registered');
  });

  it('a user there is not is answered as one with a wrong secret, to the last wait', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    const answers = (user: string, address: string): readonly string[] =>
      Array.from({ length: 13 }, () => {
        const answer = office.register(registrar, user, 'wrong', { source: { address, port: 5060, transport: 'udp' } });
        return answer.kind === 'wait' ? `wait ${answer.seconds}` : answer.kind;
      });
    const known = answers('alice', '192.0.2.8');
    assert.deepEqual(answers('nobody', '192.0.2.9'), known);
    assert.equal(known.at(-1), 'wait 1');
  });

  it('a guesser shuts out his address, not who is registered from there, nor other addresses', async (t) => {
    const office = await Office.open(t, 'alice', 'bob');
    const registrar = await office.start();
    assert.equal(office.register(registrar, 'alice').kind, 'registered');
    for (let time = 0; time < 11; time++) office.register(registrar, 'bob', 'wrong');
    assert.equal(office.register(registrar, 'bob').kind, 'wait');
    assert.equal(office.register(registrar, 'alice').kind, 'registered');
    assert.equal(office.register(registrar, 'bob', secret, { source: { address: '192.0.2.7', port: 5060, transport: 'udp' } }).kind, 'registered');
    await office.clock.advance(1_000);
    assert.equal(office.register(registrar, 'bob').kind, 'registered');
  });

  it('a registration not renewed is over, and leaves memory and database', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    office.register(registrar, 'alice');
    await office.clock.advance(599_999);
    assert.equal(registrar.contacts('alice').length, 1);
    await office.clock.advance(1);
    assert.equal(registrar.contacts('alice').length, 0);
    await office.clock.advance(61_000);
    assert.equal((await office.start()).contacts('alice').length, 0);
  });

  it('a restart keeps what is registered', async (t) => {
    const office = await Office.open(t, 'alice');
    const first = await office.start();
    office.register(first, 'alice');
    const bindings = first.contacts('alice');
    await first.stop();
    assert.deepEqual((await office.start()).contacts('alice'), bindings);
  });

  it('while the database cannot be written registrations are taken; they are written once it can', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    office.disk('full');
    assert.equal(office.register(registrar, 'alice').kind, 'registered');
    await office.clock.advance(20_000);
    assert.equal(office.log.filter((line) => line.includes('store_full')).length, 1);
    office.disk('free');
    await office.clock.advance(5_000);
    assert.equal((await office.start()).contacts('alice').length, 1);
  });

  it('a user removed is registered no more, a user added at once', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    office.register(registrar, 'alice');
    registrar.userRemoved('alice');
    assert.deepEqual(registrar.contacts('alice'), []);
    assert.equal(office.register(registrar, 'alice').kind, 'challenge');
    registrar.userAdded(userOf('alice'));
    assert.equal(office.register(registrar, 'alice').kind, 'registered');
  });

  it('no secret, nor anything made of one, is in the log', async (t) => {
    const office = await Office.open(t, 'alice');
    const registrar = await office.start();
    office.register(registrar, 'alice');
    office.register(registrar, 'alice', 'wrong');
    const text = office.log.join('');
    for (const hidden of [secret, ...Object.values(ha1('alice'))]) assert.ok(!text.includes(hidden));
  });
});
