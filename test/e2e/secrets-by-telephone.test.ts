import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { newRoomSettings } from '../../src/domain/room.ts';
import { Program, runMain } from './harness/program.ts';
import { Phones } from './harness/session.ts';
import { credentials, nonceOf, userSecret } from './harness/users.ts';
import type { Phone } from './phone/phone.ts';

const room = '7000';
// Nine digits: no time, port or id of a session has them by chance.
const hostPin = '135792468';
const guestPin = '864209753';
const memberPin = '975318642';
const wrongPin = '246813579';
const passwords = { first: 'from-the-installer-9', wrong: 'a-wrong-guess-9', user: 'password-of-olga-9' };

interface Links {
  readonly moderator: string;
  readonly member: string;
}

/** A room with PINs, an owner, and a member with a PIN and a link. */
async function furnish(dataDir: string): Promise<Links> {
  assert.equal((await runMain(dataDir, ['user', 'add', '--name', 'olga', '--secret', userSecret])).code, 0);
  const opened = await openStores({ dataDir, secretFile: join(dataDir, 'secret.key'), lockWaitMs: 1_000 });
  assert.ok(opened.ok, JSON.stringify(opened));
  const { rooms, members } = opened.value;
  const untold = () => ({ events: [] });
  const added = await rooms.add(newRoomSettings({ name: 'Room', aliases: [room], owner: 'olga' }), { host: new Pin(hostPin), guest: new Pin(guestPin) }, untold);
  assert.ok(added.ok, JSON.stringify(added));
  const { id } = added.value;
  const member = await members.add(id, { id: 'ext-eva', kind: 'external', name: 'Eva', role: 'speaker', overrides: {}, pin: new Pin(memberPin) }, untold);
  assert.ok(member.ok, JSON.stringify(member));
  const [links, token] = [await rooms.links(id), await members.token(id, 'ext-eva')];
  assert.ok(links.ok && token.ok && token.value !== undefined);
  await opened.value.close();
  return { moderator: links.value.moderator, member: token.value };
}

async function byInfo(phone: Phone, digits: string): Promise<void> {
  for (const digit of digits) assert.equal((await phone.info(digit, 'application/dtmf-relay')).status, 200);
}

/** Every way to say a secret on the telephone: PINs by RFC 4733 and INFO, right, wrong and not submitted, `*1`, links, digest. */
async function telephone(program: Program, links: Links): Promise<readonly string[]> {
  const phones = new Phones(program);
  const is = (name: string, rule: string): Promise<unknown> => program.untilRoom(room, `${name} by ${rule}`, (participants) => participants.some((participant) => participant.rule === rule));
  const told: string[] = [];
  try {
    const guest = await phones.phone('guest');
    await guest.call(room);
    await guest.press(`${wrongPin}#`);
    await guest.press(`${guestPin}#`);
    await is('guest', 'guest_pin');
    const host = await phones.phone('host');
    await host.call(room);
    await byInfo(host, `${wrongPin}#${hostPin}#`);
    await is('host', 'host_pin');
    // What is keyed by another form within two seconds would be taken for an echo.
    await guest.press(`*1${hostPin}#`);
    await program.untilRoom(room, 'two hosts', (participants) => participants.filter(({ role }) => role === 'host').length === 2);
    const byPin = await phones.phone('member');
    await byPin.call(room);
    await byInfo(byPin, `${memberPin}#`);
    await is('the member', 'member_pin');
    await byPin.hangUp();
    const byLink = await phones.phone('linked');
    await byLink.call(`${room};token=${links.member}`);
    await is('the member', 'member_credential');
    const moderator = await phones.phone('moderator');
    await moderator.call(`${room};token=${links.moderator}`);
    await is('the bearer of the link', 'moderator_link');
    const unknown = await phones.phone('unknown');
    await unknown.call(`${room};token=${'q7'.repeat(13)}`);
    await byInfo(unknown, hostPin);
    await unknown.hangUp();
    const olga = await phones.phone('olga');
    const asked = await olga.dial(room);
    assert.equal(asked.status, 401);
    const nonce = nonceOf(asked.headers.get('www-authenticate')?.[0] ?? '');
    const proof = credentials('olga', 'INVITE', `sip:${room}@${program.sip.host}:${program.sip.port}`, nonce, 'MD5');
    told.push(/response="([^"]+)"/.exec(proof)?.[1] ?? '');
    await olga.call(room, { headers: [`Authorization: ${proof}`] });
    await is('olga', 'owner');
  } finally {
    await phones.end();
  }
  return told;
}

/** Logs in, right and wrong, and makes secrets by the API; those it was shown. */
async function manage(url: string): Promise<readonly string[]> {
  const ask = async (method: string, path: string, body: unknown, bearer = ''): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }) };
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  await ask('POST', '/auth/login', { name: 'admin', password: passwords.wrong });
  const { accessToken, refreshToken } = await ask('POST', '/auth/login', { name: 'admin', password: passwords.first });
  assert.ok(typeof accessToken === 'string' && typeof refreshToken === 'string');
  const { key } = await ask('POST', '/api-keys', { name: 'program', scopes: ['users:read'] }, accessToken);
  assert.ok(typeof key === 'string', 'an API key is shown once');
  await ask('GET', '/users', undefined, key);
  const changed = await ask('PUT', '/users/olga/password', { password: passwords.user }, accessToken);
  const asked = await ask('POST', '/auth/login', { name: 'olga', password: passwords.user });
  assert.ok(!JSON.stringify([changed, asked]).includes(passwords.user));
  return [accessToken, refreshToken, key];
}

/** As it is, and as it might be packed. */
const formsOf = (secret: string): readonly string[] => [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('hex')];

describe('secrets of a real session', () => {
  it('N-05: no PIN, password, token or proof is in the log at trace, on the terminal, in the database or in what a process is asked', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-secrets-'));
    let program: Program | undefined;
    try {
      const links = await furnish(dataDir);
      program = await Program.start({ dataDir, env: { VESTIBULE_LOG_LEVEL: 'trace', VESTIBULE_ADMIN_INITIAL_PASSWORD: passwords.first, VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5' } });
      const proofs = await telephone(program, links);
      const shown = await manage(/Manage it at (\S+)\/api\/v1\/docs/.exec(program.stdout)?.[1] ?? '');
      const asked = JSON.stringify([await program.status(), await program.debugState(), await program.cli('room', 'list', '--json'), await program.cli('user', 'list', '--json'), await program.cli('api', 'GET', '/audit')]);
      // While it runs part of the database is in the log of SQLite; kill -9 leaves it there.
      program.signal('SIGKILL');
      await assert.rejects(program.exit());
      const files = readdirSync(dataDir).filter((name) => name.includes('.db') || name.includes('sqlite'));
      assert.ok(files.length > 0, readdirSync(dataDir).join(', '));
      const database = files.map((name) => readFileSync(join(dataDir, name), 'latin1')).join('');
      const places = { log: program.log, terminal: program.stdout, database, asked };
      assert.ok(places.log.includes('member_credential') && places.database.includes('ext-eva') && places.asked.includes('olga'), 'these are the places where it would be');
      const secrets: Readonly<Record<string, string>> = { hostPin, guestPin, memberPin, wrongPin, unknownToken: 'q7'.repeat(13), sipSecret: userSecret, ...passwords, ...links, ...Object.fromEntries([...proofs, ...shown].entries()) };
      for (const [place, text] of Object.entries(places)) {
        // The guest's PIN is for invitations, which the administrator of this machine may list.
        const secretHere = Object.entries(secrets).filter(([name]) => place !== 'asked' || name !== 'guestPin');
        for (const [name, secret] of secretHere) for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${name} is in the ${place}`);
      }
      assert.ok(!/"(digits?|dtmf|keys?|pin|password|token|authorization)":/i.test(places.log), 'no field of the log is for secrets');
    } finally {
      program?.signal('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
