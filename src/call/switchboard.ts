import { routeCall, type RouteInput } from '../domain/user-call.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { Log } from '../ports/log.ts';
import type { AuthVerdict } from '../ports/registrar.ts';
import type { CallStatus } from '../ports/status.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Invitation } from '../ports/user-call.ts';
import type { Source } from './entrance.ts';
import type { Registrar } from './registrar.ts';
import type { Registry } from './registry.ts';
import { UserCall } from './user-call.ts';

export interface SwitchboardOptions {
  readonly registry: Registry;
  readonly registrar: Registrar;
  readonly rooms: RoomStore;
  readonly attendantAliases: readonly string[];
  readonly callsFrom: RouteInput['callsFrom'];
  readonly ringingMs: number;
  readonly longestMs: number;
  readonly callLimit: number;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Where a call goes: to a room, which its registry takes care of, or to a user. Rooms come first. */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #calls = new Map<string, UserCall>();
  #whenEmpty: (() => void)[] = [];

  constructor(options: SwitchboardOptions) {
    this.#options = options;
  }

  /** Calls to users at this moment. */
  get size(): number {
    return this.#calls.size;
  }

  get timers(): number {
    return [...this.#calls.values()].reduce((sum, call) => sum + call.timers.size, 0);
  }

  arrive(invitation: Invitation): void {
    // Without users every call is one to a room.
    if (this.#options.registrar.size === 0) this.#options.registry.arrive(invitation.takeLeg());
    else void this.#route(invitation);
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.end(reason);
  }

  /** Settles when no call to a user is left. */
  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  status(): readonly CallStatus[] {
    const now = this.#options.scheduler.now();
    return [...this.#calls.values()].map(({ id, caller, alias, stage, since, timers }) => ({
      id,
      caller,
      alias,
      stage,
      forSeconds: seconds(now - since),
      timers: [...timers].map(([name, due]) => ({ name, dueInSeconds: seconds(due - now) })),
    }));
  }

  async #route(invitation: Invitation): Promise<void> {
    const { registry, registrar, callsFrom, log } = this.#options;
    const found = await this.#dialled(invitation.aliases);
    if (found === 'room' && registrar.isOurs(invitation.from, invitation.calledHost)) {
      this.#prove(invitation);
      return;
    }
    const source = registry.entrance.source(invitation);
    // For a blocked source there are no rooms: it is answered as for a number nobody has (section 6).
    const dialled = found === 'room' && registry.entrance.isBlocked(source) ? 'elsewhere' : found;
    const auth: AuthVerdict | undefined = dialled === 'room' ? undefined : registrar.authenticate({ method: 'INVITE', credentials: invitation.credentials, address: invitation.address });
    this.#countUnknown(source, auth, invitation);
    const verdict = routeCall({ dialled, caller: auth?.kind === 'authenticated' ? 'user' : 'anybody', callsFrom });
    log.debug({ alias: invitation.aliases[0], rule: verdict.rule }, 'a call is routed');
    if (verdict.kind === 'room') registry.arrive(invitation.takeLeg());
    else if (verdict.kind === 'user') this.#call(invitation, auth?.kind === 'authenticated' ? auth.user : undefined);
    else if (auth !== undefined && auth.kind !== 'authenticated') invitation.refuse(auth);
  }

  /** A call to a room that says it is a user's of ours: the user proves it, or it is ended (policy.md section 1, row 4). */
  #prove(invitation: Invitation): void {
    const { registry, registrar } = this.#options;
    const { authorization, address, from } = invitation;
    const auth = registrar.authenticate({ method: 'INVITE', credentials: authorization, address });
    if (auth.kind === 'authenticated') {
      if (auth.user === from.user) registry.arrive(invitation.takeLeg(auth.user));
      else invitation.challenge({ kind: 'forbidden' });
    } else {
      const isWrong = auth.kind === 'challenge' && auth.challenge.why === 'asked' && authorization.some(({ realm }) => realm === auth.challenge.realm);
      invitation.challenge(isWrong ? { kind: 'forbidden' } : auth);
    }
  }

  /** A stranger who is only asked who he is would scan numbers for nothing. Telephones of ours are asked as well, and answer. */
  #countUnknown(source: Source, auth: AuthVerdict | undefined, { credentials }: Invitation): void {
    const { registry, callsFrom } = this.#options;
    if (auth === undefined || callsFrom === 'anyone') return;
    if (auth.kind !== 'authenticated') registry.entrance.unknownAlias(source);
    else if (credentials.length > 0) registry.entrance.aliasExcused(source);
  }

  async #dialled(aliases: readonly string[]): Promise<RouteInput['dialled']> {
    const { rooms, attendantAliases, registrar } = this.#options;
    for (const alias of aliases) {
      if (attendantAliases.includes(alias)) return 'room';
      const room = await rooms.byAlias(alias);
      // Where the database fails, the registry turns the call away and says so.
      if (!room.ok || room.value.length > 0) return 'room';
    }
    return registrar.user(aliases.at(-1) ?? '') === undefined ? 'elsewhere' : 'user';
  }

  #call(invitation: Invitation, callerName: string | undefined): void {
    const { registry, registrar, callLimit, ringingMs, longestMs, cdr, scheduler, log } = this.#options;
    const leg = invitation.takeForUser();
    const alias = invitation.aliases.at(-1) ?? '';
    // Who has proved a secret is shown by the name of it, whatever the call says.
    const caller = callerName === undefined ? undefined : registrar.user(callerName);
    const number = leg.caller.privacy === 'withheld' ? '' : leg.caller.number;
    const from = caller === undefined ? { name: number || 'anonymous', display: leg.caller.name } : { name: caller.name, display: caller.display };
    const call: UserCall = new UserCall({
      leg,
      alias,
      contacts: registrar.contacts(alias),
      from,
      ringingMs,
      longestMs,
      cdr,
      scheduler,
      log,
      onFlowFailed: (contact) => registrar.flowFailed(alias, contact),
      onClosed: () => this.#closed(call.id),
    });
    this.#calls.set(call.id, call);
    if (registry.state === 'draining') call.end('shutdown');
    else if (registry.counts().calls + this.#calls.size > callLimit) call.end('media_unavailable');
    else call.start();
  }

  #closed(id: string): void {
    this.#calls.delete(id);
    if (this.#calls.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}

const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000));
