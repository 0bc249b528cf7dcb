/** What happens is kept while calls go on: call records, events, decisions. Nothing here is waited for by a call. */
import { WriteQueue, type WriteQueueReport } from './adapters/sqlite/write-queue.ts';
import { CallEvents } from './call/call-events.ts';
import type { Decision } from './domain/decision.ts';
import type { RoomEvent } from './domain/events.ts';
import type { Metrics } from './http/metrics.ts';
import type { Scheduler } from './lib/machine.ts';
import { ok, type Result } from './lib/result.ts';
import type { CdrRecord, CdrRecorder } from './ports/cdr.ts';
import type { Log } from './ports/log.ts';
import type { StoreProblem } from './ports/store-problem.ts';
import type { Stores } from './ports/stores.ts';

export interface KeptOptions {
  readonly stores: Pick<Stores, 'cdr' | 'events' | 'decisions'>;
  /** Counts records and decisions as they come. */
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

export interface Kept {
  /** Call records, counted and told as events. */
  readonly calls: CdrRecorder;
  decided(decision: Decision): void;
  keep(event: RoomEvent): void;
  /** Writes what is left; what cannot be written is told. */
  close(): Promise<void>;
}

export function createKept({ stores, metrics, scheduler, log }: KeptOptions): Kept {
  const queue = <T>(what: string, write: (batch: readonly T[]) => Promise<Result<void, StoreProblem>>): WriteQueue<T> =>
    new WriteQueue<T>({ write, scheduler, report: (report) => tell(log, what, report) });
  const cdr = queue<CdrRecord>('call records', (records) => stores.cdr.write(records));
  const events = queue<RoomEvent>('events', (batch) => voided(stores.events.append(batch)));
  const decisions = queue<Decision>('decisions', (batch) => stores.decisions.add(batch));
  const counted: CdrRecorder = {
    record: (record) => {
      metrics.call(record);
      cdr.record(record);
    },
  };
  return {
    calls: new CallEvents(counted, (event) => events.record(event)),
    decided: (decision) => {
      metrics.decision(decision);
      decisions.record(decision);
    },
    keep: (event) => events.record(event),
    close: async () => {
      for (const [what, left] of [['events', events], ['decisions', decisions], ['call records', cdr]] as const) {
        const lost = await left.close();
        if (lost > 0) log.error({ code: 'records_lost', what, lost }, 'what happened could not be written');
      }
    },
  };
}

function tell(log: Log, what: string, report: WriteQueueReport): void {
  if (report.type === 'failing') log.warn({ code: report.problem.code, what, queued: report.queued, problem: report.problem.message }, 'what happens cannot be written; trying on');
  else if (report.type === 'recovered') log.info({ what }, 'what happens is written again');
  else log.error({ code: 'records_lost', what, lost: report.count }, 'some of what happened was lost: too much waited to be written');
}

async function voided(done: Promise<Result<unknown, StoreProblem>>): Promise<Result<void, StoreProblem>> {
  const result = await done;
  return result.ok ? ok(undefined) : result;
}
