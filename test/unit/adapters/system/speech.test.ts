import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogger } from '../../../../src/adapters/system/log.ts';
import { createSpeech } from '../../../../src/adapters/system/speech.ts';
import { createAnnouncementFiles, createRecordingFiles } from '../../../../src/adapters/system/media-files.ts';

describe('text to speech', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'vestibule-speech-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  const speech = (command: readonly string[] | undefined, timeoutMs = 10_000): ReturnType<typeof createSpeech> => createSpeech({ command, dir: join(dir, 'out'), timeoutMs, log: createLogger('silent') });
  const left = (): readonly string[] => readdirSync(join(dir, 'out'));
  /** A program made of a script for Node. */
  const program = (name: string, script: string): string => {
    const path = join(dir, name);
    writeFileSync(path, `#!${process.execPath}\n${script}`);
    chmodSync(path, 0o755);
    return path;
  };

  it('the text comes by the input, never by the arguments, and without a shell; the language by an argument', async () => {
    const echo = program('echo.cjs', "let t='';process.stdin.on('data',d=>t+=d).on('end',()=>process.stdout.write('x'.repeat(44)+process.argv.slice(2).join('|')+'|'+t));");
    const spoken = await speech([echo, '-v', '{language}']).speak('$(touch x); "hello"', 'pt-BR');
    assert.ok(spoken.ok);
    assert.equal(readFileSync(spoken.value.path, 'utf8').slice(44), '-v|pt-br|$(touch x); "hello"');
    await spoken.value.remove();
    assert.deepEqual(left(), []);
  });

  it('the lengths of a WAV file from a pipe are set right', async () => {
    const wav = program('wav.cjs', "const h=Buffer.alloc(44);h.write('RIFF');h.writeUInt32LE(0x7fffffff,4);h.write('WAVEfmt ',8);h.write('data',36);h.writeUInt32LE(0x7fffffff,40);process.stdout.write(Buffer.concat([h,Buffer.alloc(320)]));process.stdin.resume();");
    const spoken = await speech([wav]).speak('x', 'en');
    assert.ok(spoken.ok);
    const file = readFileSync(spoken.value.path);
    assert.deepEqual([file.readUInt32LE(4), file.readUInt32LE(40)], [file.length - 8, 320]);
    await spoken.value.remove();
  });

  it('no program: no_speech', async () => {
    assert.deepEqual(await speech(['no-such-program-here']).speak('x', 'en'), { ok: false, error: 'no_speech' });
  });

  const broken: Readonly<Record<string, string>> = {
    'a program that fails': 'process.exit(3)',
    'one that says nothing': 'process.stdin.resume()',
    'one that never ends': 'setInterval(() => undefined, 1000)',
    'one that never stops talking': "const b=Buffer.alloc(1<<20);const w=()=>{while(process.stdout.write(b));process.stdout.once('drain',w)};w();",
  };
  for (const [what, script] of Object.entries(broken)) {
    it(`${what}: failed, and nothing is left`, async () => {
      assert.deepEqual(await speech([program('broken.cjs', script)], 2_000).speak('x', 'en'), { ok: false, error: 'failed' });
      assert.deepEqual(left(), []);
    });
  }

  it('more than four at a time are refused', async () => {
    const slow = speech([program('slow.cjs', "process.stdin.resume().on('end',()=>setTimeout(()=>process.stdout.write(Buffer.alloc(100)),200))")]);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => slow.speak('x', 'en')));
    assert.equal(outcomes.filter(({ ok }) => ok).length, 4);
    for (const outcome of outcomes) if (outcome.ok) await outcome.value.remove();
  });

  it('espeak-ng is what speaks by itself', async () => {
    const spoken = await speech(undefined).speak('one', 'en');
    assert.ok(spoken.ok || spoken.error === 'no_speech', JSON.stringify(spoken));
    if (!spoken.ok) return;
    assert.equal(readFileSync(spoken.value.path).toString('latin1', 0, 4), 'RIFF');
    await spoken.value.remove();
  });
});

describe('files of recordings and announcements', () => {
  it('names that lead out of the folder are none', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vestibule-files-'));
    writeFileSync(join(dir, 'secret.wav'), '');
    const announcements = createAnnouncementFiles(join(dir, 'in'));
    const recordings = createRecordingFiles(join(dir, 'in'));
    for (const name of ['../secret.wav', join(dir, 'secret.wav'), '.', '', '..', 'a/../../secret.wav', 'x\0.wav']) {
      assert.equal(await announcements.find(name), undefined, name);
      await assert.rejects(async () => recordings.prepare(name), name);
    }
    const path = await recordings.prepare('room/one.wav');
    writeFileSync(path, 'four');
    assert.equal(await recordings.size('room/one.wav'), 4);
    assert.equal(await announcements.find('room/one.wav'), path);
    assert.equal(await announcements.find('room'), undefined);
    await recordings.remove('room/one.wav');
    assert.equal(await recordings.size('room/one.wav'), 0);
    rmSync(dir, { recursive: true });
  });
});
