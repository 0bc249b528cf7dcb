/** Who hears whom by `conference relate`: a member may be kept from speaking to another, or from hearing it. Both directions count. */
import type { ConferenceId, Engine } from '../engine/api.ts';
import type { Member } from './conference-member.ts';

/** As mod_conference lists it: what the member can do towards the other. */
export interface Relation {
  readonly speak: boolean;
  readonly hear: boolean;
}

const NONE: Relation = { speak: true, hear: true };

export class ConferenceRelations {
  readonly #engine: Engine;
  readonly #conference: ConferenceId;
  /** Member to other to relation. */
  readonly #all = new Map<Member, Map<Member, Relation>>();

  constructor(engine: Engine, conference: ConferenceId) {
    this.#engine = engine;
    this.#conference = conference;
  }

  get empty(): boolean {
    return this.#all.size === 0;
  }

  of(member: Member): readonly (readonly [other: Member, relation: Relation])[] {
    // Newest first, as mod_conference keeps them.
    return [...(this.#all.get(member) ?? [])].toReversed();
  }

  set(member: Member, other: Member, relation: Relation): void {
    const others = this.#all.get(member) ?? new Map<Member, Relation>();
    others.set(other, relation);
    this.#all.set(member, others);
    this.#apply(member, other);
  }

  clear(member: Member, other: Member): void {
    const others = this.#all.get(member);
    if (others?.delete(other) !== true) return;
    if (others.size === 0) this.#all.delete(member);
    this.#apply(member, other);
  }

  clearAll(member: Member): void {
    for (const [other] of this.of(member)) this.clear(member, other);
  }

  /** A member has left: the engine forgets its relations by itself. */
  forget(member: Member): void {
    this.#all.delete(member);
    for (const [one, others] of this.#all) {
      others.delete(member);
      if (others.size === 0) this.#all.delete(one);
    }
  }

  #apply(one: Member, two: Member): void {
    for (const [listener, speaker] of [[one, two], [two, one]] as const) {
      const hears = this.#get(listener, speaker).hear && this.#get(speaker, listener).speak;
      this.#engine.relate(this.#conference, listener.channel.uuid, speaker.channel.uuid, hears);
    }
  }

  #get(member: Member, other: Member): Relation {
    return this.#all.get(member)?.get(other) ?? NONE;
  }
}
