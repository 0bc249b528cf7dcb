import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureDemoRoom, type DemoRoom } from '../../../src/cli/demo-room.ts';
import { duration, table } from '../../../src/cli/table.ts';
import { ok } from '../../../src/lib/result.ts';
import type { Status } from '../../../src/ports/status.ts';
import { Desk } from './fixture.ts';

describe('serve', () => {
  it('runs with the configuration, and its exit code is the exit code', async (t) => {
    const desk = new Desk(t);
    desk.environment = { VESTIBULE_SIP_PORT: '5099' };
    assert.equal((await desk.run('serve')).code, 7);
    assert.equal(desk.served[0]?.sip.port, 5099);
  });

  it('does not run with a configuration that is refused', async (t) => {
    const desk = new Desk(t);
    writeFileSync(join(desk.path, 'vestibule.yaml'), 'sip:\n  prot: 1\n');
    const { code, stderr } = await desk.run('serve');
    assert.equal(code, 1);
    assert.equal(stderr, 'error: vestibule.yaml line 2: there is no key sip.prot (config_unknown_key): did you mean sip.port?\n');
    assert.equal(desk.served.length, 0);
  });
});

describe('config check', () => {
  it('says that all is right, or shows it without secrets', async (t) => {
    const desk = new Desk(t);
    desk.environment = { VESTIBULE_ATTENDANT_PIN: '97531' };
    assert.match((await desk.run('config', 'check')).stdout, /^the configuration is right; data in /);
    const { stdout } = await desk.run('config', 'check', '--json');
    assert.equal((JSON.parse(stdout) as { sip: { port: number } }).sip.port, 5060);
    assert.doesNotMatch(stdout, /97531/);
  });

  it('says what is wrong, also as JSON', async (t) => {
    const desk = new Desk(t);
    desk.environment = { VESTIBULE_SIP_PROT: '1' };
    assert.deepEqual(await desk.run('config', 'check'), { code: 1, stdout: '', stderr: 'error: the environment variable VESTIBULE_SIP_PROT sets nothing (config_unknown_variable): did you mean VESTIBULE_SIP_PORT?\n' });
    const json = JSON.parse((await desk.run('config', 'check', '--json')).stderr) as { problems: { code: string }[] };
    assert.deepEqual(json.problems.map(({ code }) => code), ['config_unknown_variable']);
  });
});

describe('help and mistakes', () => {
  it('help and version are answers, not errors', async (t) => {
    const desk = new Desk(t);
    assert.match((await desk.run('--help')).stdout, /Usage: vestibule[\s\S]*serve[\s\S]*room[\s\S]*config[\s\S]*status/);
    assert.deepEqual(await desk.run('--version'), { code: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it('no command is a mistake', async (t) => assert.deepEqual(await new Desk(t).run(), { code: 2, stdout: '', stderr: 'error: no command is given (usage): add --help to see what there is\n' }));
});

describe('status', () => {
  const status: Status = {
    version: '0.1.0',
    state: 'running',
    uptimeSeconds: 7_380,
    listening: ['sip:192.0.2.1:5060'],
    api: 'https://meet.example.com',
    rooms: [
      {
        id: 'r', name: 'Demo', aliases: ['1000'], state: 'open', lock: 'locked', timers: [{ name: 'guestsOnly', dueInSeconds: 290 }],
        participants: [
          { id: 'a', caller: 'sip:ann@example.com', place: 'conference', role: 'guest', rule: 'guest_pin', audio: 'muted', forSeconds: 65, timers: [{ name: 'longest', dueInSeconds: 43_135 }] },
          { id: 'b', caller: 'sip:b@example.com', place: 'lobby', role: 'host', rule: 'host_pin', audio: 'live', forSeconds: 5, timers: [] },
        ],
      },
    ],
    calls: [{ id: 'c', caller: 'sip:c@example.com', alias: '100', stage: 'attendant', forSeconds: 0, timers: [] }],
    media: { workers: 2, packetIo: 'native', lateTicks: 3, skippedTicks: 0, relayUnderruns: 2, unsentPackets: 1, largestLagMs: 7.4 },
  };

  it('without a process says so: exit code 3', async (t) => {
    const { code, stderr } = await new Desk(t).run('status');
    assert.deepEqual([code, stderr.includes('(not_running)')], [3, true]);
  });

  it('shows who is where, by which rule, and what is pending', async (t) => {
    const desk = new Desk(t);
    await desk.process({ status: () => Promise.resolve(ok(status)) });
    assert.equal(
      (await desk.run('status')).stdout,
      [
        'vestibule 0.1.0 running for 2 h 3 min, on sip:192.0.2.1:5060, API at https://meet.example.com',
        '',
        'room 1000 (Demo): open, locked',
        '  WHERE       ROLE   RULE       CALLER               AUDIO  FOR        TIMERS',
        '  conference  guest  guest_pin  sip:ann@example.com  muted  1 min 5 s  longest in 11 h 58 min',
        '  lobby       host   host_pin   sip:b@example.com    live   5 s',
        '  timers of the room: guestsOnly in 4 min 50 s',
        '',
        'calls not in a room yet',
        '  STAGE      DIALLED  CALLER             FOR  TIMERS',
        '  attendant  100      sip:c@example.com  0 s',
        '',
        'media: 2 workers, native packet I/O, 3 late ticks (7 ms at most), 0 skipped, 2 frames late between workers, 1 packets not sent',
        '',
      ].join('\n'),
    );
    assert.deepEqual(JSON.parse((await desk.run('status', '--json')).stdout), status);
  });

  it('of a quiet process', async (t) => {
    const desk = new Desk(t);
    await desk.process({ status: () => Promise.resolve(ok({ ...status, rooms: [], calls: [], listening: [], api: undefined, media: undefined })) });
    assert.equal((await desk.run('status')).stdout, 'vestibule 0.1.0 running for 2 h 3 min\n\nnobody is in a room\n');
  });

  it('durations have two units at most', () => assert.deepEqual([0, 59, 60, 3_600, 3_661, 90_000, 86_400 * 3 + 5].map(duration), ['0 s', '59 s', '1 min', '1 h', '1 h 1 min', '1 d 1 h', '3 d']));
  it('a table without rows is empty', () => assert.equal(table([]), ''));
});

describe('the demo room', () => {
  const ensure = async (desk: Desk): Promise<DemoRoom> => {
    const { rooms, meta } = await desk.stores();
    let next = 0;
    const made = await ensureDemoRoom({ rooms, meta, pinBounds: { minLength: 4, maxLength: 9 }, language: 'en', mediaEncryption: 'optional', randomBelow: (below) => (next = (next * 7 + 3) % 101) % below });
    if (!made.ok) throw new Error(made.error.code);
    return made.value;
  };

  it('is made on the first start with both PINs; the second start has the guest PIN only', async (t) => {
    const desk = new Desk(t);
    const first = await ensure(desk);
    assert.ok(first.kind === 'made');
    assert.deepEqual(first.room.aliases, ['1000']);
    const { rooms } = await desk.stores();
    assert.deepEqual([rooms.identify(first.room, first.hostPin), rooms.identify(first.room, first.guestPin)], ['host', 'guest']);
    const second = await ensure(desk);
    assert.ok(second.kind === 'there');
    assert.equal(second.guestPin?.reveal(), first.guestPin.reveal());
  });

  it('once removed is not made again', async (t) => {
    const desk = new Desk(t);
    await ensure(desk);
    await desk.run('room', 'remove', '--alias', '1000');
    assert.equal((await ensure(desk)).kind, 'none');
  });

  it('is not made where rooms were made before the first start', async (t) => {
    const desk = new Desk(t);
    await desk.run('room', 'add', '--alias', '2000', '--generate-pins');
    assert.equal((await ensure(desk)).kind, 'none');
    await desk.run('room', 'remove', '--alias', '2000');
    assert.equal((await ensure(desk)).kind, 'none');
  });
});
