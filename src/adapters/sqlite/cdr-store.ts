import { unreachable, type Result } from '../../lib/result.ts';
import type { CdrCall, CdrCallQuery, CdrConference, CdrConferenceQuery, CdrQuery, CdrRecord, CdrStore } from '../../ports/cdr.ts';
import type { Page } from '../../ports/page.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import { listCalls, listConferences, pruneRecords, readCall } from './cdr-query.ts';
import type { Transactions, Tx } from './transactions.ts';

export class SqliteCdrStore implements CdrStore, CdrQuery {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  write(records: readonly CdrRecord[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      for (const record of records) await writeOne(db, record);
    });
  }

  closeLeftOpen(at: number, except: readonly string[] = []): Promise<Result<{ readonly calls: number; readonly conferences: number }, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const calls = await db.updateTable('cdr_calls').set({ ended_at: at, end_reason: 'restart', end_cause: '', end_fault: 'us' }).where('ended_at', 'is', null).where('id', 'not in', except).executeTakeFirst();
      const conferences = await db.updateTable('cdr_conferences').set({ ended_at: at, end_reason: 'restart' }).where('ended_at', 'is', null).where('id', 'not in', except).executeTakeFirst();
      return { calls: Number(calls.numUpdatedRows), conferences: Number(conferences.numUpdatedRows) };
    });
  }

  call(id: string): Promise<Result<CdrCall | undefined, StoreProblem>> {
    return readCall(this.#transactions, id);
  }

  calls(query: CdrCallQuery): Promise<Result<Page<CdrCall>, StoreProblem>> {
    return listCalls(this.#transactions, query);
  }

  conferences(query: CdrConferenceQuery): Promise<Result<Page<CdrConference>, StoreProblem>> {
    return listConferences(this.#transactions, query);
  }

  prune(before: number, limit: number): Promise<Result<number, StoreProblem>> {
    return pruneRecords(this.#transactions, before, limit);
  }
}

/** Writing a record again changes nothing: a batch whose commit was not seen may be tried once more. */
async function writeOne(db: Tx, record: CdrRecord): Promise<void> {
  switch (record.type) {
    case 'callOpened':
      await db
        .insertInto('cdr_calls')
        .values({ id: record.id, protocol: record.protocol, call_id: record.callId, caller: record.caller, alias: record.alias, started_at: record.at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    case 'callAnswered':
      await db.updateTable('cdr_calls').set({ answered_at: record.at }).where('id', '=', record.id).execute();
      return;
    case 'callAdmitted':
      await db.updateTable('cdr_calls').set({ room_id: record.roomId, role: record.role, rule: record.rule }).where('id', '=', record.id).execute();
      return;
    case 'callJoined':
      await db.updateTable('cdr_calls').set({ conference_id: record.conferenceId, joined_at: record.at }).where('id', '=', record.id).execute();
      return;
    case 'callClosed':
      await db
        .updateTable('cdr_calls')
        .set({ ended_at: record.at, end_reason: record.reason, end_cause: record.cause, end_fault: record.fault })
        .where('id', '=', record.id)
        .execute();
      return;
    case 'conferenceOpened':
      await db
        .insertInto('cdr_conferences')
        .values({ id: record.id, room_id: record.roomId, started_at: record.at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    case 'conferenceClosed':
      await db
        .updateTable('cdr_conferences')
        .set({ ended_at: record.at, end_reason: record.reason, peak_participants: record.peakParticipants })
        .where('id', '=', record.id)
        .execute();
      return;
    default:
      unreachable(record);
  }
}
