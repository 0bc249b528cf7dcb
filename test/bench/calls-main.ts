/**
 * `npm run bench -- calls`: how many calls a second through a six-digit PIN into the room, on one core.
 *
 *   npm run bench -- calls [--rates 5,10,20,50,100,150] [--seconds 20] [--hold 2] [--json]
 */
import { parseArgs } from 'node:util';
import { CrowdProcess, pin } from './crowd/crowd-process.ts';
import type { Rushed } from './crowd/messages.ts';
import { roomSize } from './crowd/sounds.ts';
import { round } from './figures.ts';
import { costOf, cpuPercent, waitPercent } from './process-cost.ts';
import { startRooms } from './server.ts';

const rooms = 10;
const hostPin = '135792';
/** What a rate must do to be held (anchors, section 5b). */
const leastSuccess = 99.9;
const mostToRoomMs = 300;
const mostTo200Ms = 250;

const isHeld = (rushed: Rushed): boolean => rushed.success >= leastSuccess && rushed.lastKeyToRoom.p95 <= mostToRoomMs && rushed.inviteTo200.p95 <= mostTo200Ms && rushed.retransmissions === 0;

export async function callsMain(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rates: { type: 'string', default: '5,10,20,50,100,150' }, seconds: { type: 'string', default: '20' }, hold: { type: 'string', default: '2' }, json: { type: 'boolean', default: false } },
  });
  const say = (line: string): void => {
    if (!values.json) console.log(line);
  };
  const program = await startRooms(rooms, hostPin);
  const crowd = await CrowdProcess.start({ server: program.sip, alias: 'conf%d', pin: hostPin, host: '127.0.0.1', portMin: 40_000, rate: 20 }, 1);
  const results: (Rushed & { readonly held: boolean; readonly cpu: number; readonly wait: number })[] = [];
  try {
    await crowd.grow(rooms * roomSize);
    pin(program.pid, 0);
    say('calls/s    held  success %  200 p50     p95  room p50     p95  repeats  CPU %  wait %');
    for (const rate of values.rates.split(',').map(Number)) {
      const before = costOf(program.pid);
      const rushed = await crowd.rush(rate, Number(values.seconds) * 1000, Number(values.hold) * 1000, rooms);
      const after = costOf(program.pid);
      const result = { ...rushed, held: isHeld(rushed), cpu: round(cpuPercent(before, after)), wait: round(waitPercent(before, after)) };
      results.push(result);
      const cells = [rate, result.held ? 'yes' : 'no', result.success, result.inviteTo200.p50, result.inviteTo200.p95, result.lastKeyToRoom.p50, result.lastKeyToRoom.p95, result.retransmissions, result.cpu, result.wait];
      const widths = [7, 8, 11, 9, 8, 10, 8, 9, 7, 8];
      say(cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join(''));
      if (result.firstFailure !== undefined) say(`  first failure: ${result.firstFailure}`);
      if (!result.held) break;
    }
    await crowd.end();
  } finally {
    crowd.kill();
    await program.stop();
  }
  console.log(JSON.stringify({ knee: results.filter(({ held }) => held).at(-1)?.rate ?? 0, results }));
}
