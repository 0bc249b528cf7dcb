/**
 * Guessing, counted by where it comes from (policy.md section 6). A source that guesses at a room is blocked; a room that is guessed at
 * from everywhere answers strangers more slowly, and never who is authenticated or came in before: a guesser must not be able to
 * lock the owner out (N-06). Bounded: of too many, what was quiet the longest is forgotten.
 */
export interface AbuseRules {
  readonly windowMs: number;
  /** Wrong PINs of one source at one room that block the source. */
  readonly pinsOfSource: number;
  /** Wrong PINs at one room, of whatever source, that slow strangers down. */
  readonly pinsAtRoom: number;
  /** Unknown aliases of one source that block it. */
  readonly aliasesOfSource: number;
  /** The first delay; doubled by every ten more guesses. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Of sources, rooms and visitors each. */
  readonly mostRemembered: number;
}

export const abuseRules: AbuseRules = { windowMs: 600_000, pinsOfSource: 10, pinsAtRoom: 20, aliasesOfSource: 20, firstDelayMs: 1_000, longestDelayMs: 32_000, mostRemembered: 20_000 };

/** `slowed`: so long before the prompt. */
export type SourceStanding = { readonly kind: 'free' } | { readonly kind: 'slowed'; readonly ms: number } | { readonly kind: 'blocked' };

const free: SourceStanding = { kind: 'free' };
/** Guesses beyond the limit that make the delay no longer than it is. */
const stepOfDelay = 10;

export class AbuseGuard {
  readonly #rules: AbuseRules;
  /** By source and room, by room, by source: times of what was wrong. */
  readonly #pins: Recent;
  readonly #pinsAtRoom: Recent;
  readonly #aliases: Recent;
  /** Sources that are blocked for their PINs, and until when. */
  readonly #blocked = new Map<string, number>();
  /** Who came in, by source and room. */
  readonly #visitors = new Set<string>();

  constructor(rules: AbuseRules) {
    this.#rules = rules;
    const { windowMs, mostRemembered, pinsOfSource, pinsAtRoom, aliasesOfSource, firstDelayMs, longestDelayMs } = rules;
    const slowest = pinsAtRoom + stepOfDelay * Math.ceil(Math.log2(longestDelayMs / firstDelayMs));
    this.#pins = new Recent(windowMs, pinsOfSource, mostRemembered);
    this.#pinsAtRoom = new Recent(windowMs, slowest, mostRemembered);
    this.#aliases = new Recent(windowMs, aliasesOfSource, mostRemembered);
  }

  /** `room`: the one that is meant, where it is known. */
  standing(source: string, room: string | undefined, now: number): SourceStanding {
    const { pinsAtRoom, aliasesOfSource, firstDelayMs, longestDelayMs } = this.#rules;
    if ((this.#blocked.get(source) ?? 0) > now || this.#aliases.count(source, now) >= aliasesOfSource) return { kind: 'blocked' };
    if (room === undefined || this.#visitors.has(key(source, room))) return free;
    const beyond = this.#pinsAtRoom.count(room, now) - pinsAtRoom;
    return beyond < 0 ? free : { kind: 'slowed', ms: Math.min(longestDelayMs, firstDelayMs * 2 ** Math.floor(beyond / stepOfDelay)) };
  }

  wrongPin(source: string, room: string, now: number): void {
    const { pinsOfSource } = this.#rules;
    this.#pinsAtRoom.add(room, now);
    const guesses = key(source, room);
    this.#pins.add(guesses, now);
    // Until the window is below the limit again.
    if (this.#pins.count(guesses, now) >= pinsOfSource) this.#remember(() => this.#blocked.set(source, this.#pins.overAt(guesses)), this.#blocked, source);
  }

  unknownAlias(source: string, now: number): void {
    this.#aliases.add(source, now);
  }

  /** The last one was no guess: who dialled it is known now. */
  aliasExcused(source: string): void {
    this.#aliases.takeBack(source);
  }

  /** By a PIN, a credential or an identity. */
  succeeded(source: string, room: string): void {
    const visitor = key(source, room);
    this.#remember(() => this.#visitors.add(visitor), this.#visitors, visitor);
  }

  /** How much is remembered. */
  get size(): number {
    return this.#pins.size + this.#pinsAtRoom.size + this.#aliases.size + this.#blocked.size + this.#visitors.size;
  }

  /** Set anew, it is the youngest. */
  #remember(add: () => unknown, all: Map<string, number> | Set<string>, name: string): void {
    all.delete(name);
    add();
    forgetOldest(all, this.#rules.mostRemembered);
  }
}

const key = (source: string, room: string): string => `${source}\n${room}`;

function forgetOldest(all: { readonly size: number; keys(): Iterator<string>; delete(name: string): boolean }, most: number): void {
  if (all.size <= most) return;
  const oldest = all.keys().next();
  if (oldest.done !== true) all.delete(oldest.value);
}

/** The last few times of each name within a window: as many as tell whether a limit is reached. */
class Recent {
  readonly #windowMs: number;
  readonly #limit: number;
  readonly #mostNames: number;
  readonly #times = new Map<string, readonly number[]>();

  constructor(windowMs: number, limit: number, mostNames: number) {
    this.#windowMs = windowMs;
    this.#limit = limit;
    this.#mostNames = mostNames;
  }

  get size(): number {
    return this.#times.size;
  }

  add(name: string, now: number): void {
    const times = [...(this.#times.get(name) ?? []), now].slice(-this.#limit);
    this.#times.delete(name);
    this.#times.set(name, times);
    forgetOldest(this.#times, this.#mostNames);
  }

  takeBack(name: string): void {
    const times = (this.#times.get(name) ?? []).slice(0, -1);
    if (times.length === 0) this.#times.delete(name);
    else this.#times.set(name, times);
  }

  count(name: string, now: number): number {
    return (this.#times.get(name) ?? []).filter((at) => now - at < this.#windowMs).length;
  }

  /** When the oldest of those that count leaves the window. */
  overAt(name: string): number {
    return (this.#times.get(name)?.[0] ?? 0) + this.#windowMs;
  }
}

/** Guest PINs authenticated devices have entered, good as long as the PIN is the same one (PX-14). Bounded as above. */
export class RememberedPins {
  readonly #most: number;
  /** By user and room: what tells one PIN from the next. */
  readonly #pins = new Map<string, string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** `pin`: a hash of it. */
  remember(user: string, room: string, pin: string): void {
    this.#pins.delete(key(user, room));
    this.#pins.set(key(user, room), pin);
    forgetOldest(this.#pins, this.#most);
  }

  knows(user: string, room: string, pin: string | undefined): boolean {
    return pin !== undefined && this.#pins.get(key(user, room)) === pin;
  }
}
