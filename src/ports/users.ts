import type { Binding } from '../domain/registrar.ts';
import type { User } from '../domain/user.ts';
import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './stores.ts';

export interface UserBindings {
  readonly user: string;
  readonly bindings: readonly Binding[];
}

/** Users and where they can be reached. */
export interface UserStore {
  /** In order of creation. */
  list(): Promise<Result<readonly User[], StoreProblem>>;
  /** Validated before. Fails with `user_exists`. */
  add(user: User): Promise<Result<void, StoreProblem>>;
  /** Its bindings go with it. Fails with `user_unknown`. */
  remove(name: string): Promise<Result<void, StoreProblem>>;
  /** Every user with a binding, those that are over included. */
  bindings(): Promise<Result<readonly UserBindings[], StoreProblem>>;
  /** Replaces the bindings of these users, of all or of none. One that is not there is passed over. */
  writeBindings(changes: readonly UserBindings[]): Promise<Result<void, StoreProblem>>;
}
