import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { secrets } from '../../../src/adapters/system/secrets.ts';
import { newRoomSettings } from '../../../src/domain/room.ts';
import { Sessions } from '../../../src/manage/sessions.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { Passwords } from '../../../src/ports/passwords.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import type { TokenSubject } from '../../../src/ports/tokens.ts';
import { Folder, must, untold } from '../adapters/sqlite/fixture.ts';

const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => quiet };
/** What a hash costs is tested elsewhere: here tens of thousands of guesses are made. */
const plain: Passwords = { hash: (password) => Promise.resolve({ ok: true, value: password }), verify: (hash, password) => Promise.resolve({ ok: true, value: hash === password ? 'right' : 'wrong' }) };

interface Desk {
  readonly stores: Stores;
  readonly sessions: Sessions;
  readonly clock: { now: number };
  readonly login: (password: string, from: string, name?: string) => Promise<string>;
}

async function desk(t: TestContext): Promise<Desk> {
  const stores = await new Folder(t).open();
  const clock = { now: 1_700_000_000_000 };
  const sessions = new Sessions({ ...stores, passwords: plain, secrets, lifetimes: { access: 900_000, refresh: 86_400_000 }, now: () => clock.now, log: quiet });
  must(await stores.users.add({ name: 'alice', display: '', privilege: 'administrator', mustChangePassword: false, passwordHash: 'right' }, untold));
  const login = async (password: string, from: string, name = 'alice'): Promise<string> => {
    const session = await sessions.login({ name, password }, { from, userAgent: '' });
    return session.ok ? 'in' : session.error.code;
  };
  return { stores, sessions, clock, login };
}

describe('guessing passwords (policy.md section 6, N-06)', () => {
  for (const sources of [1, 10, 1_000]) {
    it(`10,000 guesses from ${sources} sources in ten minutes: few are judged, and the owner logs in meanwhile`, async (t) => {
      const { clock, login } = await desk(t);
      let judged = 0;
      for (let guess = 0; guess < 10_000; guess++) {
        clock.now += 60;
        if ((await login(`guess${guess}`, `10.0.${Math.floor(guess % sources / 256)}.${guess % sources % 256}`)) === 'credentials_wrong') judged += 1;
      }
      assert.ok(judged <= sources * 20, `${judged} were judged`);
      assert.equal(await login('right', '192.0.2.1'), 'in');
    });
  }

  it('guesses made at the same time learn no more than one after the other', async (t) => {
    const { login } = await desk(t);
    const answers = await Promise.all([...Array.from({ length: 40 }, (_, index) => login(`guess${index}`, '192.0.2.9')), login('right', '192.0.2.9')]);
    assert.equal(answers.at(-1), 'too_many_attempts');
    assert.ok(answers.filter((answer) => answer === 'credentials_wrong').length <= 6);
  });

  it('a right password forgets the wrong ones of this account from there', async (t) => {
    const { login } = await desk(t);
    for (let round = 0; round < 4; round++) {
      for (let wrong = 0; wrong < 5; wrong++) assert.equal(await login('wrong', '192.0.2.9'), 'credentials_wrong');
      assert.equal(await login('right', '192.0.2.9'), 'in');
    }
  });
});

describe('tokens of rooms', () => {
  let permissionsOf: (stores: Stores, sessions: Sessions, subject: TokenSubject) => Promise<string>;
  before(() => {
    permissionsOf = async (stores, sessions, subject) => {
      const token = secrets.token();
      must(await stores.tokens.add([{ hash: secrets.hash(token), use: 'access', subject, family: 'f', createdAt: 0, expiresAt: 2_000_000_000_000, from: '', userAgent: '' }]));
      const signedIn = await sessions.authenticate(token);
      if (!signedIn.ok) return signedIn.error.code;
      const { actor } = signedIn.value;
      return actor.kind === 'member' ? `${actor.member}: ${actor.permissions.has('canKickParticipants') ? 'kicks' : 'kicks not'}` : actor.kind;
    };
  });

  it('OV-43, OV-44: a member has the permissions in force', async (t) => {
    const { stores, sessions } = await desk(t);
    const room = must(await stores.rooms.add(newRoomSettings({ name: 'Team', aliases: ['2000'] }), {}, untold)).id;
    const eve = { id: 'ext-abcdefgh', kind: 'external', name: 'Eve', role: 'moderator', overrides: {} } as const;
    must(await stores.members.add(room, eve, untold));
    const subject: TokenSubject = { kind: 'member', room, member: eve.id };
    assert.equal(await permissionsOf(stores, sessions, subject), 'ext-abcdefgh: kicks');
    must(await stores.members.change(room, { ...eve, overrides: { canKickParticipants: false } }, untold));
    assert.equal(await permissionsOf(stores, sessions, subject), 'ext-abcdefgh: kicks not');
  });

  it('OV-05: a link gives its role, until it is disabled', async (t) => {
    const { stores, sessions } = await desk(t);
    const settings = newRoomSettings({ name: 'Team', aliases: ['2000'] });
    const room = must(await stores.rooms.add(settings, {}, untold)).id;
    assert.equal(await permissionsOf(stores, sessions, { kind: 'link', room, role: 'moderator' }), 'moderator: kicks');
    assert.equal(await permissionsOf(stores, sessions, { kind: 'link', room, role: 'speaker' }), 'speaker: kicks not');
    must(await stores.rooms.change(room, undefined, { settings: { ...settings, anonymous: { moderator: { enabled: false }, speaker: { enabled: true } } } }, untold));
    assert.equal(await permissionsOf(stores, sessions, { kind: 'link', room, role: 'moderator' }), 'token_invalid');
  });
});
