import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MemberView } from '../../src/manage/member-view.ts';
import type { RoomView } from '../../src/manage/room-view.ts';
import { Program } from './harness/program.ts';
import { withPhones } from './harness/session.ts';
import { until } from './harness/wait.ts';
import { header } from './phone/sip-message.ts';

/** Nine digits are in no time stamp and no counter by chance. */
const hostPin = '918273645';
const guestPin = '564738291';
const otherGuestPin = '746352819';
const memberPin = '283746519';
const wrongEntry = '659182736';
const passwords = { admin: 'correct horse battery', carol: 'staple for carol', carolsOwn: 'chosen by carol', sip: 'secret of a telephone' };

type Session = Readonly<Record<'accessToken' | 'refreshToken', string>>;

/** A program whose API is used as people use it. `told`: every secret it has told or was told. */
async function scripted(test: (program: Program, api: Api, told: Set<string>) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-secrets-'));
  const program = await Program.start({ dataDir, env: { VESTIBULE_ADMIN_INITIAL_PASSWORD: passwords.admin, VESTIBULE_LOG_LEVEL: 'trace', VESTIBULE_INVITATION_PHONE_NUMBER: '+4930123456' } });
  try {
    const base = `${/Manage it at (\S+)\/api\/v1\/docs/.exec(program.stdout)?.[1] ?? ''}/api/v1`;
    await test(program, new Api(base), new Set<string>([hostPin, guestPin, otherGuestPin, memberPin, wrongEntry, ...Object.values(passwords)]));
  } finally {
    program.signal('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

class Api {
  readonly #base: string;
  bearer = '';

  constructor(base: string) {
    this.#base = base;
  }

  async ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const reply = await fetch(`${this.#base}${path}`, { method, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(this.bearer === '' ? {} : { authorization: `Bearer ${this.bearer}` }), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return (reply.headers.get('content-type')?.startsWith('application/json') === true ? JSON.parse(text) : text) as T;
  }

  async refused(method: string, path: string, body: unknown): Promise<number> {
    const reply = await fetch(`${this.#base}${path}`, { method, headers: { 'content-type': 'application/json', authorization: `Bearer ${this.bearer}` }, body: JSON.stringify(body) });
    await reply.arrayBuffer();
    return reply.status;
  }
}

const tokenIn = (url = ''): string => /\/r\/(\w+)$/.exec(url)?.[1] ?? assert.fail('no token');

describe('secrets of a session over API and telephone', () => {
  it('are found neither in log, database (events, audit, call records, decisions) nor any other file; links and member PINs let in, and a removed member is out at once (OV-02, OV-06, OV-46)', () =>
    scripted(async (program, api, told) => {
      const keep = <T extends string>(secret: T): T => {
        told.add(secret);
        return secret;
      };
      const login = await api.ask<Session>('POST', '/auth/login', { name: 'admin', password: passwords.admin });
      const session = await api.ask<Session>('POST', '/auth/refresh', { refreshToken: keep(login.refreshToken) });
      api.bearer = keep(session.accessToken);
      keep(login.accessToken);
      keep(session.refreshToken);
      await api.ask('POST', '/users', { name: 'carol', password: passwords.carol, sip: { secret: passwords.sip } });
      keep((await api.ask<{ sipSecret: string }>('PUT', '/users/carol/sip-secret', { sip: 'generate' })).sipSecret);
      await api.ask('PUT', '/users/carol/password', { password: passwords.carolsOwn });
      keep((await api.ask<{ key: string }>('POST', '/api-keys', { name: 'backup', scopes: ['rooms:read'] })).key);

      const idempotent = { 'idempotency-key': 'first-room' };
      const room = await api.ask<RoomView>('POST', '/rooms', { aliases: ['2000'], name: 'Team', pins: { host: hostPin, guest: guestPin } }, idempotent);
      await api.ask('POST', '/rooms', { aliases: ['2000'], name: 'Team', pins: { host: hostPin, guest: guestPin } }, idempotent);
      const path = `/rooms/${room.id}`;
      const moderator = keep(tokenIn(room.anonymous?.moderator.accessUrl));
      const speaker = keep(tokenIn(room.anonymous?.speaker.accessUrl));
      const eve = await api.ask<MemberView>('POST', `${path}/members`, { name: 'Eve', baseRole: 'moderator', pin: memberPin }, { 'idempotency-key': 'eve' });
      const memberLink = keep(tokenIn(eve.accessUrl));
      keep((await api.ask<{ accessToken: string }>('POST', '/member-session', { token: memberLink })).accessToken);
      await api.ask('PATCH', `${path}/pins`, { guest: otherGuestPin });
      assert.equal(await api.refused('PATCH', `${path}/pins`, { guest: hostPin }), 422);
      assert.equal(await api.refused('PATCH', `${path}/pins`, { guest: { digits: wrongEntry } }), 400);
      assert.equal(await api.refused('POST', '/auth/login', { name: 'carol', password: passwords.sip }), 401);
      assert.equal(await api.refused('POST', '/member-session', { token: `${memberLink}x` }), 401);
      for (const recipient of ['moderator', 'speaker', eve.memberId]) assert.match(await api.ask<string>('GET', `${path}/invitation?for=${recipient}`), /\+4930123456,,2000#/);
      keep(tokenIn((await api.ask<{ accessUrl: string }>('POST', `${path}/links/speaker/renew`, {})).accessUrl));

      await withPhones(program, async (phones) => {
        const alice = await phones.phone('alice');
        await alice.call(`2000;token=${moderator}`);
        await program.untilRoom('2000', 'alice by her link', (there) => there.some(({ rule, place }) => rule === 'moderator_link' && place === 'conference'));
        const memberByPin = await phones.phone('eve-phone');
        await memberByPin.call('2000');
        await memberByPin.press(`${wrongEntry}#`);
        await memberByPin.press(`${memberPin}#`);
        await program.untilRoom('2000', 'Eve by her PIN, under her name', (there) => there.some(({ rule }) => rule === 'member_pin'));
        const revoked = await phones.phone('mallory');
        await revoked.call(`2000;token=${speaker}`);
        await revoked.press(`${otherGuestPin}#`);
        await program.untilRoom('2000', 'mallory by PIN, as the link is revoked', (there) => there.some(({ rule }) => rule === 'guest_pin'));

        await api.ask('DELETE', `${path}/members/${eve.memberId}`);
        assert.match(header(await memberByPin.ended(), 'reason'), /SIP|Q\.850/i);
        assert.equal((await program.participants('2000')).length, 2);
        await api.ask('DELETE', path);
        await Promise.all([alice.ended(), revoked.ended()]);
      });
      // The records of the calls are written by a queue.
      await until('the calls to be recorded', () => Promise.resolve(readdirSync(program.dataDir).some((file) => file.startsWith('vestibule.db') && readFileSync(join(program.dataDir, file), 'latin1').includes('call.ended')) ? 'recorded' : undefined), () => program.log.slice(-2_000));
      await program.cli('backup', join(program.dataDir, 'copy.db'));
      await program.stop();

      const files = readdirSync(program.dataDir).map((file) => [file, readFileSync(join(program.dataDir, file), 'latin1')] as const);
      assert.ok(files.some(([file]) => file === 'vestibule.db') && files.some(([file, text]) => file === 'copy.db' && text.includes('member.removed') && text.includes('participant.joined') && text.includes('room.change')));
      for (const [place, text] of [['log', program.log], ['output', program.stdout], ...files] as const) {
        for (const secret of told) assert.ok(!text.includes(secret), `${place} holds a secret: ${secret.slice(0, 3)}...`);
      }
    }));
});
