import type { RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { LinkRole } from './rooms.ts';
import type { StoreProblem } from './store-problem.ts';

/** Who is logged in. A token is gone with its user, room or member. */
export type TokenSubject =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'member'; readonly room: RoomId; readonly member: string }
  | { readonly kind: 'link'; readonly room: RoomId; readonly role: LinkRole };

export interface Token {
  /** SHA-256 of the token; what is random enough needs no key. */
  readonly hash: string;
  readonly use: 'access' | 'refresh';
  readonly subject: TokenSubject;
  /** All that came of one login. */
  readonly family: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Address of the client, and how it names itself. */
  readonly from: string;
  readonly userAgent: string;
}

/** `reused`: it was given out anew before, so somebody else has it: its family is logged out. */
export type Rotation = 'rotated' | 'reused' | 'unknown';

/** Logins. */
export interface TokenStore {
  /** Those whose user, room or member is not there are refused with `user_unknown`, `room_unknown`, `member_unknown`. */
  add(tokens: readonly Token[]): Promise<Result<void, StoreProblem>>;
  /** One that has not expired at `now` and was not given out anew. */
  find(hash: string, now: number): Promise<Result<Token | undefined, StoreProblem>>;
  /** Gives out `next` for the refresh token of this hash, which is used up, in one transaction. The access tokens of its family end. */
  rotate(hash: string, next: (used: Token) => readonly Token[], now: number): Promise<Result<Rotation, StoreProblem>>;
  /** Logs out what came of one login. */
  endFamily(family: string): Promise<Result<void, StoreProblem>>;
  /** Drops what has expired at `now`, `limit` at most; answers how many. */
  prune(now: number, limit: number): Promise<Result<number, StoreProblem>>;
}
