/**
 * `npm run bench -- capacity`: how many participants on one core, and what each costs; our program, and with `--against` another server
 * in the same run.
 *
 *   npm run bench -- capacity
 *   npm run bench -- capacity --against 'sip:conf%d@127.0.0.1:5080' [--against-pid 4711,4712] [--against-pin 1234]
 *   ... --loads 100,200,400 --hold 60 --resolution 0.05 --json --log --only against|ours
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCapacity, type Capacity, type CapacityOptions, type Contender, type Load } from './capacity.ts';
import { pids } from './process-cost.ts';
import { startRooms } from './server.ts';
import { roomSize } from './crowd/sounds.ts';

const host = '127.0.0.1';
const crowdPorts = 40_000;
/** Setting up calls must not disturb those that are judged. */
const callsPerSecond = 25;

export async function capacityMain(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      against: { type: 'string' },
      'against-pid': { type: 'string', default: '' },
      'against-pin': { type: 'string', default: '' },
      only: { type: 'string', default: 'both' },
      loads: { type: 'string', default: '100,200,400,600,800,1000,1200,1400,1600,1800,2000,2200,2400' },
      hold: { type: 'string', default: '10' },
      rate: { type: 'string', default: String(callsPerSecond) },
      resolution: { type: 'string', default: '0.1' },
      log: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const loads = values.loads.split(',').map(Number);
  const options: CapacityOptions = { loads, settleMs: 5_000, holdMs: Number(values.hold) * 1000, resolution: Number(values.resolution) };
  const results: Capacity[] = [];
  const measure = async (contender: Contender): Promise<void> => {
    if (!values.json) console.log(`\n${contender.name}\n${head}`);
    results.push(
      await measureCapacity(contender, options, (load) => {
        if (values.json) return;
        console.log(row(load));
        if (load.firstRefusal !== undefined) console.log(`  ${load.refused} calls refused: ${load.firstRefusal}`);
      }),
    );
  };
  const settings = { host, portMin: crowdPorts, rate: Number(values.rate) };
  if (values.only !== 'against') {
    const program = await startRooms(Math.ceil(Math.max(...loads) / roomSize));
    try {
      await measure({ name: 'vestibule', settings: { ...settings, server: program.sip, alias: 'conf%d', pin: '' }, pids: [program.pid] });
    } finally {
      if (values.log) console.log(program.log);
      await program.stop();
    }
  }
  if (values.against !== undefined) {
    const uri = /^sip:([^@]+)@([^:]+):(\d+)$/.exec(values.against);
    if (uri === null) throw new Error('--against is a URI such as sip:conf%d@127.0.0.1:5080');
    const [, alias = '', at = '', port = ''] = uri;
    await measure({ name: values.against, settings: { ...settings, server: { host: at, port: Number(port) }, alias, pin: values['against-pin'] }, pids: pids(values['against-pid']) });
  }
  if (!values.json) for (const result of results) console.log(summary(result));
  console.log(JSON.stringify({ machine: cpus()[0]?.model, cores: availableParallelism(), node: process.version, options, results }));
}

const columns: readonly (readonly [string, number, (load: Load) => string | number])[] = [
  ['participants', 13, (load) => load.participants],
  ['verdict', 9, (load) => load.verdict],
  ['worst %', 9, (load) => load.worst],
  ['lost %', 8, (load) => load.meanLost],
  ['late %', 8, (load) => load.meanLate],
  ['wrong', 12, (load) => `${load.wrong}/${load.looks}`],
  ['m2e p50', 9, (load) => load.mouthToEar.p50],
  ['p99', 8, (load) => load.mouthToEar.p99],
  ['200 p50', 9, (load) => load.inviteTo200.p50],
  ['p99', 8, (load) => load.inviteTo200.p99],
  ['CPU %', 7, (load) => load.serverCpu],
  ['wait %', 8, (load) => load.serverWait],
  ['MB', 7, (load) => load.serverMb],
  ['drops', 7, (load) => load.dropped],
  ['crowd %', 9, (load) => load.cpu],
];

const head = columns.map(([name, width]) => name.padStart(width)).join('');
const row = (load: Load): string => columns.map(([, width, cell]) => String(cell(load)).padStart(width)).join('');
const summary = ({ name, knee, cpuPerParticipant, kbPerParticipant }: Capacity): string => `${name}: ${knee} participants held, ${cpuPerParticipant} % of a core and ${kbPerParticipant} kB each`;
