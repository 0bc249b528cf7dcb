import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { parseApiParams } from '../../src/cli/api-command.ts';
import type { MemberView } from '../../src/manage/member-view.ts';
import { Desk, type Outcome } from '../unit/cli/fixture.ts';
import { ApiHouse, must } from './house.ts';

/** A command line beside the API of a process, with room 2000 in it. */
async function desk(t: TestContext): Promise<{ readonly house: ApiHouse; readonly at: Desk; readonly done: (...argv: string[]) => Promise<string>; readonly failed: (...argv: string[]) => Promise<Outcome> }> {
  const house = await ApiHouse.open();
  t.after(() => house.close());
  const at = new Desk(t);
  await at.stores();
  await at.process({ api: async (params) => ({ ok: true, value: await house.http.local(must(parseApiParams(params))) }) });
  const made = await house.http.local({ method: 'POST', path: '/api/v1/rooms', body: { aliases: ['2000'], name: 'Team', pins: { host: '135792', guest: '864209' } } });
  assert.equal(made.status, 201);
  return {
    house,
    at,
    done: async (...argv) => {
      const { code, stdout, stderr } = await at.run(...argv);
      assert.deepEqual([code, stderr], [0, ''], argv.join(' '));
      return stdout;
    },
    failed: async (...argv) => {
      const outcome = await at.run(...argv);
      assert.deepEqual([outcome.code, outcome.stdout], [1, ''], argv.join(' '));
      return outcome;
    },
  };
}

describe('the command line over the API', () => {
  it('room show, configure and occurrences', async (t) => {
    const { at, done, failed } = await desk(t);
    assert.match(await done('room', 'show', '--alias', '2000'), /^name +Team$/m);
    at.input = '{"schedule":{"start":"2026-02-01T10:00:00","timeZone":"UTC"},"owner":null}';
    assert.match(await done('room', 'configure', '--alias', '2000', '-'), /^schedule +\{"start":"2026-02-01T10:00:00"/m);
    assert.equal(await done('room', 'occurrences', '--alias', '2000'), 'START                     END\n2026-02-01T10:00:00.000Z  2026-02-01T11:00:00.000Z\n');
    assert.equal((JSON.parse(await done('room', 'show', '--alias', '2000', '--json')) as { name: string }).name, 'Team');
    assert.match((await failed('room', 'configure', '--alias', '2000', '{"language":"fr"}')).stderr, /language_unknown/);
    assert.match((await failed('room', 'configure', '--alias', '2000', '{')).stderr, /body_invalid/);
    assert.match((await failed('room', 'show', '--alias', 'nowhere')).stderr, /^error: no room has the alias "nowhere" \(room_unknown\)/);
  });

  it('member add, list, show, set, renew-link and remove', async (t) => {
    const { house, at, done, failed } = await desk(t);
    await house.user('bob', 'creation');
    const eve = JSON.parse(await done('member', 'add', '--room', '2000', '--name', 'Eve', '--grant', 'canRecord', '--deny', 'canReadChat', '--json')) as MemberView;
    assert.match(await done('member', 'add', '--room', '2000', '--user', 'bob', '--role', 'moderator'), /^member bob \(internal\): bob, moderator\nlink: +\S+\/rooms\/\S+\n/);
    assert.equal(await done('member', 'list', '--room', '2000'), `ID            NAME  KIND      ROLE       PIN   OWN PERMISSIONS\n${eve.memberId}  Eve   external  speaker    yes   +canRecord -canReadChat\nbob           bob   internal  moderator  none  -\n`);
    at.input = '975310\n';
    assert.match(await done('member', 'set', '--room', '2000', '--id', eve.memberId, '--name', 'Eva', '--pin', '-'), /^member \S+ \(external\): Eva, speaker\nlink: +\S+\nSIP: +\S+\nPIN: +975310\n/);
    const link = (await done('member', 'renew-link', '--room', '2000', '--id', eve.memberId)).trim();
    assert.ok(link !== eve.accessUrl && (await done('member', 'show', '--room', '2000', '--id', eve.memberId)).includes(link));
    assert.equal(await done('member', 'remove', '--room', '2000', '--id', 'bob'), 'member bob removed\n');
    assert.match((await failed('member', 'remove', '--room', '2000', '--id', 'bob')).stderr, /member_unknown/);
    assert.match((await failed('member', 'add', '--room', '2000', '--json')).stderr, /^\{"problems":\[\{"code":"member_internal_or_external"/);
  });

  it('link show, renew, enable and disable; invite', async (t) => {
    const { done, failed } = await desk(t);
    const before = await done('link', 'show', '--room', '2000');
    assert.match(before, /^ROLE +STATE +LINK +SIP\nmoderator +enabled +\S+\/r\/\w{26} +sip:2000;token=\w{26}@sip\.example\.com\nspeaker +enabled /);
    const renewed = (await done('link', 'renew', '--room', '2000', '--role', 'speaker')).trim();
    assert.ok(!before.includes(renewed) && (await done('link', 'show', '--room', '2000')).includes(renewed));
    assert.match(await done('invite', '--room', '2000'), /\nPIN: +864209\n$/);
    assert.ok(!(await done('invite', '--room', '2000', '--for', 'moderator', '--format', 'html')).includes('PIN'));
    assert.equal(await done('link', 'disable', '--room', '2000', '--role', 'speaker'), 'the speaker link is disabled\n');
    assert.match((await failed('invite', '--room', '2000')).stderr, /link_disabled/);
    assert.equal(await done('link', 'enable', '--room', '2000', '--role', 'speaker'), 'the speaker link is enabled\n');
    assert.match((await failed('invite', '--room', '2000', '--format', 'ics')).stderr, /not_scheduled/);
  });

  it('user set, set-password and renew-secret', async (t) => {
    const { house, at, done, failed } = await desk(t);
    await house.user('bob', 'list');
    assert.equal(await done('user', 'set', '--name', 'bob', '--privilege', 'creation', '--display', 'Bob'), 'user bob changed\n');
    assert.equal(must(await house.stores.users.byName('bob'))?.privilege, 'creation');
    at.input = 'a new password\n';
    assert.match(await done('user', 'set-password', '--name', 'bob'), /^the password of bob/);
    assert.equal((await house.ask('POST', '/api/v1/auth/login', { body: { name: 'bob', password: 'a new password' } })).status, 200);
    assert.match(await done('user', 'renew-secret', '--name', 'bob'), /^user bob changed\nrealm: +vestibule\nSIP secret: \S{20} {2}\(shown this once\)\n$/);
    at.input = '';
    assert.match((await failed('user', 'set-password', '--name', 'bob')).stderr, /password_missing/);
  });

  it('without a process they say so, with exit code 3', async (t) => {
    const at = new Desk(t);
    for (const argv of [['member', 'list', '--room', '2000'], ['link', 'show', '--room', '2000'], ['invite', '--room', '2000'], ['room', 'show', '--alias', '2000'], ['user', 'set', '--name', 'bob', '--display', 'x']]) {
      const { code, stderr } = await at.run(...argv);
      assert.deepEqual([code, /not_running/.test(stderr)], [3, true], argv.join(' '));
    }
  });
});
