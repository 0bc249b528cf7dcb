import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { AudioSource } from '../../../../src/softswitch/engine/api.ts';
import { readWav, toneLevel, usualToneLevel } from '../../../audio.ts';
import { Bench, HOST, freePorts, isGone, isThere, Lab, member } from './engine-lab.ts';
import type { Line } from './engine-lab.ts';

const endless = (hz: number): AudioSource => ({ kind: 'tone', hz: [hz], onMs: 60_000, offMs: 0, loops: -1 });

/** Makes the worker of a leg fall over: no types protect the other thread. */
const kill = (bench: Bench, leg: string): void => bench.engine.play(leg, 'fatal', null as never);
const untilReplaced = async (bench: Bench, workers: number): Promise<void> => {
  while ((await bench.engine.engineStats()).workers < workers) await new Promise((resolve) => setImmediate(resolve));
};
const isContinuous = (sequences: readonly number[]): boolean => sequences.every((sequence, i) => i === 0 || sequence === (((sequences[i - 1] ?? 0) + 1) & 0xffff));

describe('engine of two workers', () => {
  const bench = new Bench(43_600, 43_799, 50, 0, 2);
  const { engine } = bench;
  const lab = new Lab(bench);
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-pool-'));
  afterEach(() => lab.clear());
  after(async () => {
    await engine.stop();
    rmSync(folder, { recursive: true });
  });

  /** What each of them hears of each tone, after what was asked for has come through. */
  async function hearing(lines: readonly Line[], tones: readonly number[]): Promise<string[]> {
    await Promise.all(lines.map(({ phone }) => phone.receive(12)));
    const heard = await lab.undisturbed(() => Promise.all(lines.map(({ phone }) => phone.hear(25))));
    return heard.map((samples) =>
      tones
        .map((hz) => usualToneLevel(samples, 8000, hz))
        .map((level) => (isThere(level) ? 'x' : isGone(level) ? '-' : level.toFixed(1)))
        .join(''),
    );
  }

  for (const rate of [8000, 16_000, 48_000] as const) {
    it(`members of both workers in one room at ${rate} Hz: everybody hears the others and not himself`, async () => {
      // Without a place each goes where the least is: to either worker in turn.
      const { conference, members } = await lab.room([440, 770, 1130], rate);
      assert.deepEqual(await hearing(members, [440, 770, 1130]), ['-xx', 'x-x', 'xx-']);
      engine.playToConference(conference, 'all', endless(1490));
      const [a, b] = members as [Line, Line, Line];
      engine.playToConference(conference, 'one', endless(2000), { leg: b.leg });
      assert.deepEqual(await hearing(members, [440, 770, 1130, 1490, 2000]), ['-xxx-', 'x-xxx', 'xx-x-']);
      engine.setMember(a.leg, { ...member, speak: false });
      engine.setMember(b.leg, { ...member, hear: false });
      assert.deepEqual(await hearing(members, [440, 770, 1130, 1490, 2000]), ['-xxx-', '----x', '-x-x-']);
      engine.setMember(a.leg, member);
      engine.setMember(b.leg, member);
      engine.relate(conference, b.leg, a.leg, false);
      engine.relate(conference, a.leg, b.leg, false);
      assert.deepEqual(await hearing(members, [440, 770, 1130]), ['--x', '--x', 'xx-']);
    });
  }

  it('a relayed member: its own play comes first, its keys are told, its recording has both sides, and left alone it hears nothing', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    const path = join(folder, 'relayed.wav');
    engine.record('r', { leg: b.leg, what: 'both' }, path);
    engine.play(b.leg, 'own', [endless(2000)]);
    assert.deepEqual(await hearing([b], [440, 2000]), ['-x']);
    engine.breakPlay(b.leg, true);
    assert.deepEqual(await hearing([b], [440, 2000]), ['x-']);
    b.phone.press(5, b.port);
    assert.equal((await bench.event('dtmf')).leg, b.leg);
    engine.stopRecording('r');
    await bench.event('recording', (event) => event.what === 'stopped');
    const { samples } = readWav(readFileSync(path));
    const end = samples.subarray(-4000);
    assert.ok(isThere(toneLevel(end, 8000, 440)) && toneLevel(end, 8000, 770) > -30, 'what it heard and what it said');
    engine.leave(b.leg);
    assert.deepEqual(await hearing([a, b], [440, 770]), ['--', '--']);
    assert.ok(((await engine.stats(b.leg))?.inMediaPackets ?? 0) > 0);
  });

  it('a path that is being recorded to on the other worker is refused', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    const path = join(folder, 'twice.wav');
    engine.record('first', { leg: a.leg, what: 'heard' }, path);
    engine.record('second', { leg: b.leg, what: 'heard' }, path);
    engine.record('third', { leg: 'nobody', what: 'heard' }, path);
    for (const recording of ['second', 'third']) await bench.event('recording', (event) => event.recording === recording && event.what === 'failed');
    engine.stopRecording('first');
    await bench.event('recording', (event) => event.recording === 'first' && event.what === 'stopped');
  });

  it('a worker dies: its calls and conferences are told, those of the other hear on without a gap, and it is replaced', async () => {
    const stays = await lab.room([440, 770], 8000, 'stays');
    const falls = await lab.room([1130, 1490], 8000, 'falls');
    const [hearer] = stays.members as [Line, Line];
    const [first, second] = falls.members as [Line, Line];
    const continuous = await lab.undisturbed(async () => hearer.phone.receive(50).then((heard) => isContinuous(heard.map(({ packet }) => packet.sequence))));
    assert.ok(continuous);
    const during = hearer.phone.receive(50);
    engine.record('of a leg', { leg: first.leg, what: 'both' }, join(folder, 'leg.wav'));
    engine.record('of a room', { conference: falls.conference }, join(folder, 'room.wav'));
    for (const id of ['of a leg', 'of a room']) await bench.event('recording', ({ recording }) => recording === id);
    kill(bench, first.leg);
    const lost = await bench.event('lost');
    assert.deepEqual([[...lost.legs].sort(), lost.conferences], [[first.leg, second.leg].sort(), [falls.conference]]);
    for (const id of ['of a leg', 'of a room']) await bench.event('recording', ({ recording, what }) => recording === id && what === 'failed');
    const heard = await during;
    assert.ok(isContinuous(heard.map(({ packet }) => packet.sequence)));
    assert.deepEqual(await hearing([hearer], [440, 770]), ['-x']);
    await untilReplaced(bench, 2);
    // The new worker is the less busy one, so this room is there, and works.
    const again = await lab.room([1130, 1490], 8000, 'falls');
    assert.deepEqual(await hearing(again.members, [1130, 1490]), ['-x', 'x-']);
    kill(bench, again.members[0]!.leg);
    const next = await bench.event('lost', (event) => event !== lost);
    assert.deepEqual([...next.legs].sort(), again.members.map(({ leg }) => leg).sort());
    assert.deepEqual(next.conferences, [again.conference]);
    await untilReplaced(bench, 2);
  });

  it('the worker of a conference dies: a leg relayed to it lives on, and joins another', async () => {
    const { conference, members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    kill(bench, a.leg);
    const lost = await bench.event('lost');
    assert.deepEqual([lost.legs, lost.conferences], [[a.leg], [conference]]);
    const other = await lab.room([1130]);
    engine.join(other.conference, b.leg, member);
    assert.deepEqual(await hearing([b], [440, 1130]), ['-x']);
    await untilReplaced(bench, 2);
  });

  it('the worker of a relayed leg dies: the conference goes on without it', async () => {
    const { conference, members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    kill(bench, b.leg);
    const lost = await bench.event('lost');
    assert.deepEqual([lost.legs, lost.conferences], [[b.leg], []]);
    assert.deepEqual(await hearing([a], [440, 770]), ['--']);
    await untilReplaced(bench, 2);
    const c = await lab.line();
    engine.join(conference, c.leg, member);
    c.phone.talk(1130, c.port);
    assert.deepEqual(await hearing([a, c], [440, 770, 1130]), ['--x', 'x--']);
  });
});

describe('ports of two workers', () => {
  it('all of the range can be had, whoever needs them, and are given back by a worker that dies', async () => {
    const first = await freePorts(6);
    const bench = new Bench(first, first + 5, 50, 0, 2);
    const { engine } = bench;
    const open = async (leg: string): Promise<string> => {
      const opened = await engine.open(leg, HOST, 'one place');
      return opened.ok ? 'open' : opened.error;
    };
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(open)), ['open', 'open', 'open']);
    assert.deepEqual(await engine.open('d', HOST, 'another place'), { ok: false, error: 'no_port' });
    engine.close('b');
    assert.equal(await open('d'), 'open');
    kill(bench, 'a');
    const lost = await bench.event('lost');
    assert.deepEqual([...lost.legs].sort(), ['a', 'c', 'd']);
    await untilReplaced(bench, 2);
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(open)), ['open', 'open', 'open']);
    await engine.stop();
  });
});
