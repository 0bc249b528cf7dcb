import type { Selectable } from 'kysely';
import type { Result } from '../../lib/result.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { Rotation, Token, TokenStore, TokenSubject } from '../../ports/tokens.ts';
import { Refused, unknownMember, unknownRoom, unknownUser } from './problems.ts';
import type { Tables } from './schema.ts';
import type { Transactions, Tx } from './transactions.ts';

export class SqliteTokenStore implements TokenStore {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  add(tokens: readonly Token[]): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside((db) => insert(db, tokens));
  }

  find(hash: string, now: number): Promise<Result<Token | undefined, StoreProblem>> {
    return this.#transactions.read(async (db) => {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hash).where('used_at', 'is', null).where('expires_at', '>', now).executeTakeFirst();
      return row === undefined ? undefined : tokenOf(row);
    });
  }

  rotate(hash: string, next: (used: Token) => readonly Token[], now: number): Promise<Result<Rotation, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const row = await db.selectFrom('tokens').selectAll().where('hash', '=', hash).where('use', '=', 'refresh').where('expires_at', '>', now).executeTakeFirst();
      if (row === undefined) return 'unknown';
      if (row.used_at !== null) {
        await db.deleteFrom('tokens').where('family', '=', row.family).execute();
        return 'reused';
      }
      await db.updateTable('tokens').set({ used_at: now }).where('hash', '=', hash).execute();
      await db.deleteFrom('tokens').where('family', '=', row.family).where('use', '=', 'access').execute();
      await insert(db, next(tokenOf(row)));
      return 'rotated';
    });
  }

  endFamily(family: string): Promise<Result<void, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      await db.deleteFrom('tokens').where('family', '=', family).execute();
    });
  }

  prune(now: number, limit: number): Promise<Result<number, StoreProblem>> {
    return this.#transactions.writeBeside(async (db) => {
      const expired = db.selectFrom('tokens').select('hash').where('expires_at', '<=', now).orderBy('expires_at').limit(limit);
      return Number((await db.deleteFrom('tokens').where('hash', 'in', expired).executeTakeFirst()).numDeletedRows);
    });
  }
}

async function insert(db: Tx, tokens: readonly Token[]): Promise<void> {
  for (const token of tokens) {
    await refuseUnknown(db, token.subject);
    await db.insertInto('tokens').values(rowOf(token)).execute();
  }
}

async function refuseUnknown(db: Tx, subject: TokenSubject): Promise<void> {
  if (subject.kind === 'user') {
    if ((await db.selectFrom('users').select('name').where('name', '=', subject.name).executeTakeFirst()) === undefined) throw new Refused(unknownUser);
    return;
  }
  if ((await db.selectFrom('rooms').select('id').where('id', '=', subject.room).executeTakeFirst()) === undefined) throw new Refused(unknownRoom);
  if (subject.kind === 'link') return;
  if ((await db.selectFrom('members').select('id').where('room_id', '=', subject.room).where('id', '=', subject.member).executeTakeFirst()) === undefined) throw new Refused(unknownMember);
}

function rowOf({ subject, ...token }: Token): Tables['tokens'] {
  return {
    hash: token.hash,
    use: token.use,
    user_name: subject.kind === 'user' ? subject.name : null,
    room_id: subject.kind === 'user' ? null : subject.room,
    member_id: subject.kind === 'member' ? subject.member : null,
    link_role: subject.kind === 'link' ? subject.role : null,
    family: token.family,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    used_at: null,
    from_address: token.from,
    user_agent: token.userAgent,
  };
}

function tokenOf(row: Selectable<Tables['tokens']>): Token {
  return {
    hash: row.hash,
    use: row.use,
    subject: subjectOf(row),
    family: row.family,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    from: row.from_address,
    userAgent: row.user_agent,
  };
}

function subjectOf({ user_name, room_id, member_id, link_role }: Selectable<Tables['tokens']>): TokenSubject {
  if (user_name !== null) return { kind: 'user', name: user_name };
  if (member_id !== null) return { kind: 'member', room: room_id ?? '', member: member_id };
  return { kind: 'link', room: room_id ?? '', role: link_role ?? 'speaker' };
}
