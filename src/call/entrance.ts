import { AbuseGuard, abuseRules, RememberedPins, type SourceStanding } from '../domain/abuse.ts';
import type { Credential, Grant, Identity } from '../domain/admission.ts';
import { isDialled } from '../domain/entry.ts';
import type { Room } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { StoreProblem } from '../ports/store-problem.ts';

export interface EntranceOptions {
  readonly rooms: RoomStore;
  /** A user of ours, as the registrar knows it. */
  readonly identityOf: (user: string) => Identity | undefined;
  /** Addresses that are never counted (`abuse.exempt`). */
  readonly isExempt: (address: string) => boolean;
  readonly scheduler: Scheduler;
}

/** What counts against a caller; undefined: nothing does. */
export type Source = string | undefined;

const mostRememberedPins = 10_000;
/** Guesses at the attendant's own PIN; no room has this id. */
const attendant = '';

/** What is known of callers beyond the call: who they have proved to be, what they bring along, how often they guessed wrong. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #abuse = new AbuseGuard(abuseRules);
  readonly #remembered = new RememberedPins(mostRememberedPins);

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  identity({ identity }: CallLeg): Identity | undefined {
    return identity === undefined ? undefined : this.#options.identityOf(identity);
  }

  /** Section 6: the authenticated identity, else of a trusted peer the number it asserts, else the address. */
  source({ identity, caller }: Pick<CallLeg, 'identity' | 'caller'>): Source {
    return this.sourceOf(identity, caller.asserted === 'yes' && caller.number !== '' ? caller.number : undefined, caller.source.address);
  }

  sourceOf(identity: string | undefined, assertedNumber: string | undefined, address: string): Source {
    if (identity !== undefined) return `user ${identity}`;
    if (this.#options.isExempt(address)) return undefined;
    return assertedNumber === undefined ? `address ${address}` : `number ${assertedNumber}`;
  }

  standing(source: Source, room: Room | undefined): SourceStanding {
    return source === undefined ? { kind: 'free' } : this.#abuse.standing(source, room?.id, this.#options.scheduler.now());
  }

  /** Row 6: what the token of the call is worth in this room; without one, a guest PIN this device entered before. */
  async credential(leg: CallLeg, room: Room): Promise<Result<Credential | undefined, StoreProblem>> {
    if (leg.credential === undefined) return ok(this.#rememberedPin(leg, room));
    const found = await this.#options.rooms.byToken(leg.credential);
    if (!found.ok) return err(found.error);
    if (found.value?.room.id !== room.id) return ok({ kind: 'unknown' });
    const { grant } = found.value;
    if (grant.kind === 'member') return ok(grant);
    return ok({ kind: grant.role === 'moderator' ? 'moderatorLink' : 'speakerLink' });
  }

  #rememberedPin({ identity }: CallLeg, room: Room): Credential | undefined {
    return identity !== undefined && this.#remembered.knows(identity, room.id, room.pins.guest?.hash) ? { kind: 'rememberedGuestPin' } : undefined;
  }

  wrongPin(source: Source, room: Room | undefined): void {
    if (source !== undefined) this.#abuse.wrongPin(source, room?.id ?? attendant, this.#options.scheduler.now());
  }

  /** Whoever dials without being known, and finds no rooms any more. */
  isBlocked(source: Source): boolean {
    return this.standing(source, undefined).kind === 'blocked';
  }

  unknownAlias(source: Source): void {
    if (source !== undefined) this.#abuse.unknownAlias(source, this.#options.scheduler.now());
  }

  /** What was dialled unknown, to be asked who he is, was dialled by one of ours. */
  aliasExcused(source: Source): void {
    if (source !== undefined) this.#abuse.aliasExcused(source);
  }

  /** Somebody has a role. Who showed nothing has proved nothing. */
  admitted(leg: CallLeg, source: Source, room: Room, { rule }: Grant): void {
    if (rule === 'no_pins' || rule === 'host_pin_only_open' || rule === 'host_pin_only_no_pin' || rule === 'opened_while_asked' || isDialled(rule)) return;
    if (source !== undefined) this.#abuse.succeeded(source, room.id);
    const guestPin = room.pins.guest;
    if (rule === 'guest_pin' && leg.identity !== undefined && guestPin !== undefined) this.#remembered.remember(leg.identity, room.id, guestPin.hash);
  }
}
