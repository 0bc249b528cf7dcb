/**
 * How many participants a server holds: rooms of ten with two talkers, PCMU 20 ms, every participant's packets and content judged.
 * A load is held when less than 1 % was lost, late or wrong for each one of them.
 */
import { CrowdProcess, pin } from './crowd/crowd-process.ts';
import type { CrowdSettings, Grown, Measured } from './crowd/messages.ts';
import { round, slope } from './figures.ts';
import { costOf, cpuPercent, waitPercent, type Cost } from './process-cost.ts';
import { udpDrops } from './udp-drops.ts';

export interface Contender {
  readonly name: string;
  readonly settings: CrowdSettings;
  /** Processes whose cost counts; none where it runs elsewhere. */
  readonly pids: readonly number[];
}

export interface Load extends Omit<Measured, 'type'> {
  readonly refused: number;
  readonly firstRefusal: string | undefined;
  readonly inviteTo200: Grown['inviteTo200'];
  readonly retransmissions: number;
  /** Of all the server's processes: percent of one core, waiting for a core in percent of running, MB. */
  readonly serverCpu: number;
  readonly serverWait: number;
  readonly serverMb: number;
  /** Datagrams the kernel dropped, of all processes, while it was measured. */
  readonly dropped: number;
  readonly verdict: 'held' | 'failed' | 'void';
}

export interface Capacity {
  readonly name: string;
  readonly loads: readonly Load[];
  readonly knee: number;
  readonly cpuPerParticipant: number;
  readonly kbPerParticipant: number;
}

export interface CapacityOptions {
  readonly loads: readonly number[];
  readonly settleMs: number;
  readonly holdMs: number;
  /** The knee is told to this share. */
  readonly resolution: number;
}

const serverCore = 0;
const crowdCore = 1;
/** Above this the generator measures itself (anchors, trap 1). */
const generatorLimit = 70;
const generatorLateLimit = 1;

export async function measureCapacity(contender: Contender, options: CapacityOptions, onLoad: (load: Load) => void): Promise<Capacity> {
  for (const pid of contender.pids) pin(pid, serverCore);
  const loads: Load[] = [];
  const keep = (load: Load): Load => {
    loads.push(load);
    onLoad(load);
    return load;
  };
  let held = 0;
  let notHeld: number | undefined;
  const crowd = await CrowdProcess.start(contender.settings, crowdCore);
  try {
    for (const participants of options.loads) {
      const load = keep(await measureLoad(contender, crowd, participants, options));
      if (load.verdict !== 'held') {
        notHeld = participants;
        break;
      }
      held = participants;
    }
    await crowd.end();
  } finally {
    crowd.kill();
  }
  while (notHeld !== undefined && notHeld - held > Math.max(held * options.resolution, 10)) {
    const middle = Math.round((held + notHeld) / 20) * 10;
    const load = keep(await measureAlone(contender, middle, options));
    if (load.verdict === 'held') held = middle;
    else notHeld = middle;
  }
  const good = loads.filter(({ verdict }) => verdict === 'held');
  const per = (pick: (load: Load) => number): number => slope(good.map((load) => ({ x: load.participants, y: pick(load) })));
  return { name: contender.name, loads, knee: held, cpuPerParticipant: round(per(({ serverCpu }) => serverCpu), 3), kbPerParticipant: round(per(({ serverMb }) => serverMb * 1024)) };
}

async function measureAlone(contender: Contender, participants: number, options: CapacityOptions): Promise<Load> {
  const crowd = await CrowdProcess.start(contender.settings, crowdCore);
  try {
    const load = await measureLoad(contender, crowd, participants, options);
    await crowd.end();
    return load;
  } finally {
    crowd.kill();
  }
}

async function measureLoad({ pids }: Contender, crowd: CrowdProcess, participants: number, { settleMs, holdMs }: CapacityOptions): Promise<Load> {
  const grown = await crowd.grow(participants);
  // Threads that came with the load.
  for (const pid of pids) pin(pid, serverCore);
  const droppedBefore = udpDrops();
  const before = costs(pids);
  const measured = await crowd.measure(settleMs, holdMs);
  const after = costs(pids);
  const total = (pick: (from: Cost, to: Cost) => number): number => after.reduce((sum, to, i) => sum + pick(before[i] ?? to, to), 0);
  const verdict = measured.cpu > generatorLimit || measured.lateTurns > generatorLateLimit ? 'void' : measured.failed > 0 || measured.ended > 0 || grown.refused > 0 ? 'failed' : 'held';
  const { inviteTo200, refused, firstRefusal, retransmissions } = grown;
  return {
    ...measured,
    refused,
    firstRefusal,
    inviteTo200,
    retransmissions,
    serverCpu: round(total(cpuPercent)),
    serverWait: round(total(waitPercent)),
    serverMb: round(total((_, to) => to.pssKb / 1024)),
    dropped: udpDrops() - droppedBefore,
    verdict,
  };
}

const costs = (pids: readonly number[]): readonly Cost[] => pids.map(costOf);
