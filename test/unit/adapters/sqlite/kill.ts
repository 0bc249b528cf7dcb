import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Stores } from '../../../../src/ports/stores.ts';
import { must } from './fixture.ts';

export interface Acknowledged {
  readonly type: 'room' | 'member' | 'event';
  readonly id: string | number;
}

/** Runs a writer and kills it with SIGKILL when it has acknowledged so many changes; answers all it acknowledged until it was dead. */
export async function killWriter(dataDir: string, name: string, after: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.worker.js'), dataDir, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    // A line cut off by the end was not acknowledged.
    if (!line.endsWith('}')) continue;
    acknowledged.push(JSON.parse(line) as Acknowledged);
    if (acknowledged.length === after) child.kill('SIGKILL');
  }
  return acknowledged;
}

/** The file is whole, every acknowledged change is there, and what belongs together is there together. */
export async function checkAfterKill(stores: Stores, database: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const raw = new Database(database, { readonly: true });
  try {
    assert.deepEqual([raw.pragma('integrity_check', { simple: true }), raw.pragma('foreign_key_check')], ['ok', []]);
    assert.equal(raw.prepare(`select count(*) from rooms where id not in (select room_id from events where type = 'room.created')`).pluck().get(), 0, 'no room without its event');
    assert.equal(raw.prepare(`select count(*) from audit`).pluck().get(), raw.prepare(`select count(*) from rooms`).pluck().get(), 'an audit entry for each room');
    assert.deepEqual(raw.prepare(`select coalesce(max(seq), 0) - count(*) as gaps, count(*) % 2 as halves from events where room_id = 'one'`).get(), { gaps: 0, halves: 0 });
  } finally {
    raw.close();
  }
  const { newest } = must(await stores.events.range());
  for (const { type, id } of acknowledged) {
    if (type === 'event') assert.ok(Number(id) <= newest, `event ${id}`);
    else assert.ok((must(await stores.rooms.byId(String(id)))?.members.length ?? -1) >= (type === 'member' ? 1 : 0), `${type} of room ${id}`);
  }
}
