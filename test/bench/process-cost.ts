/** What a process costs, from /proc: CPU of all its threads, time its threads waited for a CPU, memory. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Cost {
  /** performance.now(). */
  readonly at: number;
  readonly cpuMs: number;
  /** Time runnable threads waited for a CPU: high means the machine was too small, not the program. */
  readonly waitMs: number;
  /** Proportional set size: shared pages are not counted twice. */
  readonly pssKb: number;
}

/** USER_HZ is 100 on Linux whatever the kernel's own tick (proc(5)). */
const msPerTick = 10;

export function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces: fields are counted from behind it. utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * msPerTick;
  let waitMs = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) waitMs += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  const pssKb = Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
  return { at: performance.now(), cpuMs, waitMs, pssKb };
}

/** Percent of one core between two looks. */
export const cpuPercent = (from: Cost, to: Cost): number => (100 * (to.cpuMs - from.cpuMs)) / (to.at - from.at);

/** Waiting in percent of running. */
export const waitPercent = (from: Cost, to: Cost): number => (100 * (to.waitMs - from.waitMs)) / Math.max(to.cpuMs - from.cpuMs, 1);

export const pids = (list: string): readonly number[] => list.split(',').filter((pid) => pid !== '').map(Number);
