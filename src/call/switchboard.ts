import type { Decision } from '../domain/decision.ts';
import { routeCall, type RouteInput, type RouteVerdict } from '../domain/user-call.ts';
import type { Dialler, NumberRoute } from '../domain/number-rules.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { Caller } from '../ports/call-leg.ts';
import type { DialPort } from '../ports/dial.ts';
import type { Log } from '../ports/log.ts';
import type { AuthVerdict } from '../ports/registrar.ts';
import type { CallStatus } from '../ports/status.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { CallTarget, Invitation } from '../ports/user-call.ts';
import type { DialPlanner } from './dial-planner.ts';
import type { Source } from './entrance.ts';
import { GatewayCall, type GatewayCallOptions } from './gateway-call.ts';
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
  readonly planner: DialPlanner;
  readonly port: DialPort;
  /** Of calls by number rules. */
  readonly gateway: Pick<GatewayCallOptions, 'media' | 'ending' | 'language'>;
  readonly cdr: CdrRecorder;
  readonly onDecision: (decision: Decision) => void;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Where a call goes: to a room, which its registry takes care of, to a user, or on by a number rule. Rooms come first, then users. */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #calls = new Map<string, UserCall | GatewayCall>();
  #whenEmpty: (() => void)[] = [];

  constructor(options: SwitchboardOptions) {
    this.#options = options;
  }

  /** Calls to users and by number rules at this moment. */
  get size(): number {
    return this.#calls.size;
  }

  get timers(): number {
    return [...this.#calls.values()].reduce((sum, call) => sum + call.timers.size, 0);
  }

  arrive(invitation: Invitation): void {
    // Without users and rules every call is one to a room.
    if (this.#options.registrar.size === 0 && !this.#options.planner.hasRules) this.#options.registry.arrive(invitation.takeLeg());
    else void this.#route(invitation);
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.end(reason);
  }

  /** Settles when no such call is left. */
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
    const { registry, registrar, planner, log } = this.#options;
    const found = await this.#dialled(invitation.aliases);
    if (found === 'room' && registrar.isOurs(invitation.from, invitation.calledHost)) {
      this.#prove(invitation);
      return;
    }
    const source = registry.entrance.source(invitation);
    // For a blocked source there are no rooms: it is answered as for a number nobody has (section 6).
    const dialled = found === 'room' && registry.entrance.isBlocked(source) ? 'elsewhere' : found;
    const auth: AuthVerdict | undefined = dialled === 'room' || registrar.size === 0 ? undefined : registrar.authenticate({ method: 'INVITE', credentials: invitation.credentials, address: invitation.address });
    const by: Dialler = auth?.kind === 'authenticated' ? { kind: 'user', name: auth.user } : { kind: 'anybody' };
    const number = dialled === 'elsewhere' ? planner.number(invitation.aliases.at(-1) ?? '', by) : undefined;
    if (number === undefined || by.kind === 'user') this.#countUnknown(source, auth, invitation);
    // Where there are no users nobody can prove to be one.
    const callsFrom = registrar.size === 0 ? 'anyone' : this.#options.callsFrom;
    const verdict = routeCall({ dialled: number === undefined ? dialled : 'number', caller: by.kind === 'user' ? 'user' : 'anybody', callsFrom });
    log.debug({ alias: invitation.aliases[0], rule: verdict.rule }, 'a call is routed');
    if (verdict.kind === 'room') registry.arrive(invitation.takeLeg());
    else if (number !== undefined) this.#sendOn(invitation, number, by, verdict.rule);
    else if (verdict.kind === 'user') this.#call(invitation, by.kind === 'user' ? by.name : undefined, verdict.rule);
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

  #call(invitation: Invitation, callerName: string | undefined, rule: RouteVerdict['rule']): void {
    const { registrar, ringingMs, longestMs, cdr, scheduler, log } = this.#options;
    const leg = invitation.takeForUser();
    const alias = invitation.aliases.at(-1) ?? '';
    const from = this.#shownAs(leg.caller, callerName);
    this.#decided(leg.id, rule, { alias, identity: callerName ?? null, telephones: registrar.contacts(alias).length });
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
    this.#begin(call);
  }

  /** Who has proved a secret is shown by the name of it, whatever the call says. */
  #shownAs(caller: Caller, userName: string | undefined): CallTarget['from'] {
    const user = userName === undefined ? undefined : this.#options.registrar.user(userName);
    if (user !== undefined) return { name: user.name, display: user.display };
    return { name: (caller.privacy === 'withheld' ? '' : caller.number) || 'anonymous', display: caller.name };
  }

  #sendOn(invitation: Invitation, route: NumberRoute, by: Dialler, rule: RouteVerdict['rule']): void {
    const { planner, port, gateway, ringingMs, cdr, scheduler, log } = this.#options;
    const leg = invitation.takeLeg(by.kind === 'user' ? by.name : undefined);
    const alias = invitation.aliases.at(-1) ?? '';
    const { dtmf, ...where } = planner.toNumber(route, this.#shownAs(leg.caller, by.kind === 'user' ? by.name : undefined));
    const callee = port.dial({ ...where, dialled: alias, name: alias, hopsLeft: leg.hopsLeft - 1 });
    log.info({ call: leg.id, rule: route.rule.id, name: route.rule.name }, 'a number rule sends a call on');
    this.#decided(leg.id, rule, { alias, identity: by.kind === 'user' ? by.name : null, numberRule: route.rule.id });
    const call: GatewayCall = new GatewayCall({ caller: leg, callee, alias, ...(dtmf === undefined ? {} : { dtmf }), ...gateway, ringingMs, cdr, scheduler, log, onClosed: () => this.#closed(call.id) });
    this.#begin(call);
  }

  /** Rooms have no say in these (PX-40). */
  #decided(callId: string, rule: RouteVerdict['rule'], inputs: Decision['inputs']): void {
    const { onDecision, scheduler } = this.#options;
    onDecision({ callId, at: scheduler.now(), stage: 'arrival', rule, outcome: 'call', inputs });
  }

  #begin(call: UserCall | GatewayCall): void {
    const { registry, callLimit } = this.#options;
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
