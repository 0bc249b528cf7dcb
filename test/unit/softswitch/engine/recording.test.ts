import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { EngineEvent } from '../../../../src/softswitch/engine/api.ts';
import { RecordingFile } from '../../../../src/softswitch/engine/recording-file.ts';
import { Recording } from '../../../../src/softswitch/engine/recording.ts';
import { Recordings } from '../../../../src/softswitch/engine/recordings.ts';
import type { RecordingOrder } from '../../../../src/softswitch/engine/recording.ts';
import { readWav, sine, toneLevel, usualToneLevel, writeWav } from '../../../audio.ts';
import { Bench, isGone, isThere, Lab, member } from './engine-lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'vestibule-recording-'));
after(() => rmSync(folder, { recursive: true }));
let names = 0;
const newPath = (): string => join(folder, `${++names}.wav`);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const fail = (error: unknown): void => assert.fail(String(error));

describe('recording file', () => {
  it('holds what was written, whole while it grows: after each second the header says so', async () => {
    const path = newPath();
    const file = await RecordingFile.open(path, 8000, false, fail);
    assert.deepEqual(readWav(readFileSync(path)), { rate: 8000, channels: 1, samples: new Int16Array(0) });
    const samples = sine(8000, 440, 2500);
    for (let at = 0; at < samples.length; at += 160) {
      assert.equal(file.write(samples.subarray(at, at + 160), 160), 'taken');
      // As a crash would leave it.
      const seen = readWav(readFileSync(path)).samples;
      assert.deepEqual(seen, samples.slice(0, seen.length));
    }
    while (readWav(readFileSync(path)).samples.length < 16_000) await turn();
    assert.equal(await file.close(), 44 + 40_000);
    assert.equal(file.samples, 20_000);
    assert.deepEqual(readWav(readFileSync(path)).samples, samples);
    assert.equal(readFileSync(path).readUInt32LE(4), 36 + 40_000);
  });
  it('empties what was there, or goes on with it at its rate', async () => {
    const path = newPath();
    writeFileSync(path, Buffer.concat([writeWav({ rate: 16_000, channels: 1, samples: Int16Array.of(1, 2, 3) }), Buffer.from('LIST\x04\0\0\0abcd', 'latin1')]));
    const more = await RecordingFile.open(path, 8000, true, fail);
    assert.equal(more.rate, 16_000);
    more.write(Int16Array.of(4, 5), 2);
    assert.equal(await more.close(), 54);
    assert.deepEqual(readWav(readFileSync(path)), { rate: 16_000, channels: 1, samples: Int16Array.of(1, 2, 3, 4, 5) });
    assert.equal(statSync(path).size, 54);
    const fresh = await RecordingFile.open(path, 8000, false, fail);
    await fresh.close();
    assert.equal(statSync(path).size, 44);
    const appended = await RecordingFile.open(newPath(), 48_000, true, fail);
    assert.equal(appended.rate, 48_000);
    await appended.close();
  });
  it('is private: others of the machine may not read it, whatever the umask', async () => {
    const path = newPath();
    const before = process.umask(0);
    const file = await RecordingFile.open(path, 8000, false, fail).finally(() => process.umask(before));
    await file.close();
    assert.equal((statSync(path).mode & 0o777).toString(8), '640');
  });
  it('memory is bounded: what finds no free block is dropped, and the file is right for the rest', async () => {
    const path = newPath();
    const file = await RecordingFile.open(path, 8000, false, fail);
    const frame = new Int16Array(160).fill(7);
    // The disk gets no turn: 4 blocks of a second fit.
    const outcomes = Array.from({ length: 250 }, () => file.write(frame, 160));
    assert.deepEqual(outcomes.indexOf('dropped'), 200);
    assert.ok(outcomes.slice(200).every((outcome) => outcome === 'dropped'));
    while (file.write(frame, 160) === 'dropped') await turn();
    await file.close();
    assert.equal(readWav(readFileSync(path)).samples.length, 201 * 160);
  });
  const bad: [name: string, path: () => string, append: boolean, message: RegExp][] = [
    ['in a missing folder', () => join(folder, 'none', 'a.wav'), false, /ENOENT/],
    ['a folder', () => folder, false, /EISDIR/],
    ['a device', () => '/dev/null', false, /not a regular file/],
    ['a pipe nobody reads', () => {
      const path = newPath();
      execFileSync('mkfifo', [path]);
      return path;
    }, false, /not a regular file/],
    ['appending to text', () => {
      const path = newPath();
      writeFileSync(path, 'text');
      return path;
    }, true, /no WAVE file to append to: not_wave/],
    ['appending to stereo', () => {
      const path = newPath();
      writeFileSync(path, writeWav({ rate: 8000, channels: 2, samples: new Int16Array(4) }));
      return path;
    }, true, /only mono PCM16/],
  ];
  for (const [name, path, append, message] of bad) it(`${name} is refused`, () => assert.rejects(RecordingFile.open(path(), 8000, append, fail), message));
});

describe('recording', () => {
  function start(limits: RecordingOrder['limits'] = {}, path = newPath()): { path: string; recordings: Recordings; order: RecordingOrder; events: EngineEvent[]; told: () => string[] } {
    const events: EngineEvent[] = [];
    const recordings = new Recordings({ scheduler: { now: () => 0, after: () => () => undefined }, emit: (event) => events.push(event), warn: () => undefined });
    const order: RecordingOrder = { id: 'r', from: { conference: 'c' }, path, limits };
    recordings.start(order, 8000);
    return { path, recordings, order, events, told: () => events.map((event) => (event.type === 'recording' ? `${event.recording} ${event.what}${event.what === 'stopped' ? ` ${event.why} ${event.samples} ${event.bytes} ${event.rate}` : ''}` : event.type)) };
  }
  const loud = sine(8000, 440, 20);
  const opened = async ({ events }: { events: readonly EngineEvent[] }): Promise<void> => {
    while (events.length === 0) await turn();
  };
  const write = ({ recordings }: { recordings: Recordings }, frame: Int16Array, frames: number): void => {
    for (let i = 0; i < frames; i++) recordings.writeConference('c', frame);
  };
  it('running -> stop -> stopped, once', async () => {
    const test = start();
    await opened(test);
    write(test, loud, 10);
    test.recordings.stop('r');
    test.recordings.stop('r');
    write(test, loud, 10);
    test.recordings.endOfConference('c');
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r stopped asked 1600 3244 8000']);
  });
  it('opening -> stop -> started, stopped: an empty file', async () => {
    const test = start();
    test.recordings.stop('r');
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r stopped asked 0 44 8000']);
  });
  for (const ends of ['the disk never answers', 'the file is open after all'] as const) {
    it(`opening -> stop -> 5 s later failed, once; ${ends}`, async () => {
      const events: EngineEvent[] = [];
      const deadlines: (() => void)[] = [];
      const scheduler = { now: () => 0, after: (ms: number, fn: () => void) => (assert.equal(ms, 5000), deadlines.push(fn), () => undefined) };
      let open = (): void => undefined;
      const before = new Promise<void>((resolve) => (open = resolve));
      const recording = new Recording({ id: 'r', from: { conference: 'c' }, path: newPath(), limits: {} }, 8000, { scheduler, emit: (event) => events.push(event), warn: () => undefined }, before);
      recording.end('asked');
      for (const fire of deadlines) fire();
      await recording.over;
      if (ends === 'the file is open after all') open();
      await RecordingFile.open(newPath(), 8000, false, fail).then((file) => file.close());
      assert.equal(events.length, 1);
      assert.ok(events[0]?.type === 'recording' && events[0].what === 'failed' && events[0].message.endsWith('the disk does not answer'));
    });
  }
  it('running -> limit -> stopped', async () => {
    const test = start({ limitMs: 100 });
    await opened(test);
    write(test, loud, 10);
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r stopped limit 800 1644 8000']);
  });
  it('running -> silence in a row -> stopped', async () => {
    const test = start({ silenceMs: 60, silenceLevel: 300 });
    await opened(test);
    const soft = new Int16Array(160).fill(299);
    write(test, soft, 2);
    write(test, loud, 1);
    write(test, soft, 5);
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r stopped silence 960 1964 8000']);
  });
  it('running -> paused -> running: what passed between is left out', async () => {
    const test = start();
    await opened(test);
    write(test, loud, 1);
    test.recordings.pause('r', true);
    write(test, new Int16Array(160).fill(1), 5);
    test.recordings.pause('r', false);
    write(test, loud, 1);
    test.recordings.endOfConference('c');
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r stopped left 320 684 8000']);
    assert.deepEqual(readWav(readFileSync(test.path)).samples, Int16Array.of(...loud, ...loud));
  });
  it('opening -> cannot -> failed, with path and reason', async () => {
    const test = start({}, join(folder, 'none', 'a.wav'));
    test.recordings.stop('r');
    await test.recordings.allOver();
    assert.equal(test.events.length, 1);
    const [event] = test.events;
    assert.ok(event?.type === 'recording' && event.what === 'failed' && /^cannot record to .*none.*ENOENT/.test(event.message));
  });
  it('running -> disk too slow for 5 s -> failed; what was written is a whole file', async () => {
    const test = start();
    await opened(test);
    write(test, loud, 200 + 250 + 10);
    await test.recordings.allOver();
    assert.deepEqual(test.told(), ['r started', 'r failed']);
    while (readWav(readFileSync(test.path)).samples.length !== 32_000) await turn();
  });
  it('a path in use fails; one that is being closed is waited for', async () => {
    const test = start();
    await opened(test);
    write(test, loud, 1);
    test.recordings.start({ ...test.order, id: 'second' }, 8000);
    test.recordings.stop('r');
    test.recordings.start({ ...test.order, id: 'third', limits: { append: true } }, 8000);
    test.recordings.start({ ...test.order, id: 'third' }, 8000);
    test.recordings.stop('third');
    while (test.events.length < 5) await turn();
    assert.deepEqual(test.told(), ['r started', 'second failed', 'r stopped asked 160 364 8000', 'third started', 'third stopped asked 160 364 8000']);
  });
  it('a leg that changes the rate goes on at that of the file', async () => {
    const test = start();
    test.recordings.start({ id: 'leg', from: { leg: 'l', what: 'heard' }, path: newPath(), limits: {} }, 8000);
    while (test.events.length < 2) await turn();
    for (let i = 0; i < 50; i++) test.recordings.writeLeg('l', sine(8000, 440, 20, -12, i * 160), new Int16Array(160));
    for (let i = 0; i < 50; i++) test.recordings.writeLeg('l', sine(48_000, 440, 20, -12, i * 960), new Int16Array(960));
    test.recordings.endOfLeg('l');
    while (test.events.length < 3) await turn();
    const { samples } = readWav(readFileSync(join(folder, `${names}.wav`)));
    assert.equal(samples.length, 16_000);
    assert.ok([samples.subarray(0, 8000), samples.subarray(8160)].every((part) => Math.abs(toneLevel(part, 8000, 440) + 12) < 0.3));
    test.recordings.stop('r');
    await test.recordings.allOver();
  });
});

describe('recordings of the engine', () => {
  const bench = new Bench(42_800, 43_199);
  const { engine } = bench;
  const lab = new Lab(bench);
  afterEach(() => lab.clear());
  after(() => engine.stop());

  const started = (recording: string): Promise<unknown> => bench.event('recording', (event) => event.recording === recording && event.what === 'started');
  const ended = (recording: string): ReturnType<typeof bench.event<'recording'>> => bench.event('recording', (event) => event.recording === recording && event.what !== 'started');

  for (const rate of [8000, 16_000] as const) {
    it(`a conference at ${rate} Hz: the whole mix with what is played into it; a pause is left out`, async () => {
      const { conference, members } = await lab.room([440, 770], rate);
      const { path, end } = await lab.undisturbed(async () => {
        const path = newPath();
        engine.playToConference(conference, 'p', { kind: 'tone', hz: [1130], onMs: 60_000, offMs: 0, loops: 1 });
        engine.record(path, { conference }, path);
        await started(path);
        await members[0]!.phone.receive(60);
        engine.pauseRecording(path, true);
        await engine.stopConferencePlay(conference, 'all');
        await members[0]!.phone.receive(30);
        engine.stopRecording(path);
        return { path, end: await ended(path) };
      });
      assert.ok(end.what === 'stopped' && end.why === 'asked' && end.rate === rate);
      const wav = readWav(readFileSync(path));
      assert.deepEqual({ rate: wav.rate, samples: wav.samples.length, bytes: statSync(path).size }, { rate, samples: end.samples, bytes: end.bytes });
      assert.ok(end.samples >= (rate / 50) * 55 && end.samples <= (rate / 50) * 70);
      for (const hz of [440, 770, 1130]) assert.ok(isThere(usualToneLevel(wav.samples, rate, hz)), `${hz} Hz`);
    });
  }
  it('a leg, both sides or what is heard of it, in a conference and before', async () => {
    const { conference, members } = await lab.room([440]);
    const { both, heard, ends } = await lab.undisturbed(async () => {
      const { leg, phone, port } = await lab.line();
      phone.talk(770, port);
      const [both, heard] = [newPath(), newPath()];
      engine.record(both, { leg, what: 'both' }, both);
      engine.record(heard, { leg, what: 'heard' }, heard);
      engine.play(leg, leg, [{ kind: 'tone', hz: [1490], onMs: 600, offMs: 0, loops: 1 }]);
      await bench.event('playDone', ({ play }) => play === leg);
      await phone.receive(5);
      engine.join(conference, leg, member);
      await members[0]!.phone.receive(30);
      engine.stopRecording(both);
      engine.stopRecording(heard);
      return { both, heard, ends: await Promise.all([ended(both), ended(heard)]) };
    });
    assert.deepEqual(ends.map((end) => (end.what === 'stopped' ? end.why : end.what)), ['asked', 'asked']);
    const [b, h] = [readWav(readFileSync(both)).samples, readWav(readFileSync(heard)).samples];
    const levels = (samples: Int16Array): string => [440, 770, 1490].map((hz) => (isThere(toneLevel(samples, 8000, hz)) ? 'x' : isGone(toneLevel(samples, 8000, hz)) ? '-' : '?')).join('');
    assert.deepEqual([b.subarray(1600, 4000), b.subarray(-3200), h.subarray(1600, 4000), h.subarray(-3200)].map(levels), ['-xx', 'xx-', '-x-', '-x-']);
  });
  it('a leg that is closed ends what is recorded of it', async () => {
    const { leg, phone } = await lab.line();
    engine.record('closed', { leg, what: 'both' }, newPath());
    await started('closed');
    await phone.receive(5);
    engine.close(leg);
    const end = await ended('closed');
    assert.ok(end.what === 'stopped' && end.why === 'left' && end.samples > 0);
  });
  it('an empty conference is recorded, too: silence in real time, ended with it', async () => {
    const conference = lab.emptyRoom();
    engine.record('empty', { conference }, newPath(), { limitMs: 200 });
    const end = await ended('empty');
    assert.ok(end.what === 'stopped' && end.why === 'limit' && end.samples === 1600);
    engine.record('more', { conference }, newPath());
    await started('more');
    engine.destroyConference(conference);
    const left = await ended('more');
    assert.ok(left.what === 'stopped' && left.why === 'left');
  });
  it('nobody there, no folder: failed, with the reason', async () => {
    engine.record('nowhere', { conference: 'nowhere' }, newPath());
    engine.record('nobody', { leg: 'nobody', what: 'both' }, newPath());
    const { leg } = await lab.line();
    engine.record('folder', { leg, what: 'both' }, join(folder, 'none', 'x.wav'));
    for (const [id, message] of [['nowhere', /no such conference/], ['nobody', /no such leg/], ['folder', /ENOENT/]] as const) {
      const end = await ended(id);
      assert.ok(end.what === 'failed' && message.test(end.message), id);
    }
    engine.pauseRecording('unknown', true);
    engine.stopRecording('unknown');
  });
  it('stopping the engine ends a recording properly', async () => {
    const other = new Bench(43_200, 43_299);
    const path = newPath();
    other.engine.createConference('c', { rate: 8000 });
    other.engine.record('r', { conference: 'c' }, path);
    await other.event('recording');
    await other.engine.stop();
    const end = other.events.at(-1);
    assert.ok(end?.type === 'recording' && end.what === 'stopped' && end.why === 'left');
    assert.equal(statSync(path).size, end.bytes);
  });
});
