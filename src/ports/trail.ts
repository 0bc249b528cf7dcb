import type { RoomEvent } from '../domain/events.ts';
import type { AuditEntry } from './audit.ts';

/** What a change leaves behind: it, its audit entry and its events are kept in one transaction, or none of them. */
export interface Trail {
  readonly audit?: AuditEntry;
  readonly events: readonly RoomEvent[];
}

/** Makes the trail inside the transaction, of what was written. What it throws undoes the change. */
export type TrailOf<Written extends readonly unknown[]> = (...written: Written) => Trail;
