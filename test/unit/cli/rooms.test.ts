import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ControlHandlers } from '../../../src/adapters/control-socket/protocol.ts';
import { createRoomCommands } from '../../../src/cli/room-commands.ts';
import { Pin } from '../../../src/domain/pin-format.ts';
import type { RoomNews } from '../../../src/manage/room-news.ts';
import { Rooms } from '../../../src/manage/rooms.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { Desk } from './fixture.ts';

function commandsOn({ rooms, users }: Stores, onChange: (news: RoomNews) => void = () => undefined): ControlHandlers {
  const settings = { pinBounds: { minLength: 4, maxLength: 9 }, language: 'en', languages: ['en'], mediaEncryption: 'optional', autoHostPin: false, reservedAliases: [], longestConnection: 0 } as const;
  return createRoomCommands({ rooms: new Rooms({ ...settings, rooms, users, randomBelow: () => 0, onChange }), store: rooms, now: () => 0 });
}

const offline = 'no process is running on this data.dir: worked on the database itself\n';

/** Settings the command line cannot name, as a new room has them. */
const unsaid = { rolePermissions: { moderator: {}, speaker: {} }, rules: {}, memberReuse: 'flag', preconfigured: [] };

describe('room commands on the database, without a process', () => {
  it('add, list, set-pin and remove as in the README', async (t) => {
    const desk = new Desk(t);
    assert.deepEqual(await desk.run('room', 'list'), { code: 0, stdout: 'there are no rooms\n', stderr: offline });
    assert.deepEqual(await desk.run('room', 'add', '--alias', '2000', '--alias', 'Team', '--host-pin', '135792', '--guest-pin', '864209', '--name', 'Team'), { code: 0, stdout: 'room 2000, team made\n', stderr: offline });
    assert.equal((await desk.run('room', 'list')).stdout, 'ALIASES     NAME  PINS         LANGUAGE  PIN HOST CONTROLS  LIMIT  ENCRYPTION\n2000, team  Team  host, guest  en        none               -      optional\n');
    assert.equal((await desk.run('room', 'set-pin', '--alias', 'team', '--guest-pin', '2468')).stdout, 'room 2000, team changed\n');
    const { rooms } = await desk.stores();
    const found = await rooms.byAlias('2000');
    assert.ok(found.ok && found.value.length === 1);
    assert.deepEqual(['135792', '864209', '2468'].map((digits) => rooms.identify(found.value[0]!, new Pin(digits))), ['host', 'none', 'guest']);
    assert.equal((await desk.run('room', 'remove', '--alias', '2000')).stdout, 'room 2000, team removed\n');
    assert.equal((await desk.run('room', 'list')).stdout, 'there are no rooms\n');
  });

  it('every option of add arrives', async (t) => {
    const desk = new Desk(t);
    const { stdout } = await desk.run('room', 'add', '--alias', '1', '--host-pin', '1357', '--language', 'de', '--pin-host-controls', 'full', '--mute-guests', '--limit', '5', '--encryption', 'required', '--name', 'Fünf', '--json');
    const { room, generated } = JSON.parse(stdout) as { room: Record<string, unknown>; generated: unknown };
    assert.deepEqual({ ...room, id: '' }, {
      id: '', name: 'Fünf', aliases: ['1'], language: 'de', muteGuestsOnJoin: true, participantLimit: 5, mediaEncryption: 'required', pinHostControls: 'full',
      anonymous: { moderator: { enabled: true }, speaker: { enabled: true } }, hasHostPin: true, hasGuestPin: false, warnings: [], ...unsaid,
    });
    assert.deepEqual(generated, {});
  });

  it('set changes what is named and keeps the rest, PINs and aliases too', async (t) => {
    const desk = new Desk(t);
    await desk.run('room', 'add', '--alias', '1', '--host-pin', '1357', '--limit', '5', '--name', 'One');
    const seen = async (...argv: string[]): Promise<Record<string, unknown>> => {
      const { stdout, stderr } = await desk.run('room', 'set', '--alias', '1', ...argv, '--json');
      assert.equal(stderr, offline);
      return { ...(JSON.parse(stdout) as { room: Record<string, unknown> }).room, id: '' };
    };
    const whole = {
      id: '', name: 'One', aliases: ['1'], language: 'en', muteGuestsOnJoin: false, mediaEncryption: 'required', pinHostControls: 'none',
      anonymous: { moderator: { enabled: true }, speaker: { enabled: true } }, hasHostPin: true, hasGuestPin: false, warnings: [], ...unsaid,
    };
    assert.deepEqual(await seen('--encryption', 'required'), { ...whole, participantLimit: 5 });
    const changed = { ...whole, name: 'Uno', language: 'de', muteGuestsOnJoin: true, pinHostControls: 'full' };
    assert.deepEqual(await seen('--name', 'Uno', '--language', 'de', '--mute-guests', 'on', '--limit', '7', '--pin-host-controls', 'full'), { ...changed, participantLimit: 7 });
    assert.deepEqual(await seen('--limit', 'none', '--encryption', 'optional', '--mute-guests', 'off'), { ...changed, mediaEncryption: 'optional', muteGuestsOnJoin: false });
    assert.equal((await desk.run('room', 'set', '--alias', '1', '--name', 'One')).stdout, 'room 1 changed\n');
  });

  it('generates PINs and shows them, once (N-14)', async (t) => {
    const desk = new Desk(t);
    const { stdout } = await desk.run('room', 'add', '--alias', '2000', '--generate-pins');
    assert.match(stdout, /^room 2000 made\nhost PIN: {2}[1-9]\d{5} {2}\(shown this once\)\nguest PIN: [1-9]\d{5}\n$/);
    const digits = [...stdout.matchAll(/\d{6}/g)].map(String);
    const listed = await desk.run('room', 'list', '--json');
    for (const pin of digits) assert.ok(!listed.stdout.includes(pin));
    const again = await desk.run('room', 'set-pin', '--alias', '2000', '--generate-pins', '--json');
    assert.match(again.stdout, /"generated":\{"host":"\d{6}","guest":"\d{6}"\}/);
  });

  it('PX-03 warns of a room without a host PIN, PX-17 gives it one when told to', async (t) => {
    const desk = new Desk(t);
    assert.match((await desk.run('room', 'add', '--alias', '1')).stdout, /warning: .*no_host_pin/);
    desk.environment = { VESTIBULE_ROOM_AUTO_HOST_PIN: 'true' };
    assert.match((await desk.run('room', 'add', '--alias', '2')).stdout, /^room 2 made\nhost PIN: {2}\d{6}  \(shown this once\)\n$/);
  });

  it('reads PINs from standard input, where no list of processes shows them', async (t) => {
    const desk = new Desk(t);
    desk.input = '135792\n864209\n';
    assert.equal((await desk.run('room', 'add', '--alias', '2000', '--host-pin', '-', '--guest-pin', '-')).code, 0);
    const { rooms } = await desk.stores();
    const found = await rooms.byAlias('2000');
    assert.ok(found.ok && found.value.length === 1);
    assert.deepEqual(['135792', '864209'].map((digits) => rooms.identify(found.value[0]!, new Pin(digits))), ['host', 'guest']);
    desk.input = '\n';
    assert.match((await desk.run('room', 'set-pin', '--alias', '2000', '--host-pin', '-')).stderr, /pin_missing/);
  });

  const refusals: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['PX-19 a short PIN', ['room', 'add', '--alias', '9', '--host-pin', '123'], 1, /^error: host: the PIN is too short \(pin_too_short\): give 4 to 9 digits\n$/],
    ['PX-20 a guest PIN alone', ['room', 'add', '--alias', '9', '--guest-pin', '1234'], 1, /\(guest_pin_needs_host_pin\)/],
    ['equal PINs', ['room', 'add', '--alias', '9', '--guest-pin', '1234', '--host-pin', '1234'], 1, /\(pins_equal\)/],
    ['a new guest PIN equal to the stored host PIN', ['room', 'set-pin', '--alias', '2000', '--guest-pin', '135792'], 1, /\(pins_equal\)/],
    ['PX-20 the host PIN taken from under the guest PIN', ['room', 'set-pin', '--alias', '2000', '--remove-host-pin'], 1, /\(guest_pin_needs_host_pin\)/],
    ['an alias that is taken', ['room', 'add', '--alias', '2000'], 1, /^error: another room has this alias \(alias_taken\)/],
    ['an alias of the attendant', ['room', 'add', '--alias', '100'], 1, /\(alias_reserved\)/],
    ['a language without prompts', ['room', 'add', '--alias', '9', '--language', 'tlh'], 1, /\(language_unknown\): choose one of: /],
    ['a limit out of range', ['room', 'add', '--alias', '9', '--limit', '0'], 1, /\(limit_invalid\)/],
    ['an unknown room', ['room', 'remove', '--alias', '404'], 1, /^error: no room has the alias "404" \(room_unknown\): see `room list`/],
    ['no change', ['room', 'set-pin', '--alias', '2000'], 1, /\(nothing_to_change\)/],
    ['no setting', ['room', 'set', '--alias', '2000'], 1, /\(nothing_to_change\)/],
    ['a setting of an unknown room', ['room', 'set', '--alias', '404', '--limit', '3'], 1, /\(room_unknown\)/],
    ['a limit set out of range', ['room', 'set', '--alias', '2000', '--limit', '0'], 1, /\(limit_invalid\)/],
    ['a language set without prompts', ['room', 'set', '--alias', '2000', '--language', 'tlh'], 1, /\(language_unknown\)/],
    ['no alias', ['room', 'add'], 2, /^error: required option '--alias <alias>' not specified \(usage\): add --help/],
    ['an unknown option', ['room', 'list', '--nonsense'], 2, /unknown option '--nonsense'/],
    ['an unknown command', ['rooom'], 2, /unknown command 'rooom'/],
    ['setting and removing at once', ['room', 'set-pin', '--alias', '2000', '--host-pin', '1234', '--remove-host-pin'], 2, /cannot be used with/],
    ['a limit that is no number', ['room', 'add', '--alias', '9', '--limit', 'many'], 2, /\(usage\)/],
    ['controls that do not exist', ['room', 'add', '--alias', '9', '--pin-host-controls', 'some'], 2, /none, full/],
  ];
  for (const [name, argv, code, expected] of refusals) {
    it(`refuses ${name}`, async (t) => {
      const desk = new Desk(t);
      await desk.run('room', 'add', '--alias', '2000', '--host-pin', '135792', '--guest-pin', '864209');
      const before = (await desk.run('room', 'list', '--json')).stdout;
      const outcome = await desk.run(...argv);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, expected);
      assert.equal(outcome.stdout, '');
      assert.equal((await desk.run('room', 'list', '--json')).stdout, before, 'nothing has changed');
      if (argv.includes('--json')) return;
      const json = await desk.run(...argv, '--json');
      const { problems } = JSON.parse(json.stderr) as { problems: { code: string; message: string; advice: string }[] };
      assert.equal(json.code, code);
      assert.ok(problems[0] !== undefined && outcome.stderr.includes(`(${problems[0].code})`));
      assert.doesNotMatch(outcome.stderr + json.stderr, /135792|1234/, 'no PIN is repeated');
    });
  }

  it('says what is wrong with the store', async (t) => {
    const desk = new Desk(t);
    desk.environment = { VESTIBULE_DATA_DIR: '/dev/null/data' };
    assert.match((await desk.run('room', 'list')).stderr, /^error: .*\((store_unwritable|control_unreachable)\): /);
  });
});

describe('room commands with a process', () => {
  it('go to it, and it hears of every change', async (t) => {
    const desk = new Desk(t);
    const stores = await desk.stores();
    const changes: RoomNews[] = [];
    await desk.process(commandsOn(stores, (news) => changes.push(news)));
    assert.deepEqual(await desk.run('room', 'add', '--alias', '2000', '--host-pin', '135792'), { code: 0, stdout: 'room 2000 made\n', stderr: '' });
    assert.equal((await desk.run('room', 'set-pin', '--alias', '2000', '--remove-host-pin')).code, 0);
    assert.deepEqual(await desk.run('room', 'set', '--alias', '2000', '--limit', '3'), { code: 0, stdout: 'room 2000 changed\nwarning: without a host PIN anybody who dials it is a host (no_host_pin)\n', stderr: '' });
    assert.match((await desk.run('room', 'set-pin', '--alias', '2000', '--guest-pin', '1234')).stderr, /guest_pin_needs_host_pin/);
    assert.equal((await desk.run('room', 'remove', '--alias', '2000')).code, 0);
    assert.deepEqual(changes.map(({ type, room }) => [type, room.aliases[0], room.pins.host === undefined, room.participantLimit]), [
      ['added', '2000', false, undefined],
      ['changed', '2000', true, undefined],
      ['changed', '2000', true, 3],
      ['removed', '2000', true, 3],
    ]);
  });

  it('are carried out one after the other: no two of them break a rule together', async (t) => {
    const desk = new Desk(t);
    const commands = commandsOn(await desk.stores());
    await commands['room.add']?.({ aliases: ['1'], hostPin: '1357' });
    const [removed, added] = await Promise.all([commands['room.setPin']?.({ alias: '1', hostPin: null }), commands['room.setPin']?.({ alias: '1', guestPin: '2468' })]);
    assert.deepEqual([removed?.ok, added?.ok], [true, false]);
  });

  it('refuses what no command line of ours sends', async (t) => {
    const desk = new Desk(t);
    const commands = commandsOn(await desk.stores());
    for (const params of [null, 5, [], {}, { aliases: 'x' }, { aliases: ['1'], pin: '1234' }, { aliases: ['1'], hostPin: 1234 }]) {
      const answer = await commands['room.add']?.(params);
      assert.ok(answer?.ok === false && answer.error[0]?.code === 'bad_parameters');
    }
  });
});
