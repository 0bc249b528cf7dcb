import type { Identity } from '../domain/admission.ts';
import type { DigestAlgorithm, DigestHashes } from '../domain/digest.ts';
import { liveBindings, register, secondsLeft, type Binding, type RegistrarRules } from '../domain/registrar.ts';
import { normaliseUserName, type User } from '../domain/user.ts';
import type { Scheduler } from '../lib/machine.ts';
import { ok, type Result } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { AuthVerdict, RegisterAnswer, RegistrarPort, Registration } from '../ports/registrar.ts';
import type { StoreProblem } from '../ports/store-problem.ts';
import type { UserStore } from '../ports/users.ts';
import { Authenticator, type Claim } from './authenticator.ts';
import { BindingWriter } from './binding-writer.ts';

export interface RegistrarOptions {
  readonly store: UserStore;
  readonly realm: string;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly hashes: DigestHashes;
  readonly rules: RegistrarRules;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

const sweepMs = 60_000;

/**
 * Users and their contacts. Both are held in memory, as this process alone changes them: a REGISTER is answered without the
 * database, which follows after.
 */
export class Registrar implements RegistrarPort {
  readonly #options: RegistrarOptions;
  readonly #users = new Map<string, User>();
  readonly #bindings = new Map<string, readonly Binding[]>();
  readonly #authenticator: Authenticator;
  readonly #writer: BindingWriter;
  #cancelSweep: () => void = () => undefined;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    const { store, scheduler, log, realm, algorithms, hashes } = options;
    this.#writer = new BindingWriter({ store, bindingsOf: (user) => this.#bindings.get(user) ?? [], scheduler, log });
    this.#authenticator = new Authenticator({
      realm,
      algorithms,
      hashes,
      scheduler,
      ha1: (username) => this.#users.get(username)?.sip?.ha1,
      isAtHome: (username, address) => this.contacts(username).some(({ source }) => source.address === address),
    });
  }

  /** Takes up what the database holds. */
  async start(): Promise<Result<void, StoreProblem>> {
    const { store, scheduler, log, realm } = this.#options;
    const users = await store.all();
    if (!users.ok) return users;
    const bound = await store.bindings();
    if (!bound.ok) return bound;
    // Without a telephone there is nothing to register, and nobody to ring.
    for (const user of users.value) if (user.sip !== undefined) this.#users.set(user.name, user);
    for (const { user, bindings } of bound.value) this.#bindings.set(user, bindings);
    const foreign = users.value.filter(({ sip }) => sip !== undefined && sip.realm !== realm).length;
    if (foreign > 0) log.warn({ code: 'realm_changed', realm, users: foreign }, 'users were made for another registrar.realm and cannot register: remove and add them anew');
    const sweep = (): void => {
      this.#sweep();
      this.#cancelSweep = scheduler.after(sweepMs, sweep);
    };
    sweep();
    return ok(undefined);
  }

  /** Writes what is not written yet. */
  async stop(): Promise<void> {
    this.#cancelSweep();
    await this.#writer.close();
  }

  get size(): number {
    return this.#users.size;
  }

  user(name: string): User | undefined {
    return this.#users.get(normaliseUserName(name));
  }

  /** As admission reads it (policy.md section 1, rows 4 and 5). */
  identity(name: string): Identity | undefined {
    const user = this.user(name);
    return user === undefined ? undefined : { user: user.name, privilege: user.privilege };
  }

  /** Whether calls from this address of record are to be proved: that of a user with a telephone, in our realm or where we are called. */
  isOurs({ user, host }: { readonly user: string; readonly host: string }, calledHost: string): boolean {
    return this.user(user)?.sip !== undefined && (host === calledHost || host === this.#options.realm.toLowerCase());
  }

  /** Where a user can be reached at this moment. */
  contacts(name: string): readonly Binding[] {
    return liveBindings(this.#bindings.get(normaliseUserName(name)) ?? [], this.#options.scheduler.now());
  }

  authenticate(claim: Claim): AuthVerdict {
    return this.#authenticator.judge(claim);
  }

  /** RFC 3261 §10.3, in its order. */
  register(request: Registration): RegisterAnswer {
    const { rules, scheduler, log } = this.#options;
    const auth = this.authenticate({ method: 'REGISTER', credentials: request.credentials, address: request.source.address });
    if (auth.kind !== 'authenticated') return auth;
    const user = auth.user;
    if (normaliseUserName(request.user) !== user) return { kind: 'forbidden' };
    const now = scheduler.now();
    const before = this.#bindings.get(user) ?? [];
    const verdict = register(before, request, rules, now);
    if (verdict.kind === 'unchanged') return registered(verdict.bindings, now);
    if (verdict.kind !== 'changed') return verdict;
    this.#bindings.set(user, verdict.bindings);
    this.#writer.changed(user);
    if (liveBindings(before, now).length !== verdict.bindings.length) log.info({ user, contacts: verdict.bindings.length, from: request.source.address }, 'registered contacts changed');
    return registered(verdict.bindings, now);
  }

  /** RFC 5626 §5.3: who registered over a connection that is gone has to come again. */
  flowFailed(name: string, contact: Binding): void {
    const user = normaliseUserName(name);
    const before = this.#bindings.get(user) ?? [];
    const left = before.filter((binding) => binding !== contact);
    // Registered again meanwhile.
    if (left.length === before.length) return;
    this.#bindings.set(user, left);
    this.#writer.changed(user);
    this.#options.log.info({ user, contacts: left.length, from: contact.source.address }, 'a telephone is gone with its connection');
  }

  userAdded(user: User): void {
    this.#users.set(user.name, user);
  }

  userRemoved(name: string): void {
    this.#users.delete(name);
    this.#bindings.delete(name);
  }

  /** So that the database can be read. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  #sweep(): void {
    const now = this.#options.scheduler.now();
    for (const [user, bindings] of this.#bindings) {
      const live = liveBindings(bindings, now);
      if (live.length === bindings.length) continue;
      this.#options.log.info({ user, contacts: live.length }, 'registrations are over');
      if (live.length === 0) this.#bindings.delete(user);
      else this.#bindings.set(user, live);
      this.#writer.changed(user);
    }
  }
}

const registered = (bindings: readonly Binding[], now: number): RegisterAnswer => ({
  kind: 'registered',
  bindings: bindings.map((binding) => ({ uri: binding.uri, parameters: binding.parameters, expires: secondsLeft(binding, now) })),
});
