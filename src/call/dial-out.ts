import type { Commander } from '../domain/commands.ts';
import type { CallId } from '../domain/conference-state.ts';
import type { Refusal } from '../domain/control.ts';
import { validateDialTarget, type DialTarget } from '../domain/dial.ts';
import type { RoomEvent } from '../domain/events.ts';
import { entryRoleOf } from '../domain/member.ts';
import { say } from '../domain/prompts.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { Room, RoomId } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { DialPort } from '../ports/dial.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { CallProgress } from './session-options.ts';
import type { DialPlanner } from './dial-planner.ts';
import type { Registry } from './registry.ts';

export interface DialOutOptions {
  readonly registry: Pick<Registry, 'dial' | 'tell'>;
  readonly planner: DialPlanner;
  readonly port: DialPort;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly ringingMs: number;
  readonly onEvent: (event: RoomEvent) => void;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Calls people into conferences (PX-32 to PX-36). That it may be done was decided before: a `dial` command that was allowed, or the room's settings. */
export class DialOut {
  readonly #options: DialOutOptions;
  /** How far the calls under way have come. */
  readonly #heard = new Map<CallId, 'ringing' | 'answered'>();

  constructor(options: DialOutOptions) {
    this.#options = options;
  }

  /** Settles when the call is under way, or with why it is not. `onProgress`: for who wants to know how it goes on. */
  async dial(id: RoomId, to: DialTarget, by: Commander, onProgress: (progress: CallProgress) => void = () => undefined): Promise<Result<CallId, Refusal>> {
    const { rooms, registry, port } = this.#options;
    if (!validateDialTarget(to, 'to').ok) return err('value_invalid');
    const found = await rooms.byId(id);
    if (!found.ok || found.value === undefined || !port.available) return err('not_now');
    const request = this.#request(found.value, to, by);
    if (!request.ok) return request;
    const leg = port.dial(request.value);
    const started = registry.dial(leg, (progress) => {
      this.#told(id, leg.id, to, by, progress);
      onProgress(progress);
    });
    if (started !== 'dialling') {
      void leg.end('shutdown');
      return err('not_now');
    }
    this.#emit({ type: 'dial.started', at: this.#options.scheduler.now(), roomId: id, callId: leg.id, data: { to: to.uri } });
    return ok(leg.id);
  }

  #request(room: Room, to: DialTarget, by: Commander): Result<Parameters<DialPort['dial']>[0], Refusal> {
    const { planner, ringingMs, log } = this.#options;
    const route = planner.route(to.uri, { kind: 'room', room: room.id });
    if (route.kind === 'none') {
      log.info({ room: room.id, to: to.uri, why: route.why }, 'a call of ours leads nowhere');
      return err(route.why === 'not_permitted' ? 'not_permitted' : 'value_invalid');
    }
    const destination = planner.destination(route, { name: room.aliases[0] ?? room.name, display: room.name });
    if (destination === undefined) return err('not_now');
    const { name = to.uri, dtmf: byRule, ...where } = destination;
    // First what leads there, then what is keyed there.
    const dtmf = `${byRule ?? ''}${to.dtmf ?? ''}`;
    return ok({
      ...where,
      dialled: to.uri,
      name: to.name ?? name,
      into: { room: room.id, ...roleGiven(to, by), keepAlive: to.keepAlive, ...(dtmf === '' ? {} : { dtmf }), ringingMs },
    });
  }

  #told(roomId: RoomId, callId: CallId, { uri: to }: DialTarget, by: Commander, progress: CallProgress): void {
    const where = { at: this.#options.scheduler.now(), roomId, callId } as const;
    const call = this.#progress(callId, progress);
    switch (call.kind) {
      case 'ringing':
        this.#emit({ ...where, type: 'dial.ringing', data: { to } });
        return;
      case 'answered':
        this.#emit({ ...where, type: 'dial.answered', data: { to } });
        return;
      case 'failed':
        this.#emit({ ...where, type: 'dial.failed', data: { to, reason: call.reason } });
        if (by.kind === 'participant') this.#options.registry.tell(by.call, say('refused_not_now'));
        return;
      case 'nothing':
        return;
    }
  }

  /** Each is told once: a telephone rings again and again, and a call that was answered does not fail. */
  #progress(call: CallId, progress: CallProgress): { readonly kind: 'ringing' | 'answered' | 'nothing' } | { readonly kind: 'failed'; readonly reason: EndReason } {
    const before = this.#heard.get(call);
    if (progress.kind === 'ended') {
      this.#heard.delete(call);
      return before === 'answered' ? { kind: 'nothing' } : { kind: 'failed', reason: progress.reason };
    }
    this.#heard.set(call, progress.kind);
    return { kind: before === progress.kind ? 'nothing' : progress.kind };
  }

  #emit(event: RoomEvent): void {
    this.#options.log.info({ room: event.roomId, call: event.callId, ...event.data }, event.type);
    this.#options.onEvent(event);
  }
}

/** PXD-26, policy.md section 1, row 3: the role counts when the room's settings give it, or somebody with full control. */
function roleGiven({ role }: DialTarget, by: Commander): { readonly role?: 'host' | 'guest' } {
  const counts = by.kind === 'system' || (by.kind === 'user' && by.level === 'full');
  return counts ? { role: entryRoleOf(role) } : {};
}
