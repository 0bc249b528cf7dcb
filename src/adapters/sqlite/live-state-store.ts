import { unreachable, type Result } from '../../lib/result.ts';
import type { KeptCall, KeptConference, LiveRecord, LiveState, LiveStateStore } from '../../ports/live-state.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Transactions, Tx } from './transactions.ts';

export class SqliteLiveStateStore implements LiveStateStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  write(records: readonly LiveRecord[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      for (const record of records) await writeOne(db, record);
    });
  }

  read(): Promise<Result<LiveState, StoreProblem>> {
    return this.#transactions.read(async (db) => ({
      conferences: (await db.selectFrom('live_conferences').select('state').orderBy('room_id').execute()).map(({ state }) => JSON.parse(state) as KeptConference),
      calls: (await db.selectFrom('live_participants').select('state').orderBy('call_id').execute()).map(({ state }) => JSON.parse(state) as KeptCall),
    }));
  }

  clear(): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.deleteFrom('live_participants').execute();
      await db.deleteFrom('live_conferences').execute();
    });
  }
}

async function writeOne(db: Tx, record: LiveRecord): Promise<void> {
  switch (record.type) {
    case 'call': {
      const state = JSON.stringify(record.call);
      await db
        .insertInto('live_participants')
        .values({ call_id: record.call.callId, state })
        .onConflict((conflict) => conflict.column('call_id').doUpdateSet({ state }))
        .execute();
      return;
    }
    case 'callGone':
      await db.deleteFrom('live_participants').where('call_id', '=', record.callId).execute();
      return;
    case 'conference': {
      const state = JSON.stringify(record.conference);
      await db
        .insertInto('live_conferences')
        .values({ room_id: record.conference.roomId, state })
        .onConflict((conflict) => conflict.column('room_id').doUpdateSet({ state }))
        .execute();
      return;
    }
    case 'conferenceGone':
      await db.deleteFrom('live_conferences').where('room_id', '=', record.roomId).execute();
      return;
    default:
      unreachable(record);
  }
}
