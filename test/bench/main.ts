/**
 * `npm run bench`: what a call feels like and what it costs, measured from outside over SIP and RTP on loopback.
 *
 *   npm run bench                              starts the program itself
 *   npm run bench -- --target 192.0.2.7:5060 --room 2000 --room 2001 --host-pin 135792 [--pid 4711]
 *   ... --loads 20,40,80,120 --calls 60 --json
 *
 * Prints a table, then the same as one line of JSON (with --json only that).
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { lag } from '../e2e/phone/pacer.ts';
import { measureEntrance, type Entrance } from './entrance.ts';
import { round, slope, type Spread } from './figures.ts';
import { measureLoads, type LoadFigures } from './load.ts';
import { externalServer, startServer, type Server } from './server.ts';

const { values: options } = parseArgs({
  options: {
    target: { type: 'string' },
    room: { type: 'string', multiple: true, default: ['1000'] },
    'host-pin': { type: 'string', default: '' },
    pid: { type: 'string' },
    loads: { type: 'string', default: '20,40,80,120' },
    calls: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});
const loads = options.loads.split(',').map(Number);
const windowMs = 8_000;

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly goal: string;
}

const ms = (value: Spread, percentile: 'p50' | 'p95' | 'p99'): string => `${value[percentile]} ms`;
const judged = (what: string, value: Spread, percentile: 'p95' | 'p99', goal: number): Row => ({
  what: `${what} ${percentile}`,
  figure: ms(value, percentile),
  goal: `<= ${goal} ms: ${value[percentile] <= goal ? 'met' : 'MISSED'}`,
});

function rows(entrance: Entrance, load: readonly LoadFigures[]): readonly Row[] {
  const least = load[0]?.mouthToEar;
  const most = load.at(-1);
  const perLoad = (pick: (figures: LoadFigures) => number): number => slope(load.map((figures) => ({ x: figures.participants, y: pick(figures) })));
  return [
    { what: 'INVITE to 200 p50', figure: ms(entrance.inviteTo200, 'p50'), goal: '' },
    judged('INVITE to 200', entrance.inviteTo200, 'p99', 50),
    { what: 'ACK to prompt p50', figure: ms(entrance.ackToPrompt, 'p50'), goal: '' },
    { what: 'ACK to prompt p95', figure: ms(entrance.ackToPrompt, 'p95'), goal: '' },
    { what: 'barge-in p50', figure: ms(entrance.bargeIn, 'p50'), goal: '' },
    judged('barge-in', entrance.bargeIn, 'p95', 40),
    { what: 'last digit to room p50', figure: ms(entrance.lastDigitToRoom, 'p50'), goal: '' },
    judged('last digit to room', entrance.lastDigitToRoom, 'p95', 150),
    ...(least === undefined
      ? []
      : [
          { what: 'mouth to ear p50', figure: ms(least, 'p50'), goal: '' },
          judged('mouth to ear', least, 'p95', 35),
          { what: 'mouth to ear p99', figure: ms(least, 'p99'), goal: '' },
        ]),
    ...(most === undefined ? [] : [{ what: `mouth to ear p95 with ${most.participants}`, figure: ms(most.mouthToEar, 'p95'), goal: '' }]),
    { what: 'CPU per participant', figure: `${round(perLoad((figures) => figures.cpu), 3)} % of a core`, goal: '' },
    { what: 'memory per participant', figure: `${round(perLoad((figures) => figures.memoryMb * 1024))} kB`, goal: '' },
  ];
}

function print(table: readonly Row[], load: readonly LoadFigures[]): void {
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, node ${process.version}; the program and the phones share them\n`);
  for (const { what, figure, goal } of table) console.log(`${what.padEnd(32)}${figure.padStart(16)}   ${goal}`);
  console.log('\nparticipants  CPU %  wait %  memory MB  worst loss %  wrong  mouth-to-ear p95  phones CPU %  phones late %');
  for (const one of load) {
    const cells = [one.participants, one.cpu, one.wait, one.memoryMb, one.worstLoss, one.wrong, one.mouthToEar.p95, one.generatorCpu, one.generatorLate];
    const widths = [12, 7, 8, 11, 14, 7, 18, 14, 15];
    console.log(cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join(''));
  }
}

/** Why figures may not be believed: a machine or a generator at its limit measures itself. */
function doubts(load: readonly LoadFigures[]): readonly string[] {
  return load.flatMap((one) => [
    ...(one.wait > 5 ? [`with ${one.participants} the program waited for a CPU (${one.wait} % of its running time)`] : []),
    ...(one.generatorCpu > 70 ? [`with ${one.participants} the phones took ${one.generatorCpu} % of a core`] : []),
    ...(one.generatorLate > 1 ? [`with ${one.participants} ${one.generatorLate} % of what the phones sent was late`] : []),
  ]);
}

async function main(server: Server): Promise<void> {
  try {
    const entrance = await measureEntrance(server, Number(options.calls));
    const load = await measureLoads(server, loads, windowMs);
    const doubt = doubts(load);
    if (!options.json) {
      print(rows(entrance, load), load);
      for (const one of doubt) console.log(`DOUBTFUL: ${one}`);
      console.log('');
    }
    console.log(JSON.stringify({ entrance, load, doubt, generatorLargestLagMs: round(lag.largestMs) }));
  } finally {
    await server.stop();
  }
}

const pid = options.pid === undefined ? undefined : Number(options.pid);
await main(options.target === undefined ? await startServer(Math.ceil(Math.max(...loads) / 10)) : externalServer(options.target, options.room, options['host-pin'], pid));
