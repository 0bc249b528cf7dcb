import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, mock } from 'node:test';
import fc from '../../../properties.ts';
import { muLaw } from '../../../../src/protocol/g711/g711.ts';
import type { AudioSource, EngineEvent } from '../../../../src/softswitch/engine/api.ts';
import { AudioFiles } from '../../../../src/softswitch/engine/audio-files.ts';
import { Player } from '../../../../src/softswitch/engine/player.ts';
import { openSource } from '../../../../src/softswitch/engine/source.ts';
import type { ReadOutcome } from '../../../../src/softswitch/engine/source.ts';
import { readWavHeader } from '../../../../src/softswitch/engine/wav.ts';
import { readWav, sine, toneLevel, writeWav } from '../../../audio.ts';

const folder = mkdtempSync(join(tmpdir(), 'vestibule-engine-'));
after(() => rmSync(folder, { recursive: true }));

const warnings: string[] = [];
const newFiles = (cacheBytes = 1e6): AudioFiles => new AudioFiles(cacheBytes, (code) => warnings.push(code));
const files = newFiles();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Everything a source has to say, waiting for the disk where it must. */
async function readAll(source: AudioSource, from = files, rate = 8000): Promise<{ samples: Int16Array; end: ReadOutcome; heard: number; offset: number }> {
  const reader = openSource(source, from, rate);
  const frame = new Int16Array(rate / 50);
  const samples: number[] = [];
  for (;;) {
    const outcome = reader.read(frame);
    if (outcome === 'audio') samples.push(...frame);
    else if (outcome === 'pending') await turn();
    else return { samples: Int16Array.from(samples.slice(0, (reader.samples * rate) / 8000)), end: outcome, heard: reader.samples, offset: reader.offset };
  }
}

describe('WAV header', () => {
  const good = writeWav({ rate: 16000, channels: 1, samples: new Int16Array(10) });
  it('plain', () => assert.deepEqual(readWavHeader(good), { ok: true, value: { encoding: 'pcm16', rate: 16000, channels: 1, dataStart: 44, dataBytes: 20 } }));
  it('cut at any byte is refused, not thrown over', () => {
    for (let length = 0; length < 44; length++) assert.equal(readWavHeader(good.subarray(0, length)).ok, false, `${length}`);
  });
  it('a size of 2^32-1, as written to a pipe, is up to the end of the file', () => {
    const piped = Buffer.from(good);
    piped.writeUInt32LE(0xffffffff, 40);
    const header = readWavHeader(piped);
    assert.ok(header.ok && header.value.dataBytes === Infinity);
  });
  for (const [name, at, value] of [['24 bit', 34, 24], ['MP3 inside', 20, 0x55], ['six channels', 22, 6]] as const) {
    it(`${name} is refused`, () => {
      const changed = Buffer.from(good);
      changed.writeUInt16LE(value, at);
      assert.deepEqual(readWavHeader(changed), { ok: false, error: 'unsupported_format' });
    });
  }
  it('property: total', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readWavHeader(bytes)), { seed: 1 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readWavHeader(Buffer.concat([good.subarray(0, 12), bytes]))), { seed: 1 });
  });
  it('test helper: what is written is read back', () => {
    const wav = { rate: 8000, channels: 1, samples: sine(8000, 440, 20) };
    assert.deepEqual(readWav(writeWav(wav)), wav);
  });
});

describe('audio files', () => {
  it('16 kHz mono is heard at 8 kHz in full length', async () => {
    const path = write('mono.wav', writeWav({ rate: 16000, channels: 1, samples: sine(16000, 1000, 2500) }));
    const { samples, end, heard, offset } = await readAll({ kind: 'file', path });
    assert.deepEqual({ end, heard, offset }, { end: 'done', heard: 20_000, offset: 20_000 });
    assert.ok(Math.abs(toneLevel(samples, 8000, 1000) + 12) < 0.2);
  });
  it('stereo is the mean of both sides', async () => {
    const [left, right] = [sine(8000, 500, 500), sine(8000, 1300, 500)];
    const both = new Int16Array(left.length * 2).map((_, i) => (i % 2 === 0 ? left : right)[i >> 1]!);
    const { samples } = await readAll({ kind: 'file', path: write('stereo.wav', writeWav({ rate: 8000, channels: 2, samples: both })) });
    for (const hz of [500, 1300]) assert.ok(Math.abs(toneLevel(samples, 8000, hz) + 18) < 0.2);
  });
  it('mu-law', async () => {
    const header = writeWav({ rate: 8000, channels: 1, samples: new Int16Array(0) });
    header.writeUInt16LE(7, 20);
    header.writeUInt16LE(8, 34);
    header.writeUInt32LE(0, 40);
    const codes = Uint8Array.from(sine(8000, 1000, 500), (sample) => muLaw.encode[sample & 0xffff]!);
    const { samples, heard } = await readAll({ kind: 'file', path: write('mulaw.wav', Buffer.concat([header, codes])) });
    assert.equal(heard, 4000);
    assert.ok(Math.abs(toneLevel(samples, 8000, 1000) + 12) < 0.2);
  });
  it('from an offset, with a gain', async () => {
    const path = write('offset.wav', writeWav({ rate: 8000, channels: 1, samples: Int16Array.from({ length: 1000 }, (_, i) => i) }));
    const { samples, heard, offset } = await readAll({ kind: 'file', path, offsetSamples: 700, gainDb: 20 });
    assert.deepEqual({ heard, offset, first: samples[0] }, { heard: 300, offset: 1000, first: 7000 });
    assert.equal((await readAll({ kind: 'file', path, offsetSamples: 5000 })).heard, 0);
  });
  it('a data chunk cut short by the end of the file is played as far as it goes', async () => {
    const whole = writeWav({ rate: 8000, channels: 1, samples: sine(8000, 1000, 1000) });
    assert.equal((await readAll({ kind: 'file', path: write('cut.wav', whole.subarray(0, 8045)) })).heard, 4000);
  });
  const bad: [name: string, path: () => string, end: string][] = [
    ['missing', () => join(folder, 'none.wav'), 'not_found'],
    ['in a missing folder', () => join(folder, 'none', 'a.wav'), 'not_found'],
    ['a folder', () => folder, 'unreadable'],
    ['a device', () => '/dev/zero', 'unreadable'],
    ['empty', () => write('empty.wav', new Uint8Array(0)), 'unreadable'],
    ['text', () => write('text.wav', Buffer.from('hello, this is not audio at all')), 'unreadable'],
    ['at a rate of 7 Hz', () => write('slow.wav', writeWav({ rate: 7, channels: 1, samples: new Int16Array(1) })), 'unreadable'],
    ['longer than half the cache', () => write('long.wav', writeWav({ rate: 8000, channels: 1, samples: new Int16Array(300_000) })), 'unreadable'],
    ['with a zero byte in its name', () => `${folder}/a\0b`, 'unreadable'],
  ];
  for (const [name, path, end] of bad) it(`a file ${name} is ${end}`, async () => assert.equal((await readAll({ kind: 'file', path: path() })).end, end));

  it('one of 12 MB is heard before it is read whole, and keeps no more than it holds at the rate it is played at', async () => {
    const own = newFiles(16e6);
    const path = write('long22.wav', writeWav({ rate: 22_050, channels: 1, samples: new Int16Array(22_050 * 280) }));
    const reader = openSource({ kind: 'file', path }, own, 8000);
    const file = own.open(path, 8000);
    const frame = new Int16Array(160);
    while (reader.read(frame) !== 'audio') await turn();
    assert.equal(file.pcm?.complete, false);
    assert.ok(own.cachedBytes <= 2 * 8000 * 280 * 2, `${own.cachedBytes}`);
    assert.equal((await readAll({ kind: 'file', path }, own)).heard, 8000 * 280);
  });

  it('is read once, until it changes on disk', async () => {
    const own = newFiles();
    const path = write('changing.wav', writeWav({ rate: 8000, channels: 1, samples: new Int16Array(800) }));
    await readAll({ kind: 'file', path }, own);
    const first = own.open(path, 8000);
    while (first.pcm === undefined) await turn();
    const second = own.open(path, 8000);
    while (second.pcm === undefined) await turn();
    assert.equal(second.pcm, first.pcm);
    utimesSync(path, 1, 1);
    const third = own.open(path, 8000);
    while (third.pcm === undefined) await turn();
    assert.notEqual(third.pcm, first.pcm);
  });
  it('a disk that fails midway ends it for every player, and the next one tries the disk again', async () => {
    const own = newFiles();
    const path = write('failing.wav', writeWav({ rate: 8000, channels: 1, samples: new Int16Array(100_000) }));
    const handle = await open(path);
    const disk = Object.getPrototypeOf(handle) as typeof handle;
    await handle.close();
    const read = Object.getOwnPropertyDescriptor(disk, 'read')?.value as (this: typeof handle, buffer: Buffer, offset: number, length: number, position: number) => Promise<{ readonly bytesRead: number }>;
    let broken = true;
    let failing = (): void => undefined;
    const failed = new Promise<void>((resolve) => (failing = resolve));
    mock.method(disk, 'read', async function (this: typeof handle, buffer: Buffer, offset: number, length: number, position: number) {
      if (!broken || position < 50_000) return read.call(this, buffer, offset, length, position);
      await failed;
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    });
    try {
      const readers = [openSource({ kind: 'file', path }, own, 8000), openSource({ kind: 'file', path }, own, 8000)];
      const frame = new Int16Array(160);
      // One at a time: the second one finds what the first one has read.
      for (const reader of readers) while (reader.read(frame) !== 'audio') await turn();
      failing();
      const ends = readers.map(async (reader) => {
        for (;;) {
          const outcome = reader.read(frame);
          if (outcome === 'pending') await turn();
          else if (outcome !== 'audio') return outcome;
        }
      });
      assert.deepEqual(await Promise.all(ends), ['unreadable', 'unreadable']);
      broken = false;
      assert.equal((await readAll({ kind: 'file', path }, own)).heard, 100_000);
    } finally {
      mock.restoreAll();
    }
  });
  it('the cache stays within its bytes', async () => {
    const own = newFiles(10_000);
    for (let i = 0; i < 10; i++) await readAll({ kind: 'file', path: write(`lru${i}.wav`, writeWav({ rate: 8000, channels: 1, samples: new Int16Array(2000) })) }, own);
    assert.equal(own.cachedBytes, 8000);
  });
});

describe('tones and silence', () => {
  it('two frequencies, on and off, a number of times', async () => {
    const { samples, heard } = await readAll({ kind: 'tone', hz: [440, 620], onMs: 200, offMs: 100, loops: 2 });
    assert.equal(heard, 4800);
    for (const start of [0, 2400]) {
      const on = samples.subarray(start, start + 1600);
      for (const hz of [440, 620]) assert.ok(Math.abs(toneLevel(on, 8000, hz) + 12) < 1);
      assert.ok(samples.subarray(start + 1600, start + 2400).every((sample) => sample === 0));
    }
  });
  it('begins and ends softly', async () => {
    const { samples } = await readAll({ kind: 'tone', hz: [1000], onMs: 100, offMs: 0, loops: 1 });
    for (const edge of [samples.subarray(0, 4), samples.subarray(-4)]) assert.ok(edge.every((sample) => Math.abs(sample) < 300));
  });
  for (const rate of [16_000, 48_000]) {
    it(`at ${rate} Hz a file and a tone sound as long, as high and as loud; positions stay those of 8 kHz`, async () => {
      const path = write(`wide${rate}.wav`, writeWav({ rate: 44_100, channels: 1, samples: sine(44_100, 1000, 333) }));
      for (const [source, length] of [[{ kind: 'file', path }, 2664], [{ kind: 'tone', hz: [1000], onMs: 333, offMs: 0, loops: 1 }, 2664]] as const) {
        const { samples, end, heard, offset } = await readAll(source, files, rate);
        assert.deepEqual({ end, heard, offset, samples: samples.length }, { end: 'done', heard: length, offset: length, samples: (length * rate) / 8000 });
        assert.ok(Math.abs(toneLevel(samples, rate, 1000) + 12) < 0.5);
      }
    });
  }
  it('the rate may change while a file is read: it goes on where it was', async () => {
    const samples = Int16Array.from({ length: 8000 }, (_, i) => i);
    const reader = openSource({ kind: 'file', path: write('ramp.wav', writeWav({ rate: 8000, channels: 1, samples })) }, files, 8000);
    const first: number[] = [];
    for (const length of [160, 320, 960, 160]) {
      const frame = new Int16Array(length);
      while (reader.read(frame) === 'pending') await turn();
      first.push(frame[0]!);
    }
    assert.deepEqual(first.map((value) => Math.round(value / 160)), [0, 1, 2, 3]);
    assert.equal(reader.samples, 640);
  });
  it('seek: goes on there; behind the end it is done', () => {
    const reader = openSource({ kind: 'tone', hz: [500], onMs: 1000, offMs: 0, loops: 1 }, files, 8000);
    const frame = new Int16Array(160);
    reader.seek(7920);
    assert.equal(reader.read(frame), 'audio');
    assert.deepEqual({ offset: reader.offset, samples: reader.samples, length: reader.length }, { offset: 8000, samples: 80, length: 8000 });
    assert.equal(reader.read(frame), 'done');
    reader.seek(-5);
    assert.equal(reader.read(frame), 'audio');
    assert.equal(reader.offset, 160);
    reader.seek(1e9);
    assert.equal(reader.read(frame), 'done');
  });
  it('silence has its length; -1 has no end', async () => {
    assert.equal((await readAll({ kind: 'silence', ms: 250 })).heard, 2000);
    const forEver = openSource({ kind: 'silence', ms: -1 }, files, 8000);
    for (let i = 0; i < 10_000; i++) assert.equal(forEver.read(new Int16Array(160)), 'audio');
  });
});

describe('player', () => {
  const tone = (frames: number): AudioSource => ({ kind: 'tone', hz: [440], onMs: frames * 20, offMs: 0, loops: 1 });
  const start = (): { player: Player; ticks: (count: number) => string; told: () => string[] } => {
    const events: EngineEvent[] = [];
    const player = new Player('leg', files, () => undefined, (event) => events.push(event));
    const frame = new Int16Array(160);
    return {
      player,
      ticks: (count) => Array.from({ length: count }, () => (player.next(frame) ? 'x' : '-')).join(''),
      told: () =>
        events.splice(0).map((event) => {
          switch (event.type) {
            case 'playStarted':
              return `${event.play}${event.index} started`;
            case 'playStopped':
              return `${event.play}${event.index} ${event.how} ${event.samples}@${event.offset}`;
            case 'playDone':
              return `${event.play} done${event.terminator === undefined ? '' : ` by ${event.terminator}`}`;
            default:
              return event.type;
          }
        }),
    };
  };
  it('a list: one after the other, then done', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(2), tone(1)], '');
    assert.equal(ticks(5), 'xxx--');
    assert.deepEqual(told(), ['a0 started', 'a0 done 320@320', 'a1 started', 'a1 done 160@160', 'a done']);
  });
  it('an empty list is done', () => {
    const { player, ticks, told } = start();
    player.play('a', [], '');
    assert.equal(ticks(1), '-');
    assert.deepEqual(told(), ['a done']);
  });
  it('nested: the running list is set aside and goes on', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(3)], '');
    ticks(1);
    player.play('b', [tone(1)], '');
    assert.equal(ticks(4), 'xxx-');
    assert.deepEqual(told(), ['a0 started', 'b0 started', 'b0 done 160@160', 'b done', 'a0 done 480@480', 'a done']);
  });
  it('break: the next source begins at the next tick', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50), tone(1)], '');
    ticks(2);
    player.break(false);
    assert.equal(ticks(3), 'x--');
    assert.deepEqual(told(), ['a0 started', 'a0 broken 320@320', 'a1 started', 'a1 done 160@160', 'a done']);
  });
  it('each break counts: two within a tick end two sources, and the list with its last one', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50), tone(50)], '');
    ticks(2);
    player.break(false);
    player.break(false);
    assert.equal(ticks(1), '-');
    assert.deepEqual(told(), ['a0 started', 'a0 broken 320@320', 'a1 broken 0@0', 'a done']);
  });
  it('break of the last source ends the list: another one meets the list below', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50), tone(1)], '');
    ticks(1);
    player.play('b', [tone(50)], '');
    ticks(1);
    player.break(false);
    player.break(false);
    assert.equal(ticks(2), 'x-');
    assert.deepEqual(told(), ['a0 started', 'b0 started', 'b0 broken 160@160', 'b done', 'a0 broken 160@160', 'a1 started', 'a1 done 160@160', 'a done']);
  });
  it('break all: the list is over at once', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50), tone(50)], '');
    ticks(2);
    player.break(true);
    assert.deepEqual(told(), ['a0 started', 'a0 broken 320@320', 'a done']);
    assert.equal(ticks(1), '-');
  });
  it('break all twice: the list below goes, too (uuid_transfer with nested playbacks)', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50)], '');
    ticks(1);
    player.play('b', [tone(50)], '');
    ticks(1);
    player.break(true);
    player.break(true);
    assert.equal(ticks(1), '-');
    assert.deepEqual(told(), ['a0 started', 'b0 started', 'b0 broken 160@160', 'b done', 'a0 broken 160@160', 'a done']);
  });
  it('a terminator goes down: the list is over, once; other keys do nothing', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50)], '');
    player.play('b', [tone(50), tone(50)], '12');
    ticks(2);
    player.pressed('3');
    assert.equal(ticks(1), 'x');
    player.pressed('2');
    player.pressed('1');
    assert.equal(ticks(1), 'x');
    player.pressed('1');
    assert.equal(ticks(1), 'x');
    assert.deepEqual(told(), ['b0 started', 'b0 broken 480@480', 'b done by 2', 'a0 started']);
  });
  it('break, then a new list before the tick: what was running is broken, the new one is not', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(50)], '');
    ticks(1);
    player.break(true);
    player.play('b', [tone(1)], '');
    assert.equal(ticks(3), 'x--');
    assert.deepEqual(told(), ['a0 started', 'a0 broken 160@160', 'a done', 'b0 started', 'b0 done 160@160', 'b done']);
  });
  it('a missing file in a list is told and passed over', async () => {
    const { player, ticks, told } = start();
    player.play('a', [{ kind: 'file', path: join(folder, 'none.wav') }, tone(1)], '');
    while (!ticks(1).includes('x')) await turn();
    ticks(1);
    assert.deepEqual(told(), ['a0 not_found 0@0', 'a1 started', 'a1 done 160@160', 'a done']);
  });
  it('stop: every list ends once', () => {
    const { player, ticks, told } = start();
    player.play('a', [tone(9), tone(9)], '');
    ticks(1);
    player.play('b', [tone(9)], '');
    player.stop();
    assert.equal(ticks(1), '-');
    assert.deepEqual(told(), ['a0 started', 'b0 broken 0@0', 'b done', 'a0 broken 160@160', 'a done']);
  });
  for (const [delayMs, expected] of [[0, [1, 2, 3, 0, 5]], [40, [0, 0, 1, 2, 3]]] as const) {
    it(`echo after ${delayMs} ms, until it is broken; a list played over it sounds in its place`, () => {
      let said: Int16Array | undefined;
      const events: string[] = [];
      const player = new Player('leg', files, () => said, (event) => events.push(event.type));
      const frame = new Int16Array(320);
      assert.equal(player.echoes, false);
      player.play('a', [{ kind: 'echo', delayMs }], '');
      assert.equal(player.echoes, true);
      const heard = [1, 2, 3, undefined, 5].map((value) => {
        said = value === undefined ? undefined : new Int16Array(320).fill(value);
        assert.equal(player.next(frame), true);
        assert.ok(frame.every((sample) => sample === frame[0]));
        return frame[0];
      });
      assert.deepEqual(heard, expected);
      player.play('b', [tone(1)], '');
      assert.equal(player.echoes, false);
      player.next(frame);
      assert.ok(frame[100] !== 0, 'the tone');
      said = new Int16Array(320).fill(6);
      player.next(frame);
      assert.equal(frame[0], delayMs === 0 ? 6 : 0);
      player.break(true);
      assert.equal(player.next(frame), false);
      assert.deepEqual(events, ['playStarted', 'playStarted', 'playStopped', 'playDone', 'playStopped', 'playDone']);
    });
  }
  it('break of nothing is nothing', () => {
    const { player, ticks, told } = start();
    player.break(true);
    assert.equal(ticks(1), '-');
    assert.deepEqual(told(), []);
  });
});
