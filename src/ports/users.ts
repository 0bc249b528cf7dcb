import type { Member } from '../domain/member.ts';
import type { Privilege } from '../domain/privilege.ts';
import type { Binding } from '../domain/registrar.ts';
import type { Room, RoomId } from '../domain/room.ts';
import type { User } from '../domain/user.ts';
import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

export interface UserBindings {
  readonly user: string;
  readonly bindings: readonly Binding[];
}

export interface UserQuery extends PageQuery {
  readonly privilege?: Privilege;
  /** Part of its name or of the name shown, in any case. */
  readonly name?: string;
}

/** A user to be made. `passwordHash`: text of argon2id, made elsewhere. */
export type UserGiven = Pick<User, 'name' | 'display' | 'privilege' | 'sip' | 'mustChangePassword'> & { readonly passwordHash?: string };

/** Absent keeps what is there. */
export interface UserChange {
  readonly display?: string;
  readonly privilege?: Privilege;
  /** Its rooms have no owner afterwards (CO-44: it may own none any more). */
  readonly rooms?: 'freed';
}

/** What went with users. `freed`: their rooms, as they are afterwards, without owner (CO-44). */
export interface UserRemoval {
  readonly removed: readonly User[];
  readonly freed: readonly Room[];
  readonly memberships: readonly { readonly room: RoomId; readonly member: Member }[];
}

/** Users, how they prove who they are, and where they can be reached. */
export interface UserStore {
  /** All of them in order of creation, for the registrar. */
  all(): Promise<Result<readonly User[], StoreProblem>>;
  /** In order of creation. */
  list(query: UserQuery): Promise<Result<Page<User>, StoreProblem>>;
  byName(name: string): Promise<Result<User | undefined, StoreProblem>>;
  /** How many may log in with a password. */
  countWithPassword(): Promise<Result<number, StoreProblem>>;
  /** Validated before. Fails with `user_exists`. */
  add(user: UserGiven, trail: TrailOf<[added: User]>): Promise<Result<User, StoreProblem>>;
  /** `version`: the one that was read; absent, the last change wins. `freed`: its rooms, as they are afterwards. Fails with `user_unknown`, `version_conflict`. */
  change(name: string, version: number | undefined, change: UserChange, trail: TrailOf<[after: User, before: User, freed: readonly Room[]]>): Promise<Result<User, StoreProblem>>;
  /** Its bindings, memberships and logins go with it. Those that are not there are passed over. */
  remove(names: readonly string[], trail: TrailOf<[removal: UserRemoval]>): Promise<Result<UserRemoval, StoreProblem>>;
  /** Text of argon2id; undefined when there is no such user or it has none. */
  passwordHash(name: string): Promise<Result<string | undefined, StoreProblem>>;
  /** Ends all logins of the user but the family `except`. Fails with `user_unknown`. */
  setPassword(name: string, password: { readonly hash: string; readonly mustChange: boolean; readonly except?: string }, trail: TrailOf<[user: User]>): Promise<Result<User, StoreProblem>>;
  /** `null`: the user has no telephone any more, its bindings go. Fails with `user_unknown`. */
  setSip(name: string, sip: NonNullable<User['sip']> | null, trail: TrailOf<[user: User]>): Promise<Result<User, StoreProblem>>;
  /** Every user with a binding, those that are over included. */
  bindings(): Promise<Result<readonly UserBindings[], StoreProblem>>;
  /** Replaces the bindings of these users, of all or of none. One that is not there is passed over. */
  writeBindings(changes: readonly UserBindings[]): Promise<Result<void, StoreProblem>>;
}
