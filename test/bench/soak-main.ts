/**
 * `npm run soak`: calls coming and going for as long as one likes; no call may fail, and at the end nothing may be left.
 *
 *   npm run soak -- [--minutes 10] [--participants 600] [--room-every 2]
 *
 * Ends with one line that begins with SOAK OK or SOAK FAILED, and the exit code says the same.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CrowdProcess, pin } from './crowd/crowd-process.ts';
import { roomSize } from './crowd/sounds.ts';
import { round, slope } from './figures.ts';
import { costOf } from './process-cost.ts';
import { startRooms } from './server.ts';

const hostPin = '135792';
/** The first part of the time is for warming up: memory is judged after it. */
const warmUpShare = 0.3;
const lookEveryMs = 5_000;
/** RFC 3261 timers of the last calls, ports in quarantine. */
const coolDownMs = 40_000;
/** Memory may wander, not grow: MB an hour. A few minutes tell nothing: the heap fills before it is collected. */
const growthLimit = 20;
const growthFromMs = 5 * 60_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, participants: { type: 'string', default: '600' }, 'room-every': { type: 'string', default: '2' } } });
const ms = Number(values.minutes) * 60_000;
const participants = Math.ceil(Number(values.participants) / roomSize) * roomSize;

const handles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const program = await startRooms(participants / roomSize, hostPin);
const idle = { handles: handles(program.pid), mb: costOf(program.pid).pssKb / 1024 };
const crowd = await CrowdProcess.start({ server: program.sip, alias: 'conf%d', pin: hostPin, host: '127.0.0.1', portMin: 40_000, rate: 20 }, 1);
const memory: { readonly x: number; readonly y: number }[] = [];
const failures: string[] = [];
try {
  const grown = await crowd.grow(participants);
  pin(program.pid, 0);
  if (grown.refused > 0) failures.push(`${grown.refused} calls were refused: ${grown.firstRefusal ?? ''}`);
  const first = await crowd.measure(5_000, 5_000);
  if (first.failed > 0) failures.push(`${first.failed} participants lost 1 % or more before anybody left (worst ${first.worst} %)`);
  const startedAt = performance.now();
  const looking = setInterval(() => {
    const x = performance.now() - startedAt;
    if (x > ms * warmUpShare) memory.push({ x: x / 3_600_000, y: costOf(program.pid).pssKb / 1024 });
  }, lookEveryMs);
  const turned = await crowd.turnOver(Number(values['room-every']) * 1000, ms);
  clearInterval(looking);
  console.log(JSON.stringify(turned));
  if (turned.refused > 0) failures.push(`${turned.refused} calls failed: ${turned.firstRefusal ?? ''}`);
  if (turned.failed > 0) failures.push(`${turned.failed} of ${turned.judged} stays lost 1 % or more (worst ${turned.worst} %)`);
  if (turned.ended > 0) failures.push(`${turned.ended} calls were ended by the program`);
  await crowd.end();
} finally {
  crowd.kill();
}
const growth = memory.length < 2 ? 0 : round(slope(memory));
if (ms >= growthFromMs && growth > growthLimit) failures.push(`memory grew by ${growth} MB an hour`);
await program.untilIdle();
await pause(coolDownMs);
const after = { handles: handles(program.pid), mb: costOf(program.pid).pssKb / 1024 };
if (after.handles > idle.handles) failures.push(`${after.handles - idle.handles} handles are left`);
await program.stop();
console.log(JSON.stringify({ minutes: Number(values.minutes), participants, growthMbPerHour: growth, idle: { ...idle, mb: round(idle.mb) }, after: { ...after, mb: round(after.mb) } }));
console.log(failures.length === 0 ? 'SOAK OK' : `SOAK FAILED: ${failures.join('; ')}`);
process.exitCode = failures.length === 0 ? 0 : 1;
