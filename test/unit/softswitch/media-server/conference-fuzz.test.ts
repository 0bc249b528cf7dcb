/** Whatever is sent to `conference`: exactly one reply, no throw, nothing left behind, everything bounded. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { COMMANDS } from '../../../../src/softswitch/media-server/conference-grammar.ts';
import { ConferenceBench } from './conference-bench.ts';

/** The runs are the same every time; another seed finds other lines. */
const SEED = 20_261_122;
const MAX_REPLY = 256 * 1024;

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '3', '0', '-1', '99999', 'all', 'last', 'non_moderator', 'on', 'off', 'up', 'down', 'clear', 'stop', 'start', 'async', 'nomux', 'current', 'mod', 'file', 'quiet', 'nospeak', 'nohear', 'colour=red', '=', 'x=') },
  { weight: 2, arbitrary: fc.constantFrom('silence_stream://50', 'tone_stream://%(100,50,440);loops=-1', '/nowhere/a.wav', '{vol=1}b.wav', 'room', 'other@wideband', '1,2,3', '300:200:1', '1000:100:5', '+500', '-', 'max_members', 'wait_mod', '640x480', '1e9') },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom('9'.repeat(400), 'A'.repeat(5_000), '__proto__', 'constructor', 'toString', '%00', "'", "''", '"') },
);
/** Lines end what is sent on a socket. */
const line = fc
  .tuple(fc.oneof({ weight: 9, arbitrary: fc.constant('room') }, { weight: 1, arbitrary: word }), fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...COMMANDS) }, { weight: 1, arbitrary: word }), fc.array(word, { maxLength: 5 }))
  .map(([room, command, words]) => [room, command, ...words].join(' ').replaceAll(/[\r\n]/g, ''));

async function run(lines: readonly string[]): Promise<void> {
  const bench = new ConferenceBench();
  bench.join('room++flags{moderator}', { colour: 'red' });
  bench.join('room');
  bench.join('room++flags{mute}');
  for (const text of lines) {
    const reply = await bench.api(text);
    assert.equal(typeof reply, 'string', text);
    assert.ok(reply !== '' && Buffer.byteLength(reply) < MAX_REPLY, text);
    bench.clock.advance(20);
    bench.played();
  }
  bench.recorded('started');
  for (const channel of [...bench.core.channels.values()]) channel.hangup('NORMAL_CLEARING');
  bench.recorded('stopped');
  await new Promise((resolve) => setImmediate(resolve));
  const { conferences, channels, recordings, plays } = bench.core;
  assert.deepEqual([conferences.size, channels.size, recordings.size, plays.size, bench.clock.pending], [0, 0, 0, 0, 0]);
  assert.ok(!bench.logged.some((text) => /failed|could not/.test(text)), bench.logged.join('\n'));
}

describe('conference commands at random', { timeout: 60_000 }, () => {
  it('known commands with odd arguments, in any order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 25 }), run), { seed: SEED, numRuns: 400 });
  });

  it('every command without arguments, and with one it does not know', async () => {
    await run(COMMANDS.map((command) => `room ${command}`));
    await run(COMMANDS.map((command) => `room ${command} ?`));
    await run(COMMANDS.map((command) => `room ${command.toUpperCase()} 1 2 3`));
  });

  it('text that is no command at all', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 5 }), run), { seed: SEED, numRuns: 200 });
  });

  it('what piles up is bounded: files, recordings, variables', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    for (let count = 0; count < 300; count++) await bench.api('room play silence_stream://1000');
    for (let count = 0; count < 40; count++) await bench.api(`room record ${count}.wav`);
    for (let count = 0; count < 600; count++) await bench.api(`room setvar v${count} x`);
    assert.deepEqual([bench.plays.length, bench.core.recordings.size, bench.conference('room').variables.size], [256, 16, 500]);
    assert.equal(await bench.api('room play silence_stream://1000'), '-ERR (play) File: silence_stream://1000 not found.\n');
    assert.equal(await bench.api('room record x.wav'), '-ERR too many recordings\n');
    assert.equal(await bench.api('room setvar one more'), '-ERR too many variables\n');
  });
});
