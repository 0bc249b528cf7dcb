import type { Problem } from '../lib/problem.ts';
import { ok, type Result } from '../lib/result.ts';
import type { AuditEntry, AuditQuery, AuditRecord, AuditStore } from '../ports/audit.ts';
import type { Page } from '../ports/page.ts';
import { actorText, type Actor } from './actor.ts';

/** Who asks, from where (an address; empty for the command line), and when (milliseconds since the epoch). */
export interface Origin {
  readonly actor: Actor;
  readonly from: string;
  readonly at: number;
}

/** An entry about a change. `before` and `after` hold no secret: where one changed they say `[changed]`. */
export const entryOf = ({ actor, from, at }: Origin, action: string, object: string, values: { readonly before?: unknown; readonly after?: unknown } = {}): AuditEntry => ({
  at,
  actor: actorText(actor),
  from,
  action,
  object,
  ...values,
});

/** Stands for a secret that is another one. */
export const changed = '[changed]';

export interface AuditView extends Omit<AuditRecord, 'at'> {
  /** RFC 3339. */
  readonly at: string;
}

export async function listAudit(store: AuditStore, query: AuditQuery): Promise<Result<Page<AuditView>, Problem>> {
  const page = await store.list(query);
  return page.ok ? ok({ ...page.value, items: page.value.items.map((record) => ({ ...record, at: timeText(record.at) })) }) : page;
}

/** Milliseconds since the epoch as the API writes them: RFC 3339, UTC. */
export const timeText = (at: number): string => new Date(at).toISOString();
