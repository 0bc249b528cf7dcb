/** All conferences by name, and the one counter of member ids: an id stays with its channel across conferences. */
import type { Channel } from './channel.ts';
import { Conference, DEFAULT_ENERGY, type Member, type MemberFlags } from './conference.ts';
import type { Core } from './core.ts';

/** Where the `conference` application is asked to go: `name[@profile][+pin][+flags{a|b}]`. */
export interface JoinRequest {
  readonly name: string;
  readonly profile: string;
  /** What the caller must have supplied (variable supplied_pin); empty asks for none. */
  readonly pin: string;
  readonly flags: MemberFlags;
  /** Do not create the conference. */
  readonly joinOnly: boolean;
}

/** Why a channel was not let in. The first two leave the channel as it was, the others hang it up (F-18). */
export type JoinRefusal = 'locked' | 'full' | 'no_name' | 'already_in' | 'wrong_pin' | 'join_only';

export type JoinOutcome = { readonly joined: true; readonly member: Member } | { readonly joined: false; readonly refusal: JoinRefusal };

export class ConferenceRegistry {
  readonly #byName = new Map<string, Conference>();
  #lastMemberId = 0;

  get(name: string): Conference | undefined {
    return this.#byName.get(name);
  }

  byUuid(uuid: string): Conference | undefined {
    return this.all().find((conference) => conference.uuid === uuid);
  }

  all(): readonly Conference[] {
    return [...this.#byName.values()];
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Lets a channel in. `released` is called once, when the member has left. */
  join(core: Core, channel: Channel, request: JoinRequest, released: () => void): JoinOutcome {
    const present = this.#byName.get(request.name);
    const refusal = this.#refuse(present, channel, request);
    if (refusal !== undefined) return { joined: false, refusal };
    const conference = present ?? this.#create(core, request);
    channel.memberId ??= ++this.#lastMemberId;
    const member: Member = {
      id: channel.memberId,
      channel,
      flags: request.flags,
      conference,
      joinedAt: core.scheduler.now(),
      speak: !request.flags.mute,
      hear: !request.flags.deaf,
      talking: false,
      volumeIn: 0,
      volumeOut: 0,
      energyLevel: DEFAULT_ENERGY,
      currentEnergy: 0,
      lastTalkingAt: undefined,
      released,
    };
    channel.setVariable('conference_name', conference.name);
    channel.setVariable('conference_member_id', String(member.id));
    channel.setVariable('conference_moderator', String(member.flags.moderator));
    channel.setVariable('conference_ghost', String(member.flags.ghost));
    channel.setVariable('conference_uuid', conference.uuid);
    conference.add(member);
    return { joined: true, member };
  }

  #create(core: Core, request: JoinRequest): Conference {
    const conference = new Conference(core, request.name, request.profile, () => this.#byName.delete(request.name));
    this.#byName.set(request.name, conference);
    return conference;
  }

  #refuse(present: Conference | undefined, channel: Channel, request: JoinRequest): JoinRefusal | undefined {
    if (request.name === '') return 'no_name';
    if (channel.member !== undefined) return 'already_in';
    if (present === undefined && request.joinOnly) return 'join_only';
    if (request.pin !== '' && channel.variables.get('supplied_pin') !== request.pin) return 'wrong_pin';
    if (present?.locked === true || present?.ending === true) return 'locked';
    return present?.full === true ? 'full' : undefined;
  }
}

export function readJoinArgument(argument: string): JoinRequest {
  const marker = /\+flags\{([^}]*)\}/i.exec(argument);
  const words = new Set((marker?.[1] ?? '').split(/[|,; ]+/).map((word) => word.toLowerCase()));
  const rest = marker === null ? argument : argument.slice(0, marker.index);
  const [place = '', pin = ''] = rest.split('+');
  const [name = '', profile = ''] = place.split('@');
  return {
    name: name.trim(),
    profile: profile.trim() === '' ? 'default' : profile.trim(),
    pin: pin.trim(),
    flags: {
      mute: words.has('mute'),
      deaf: words.has('deaf'),
      moderator: words.has('moderator'),
      endconf: words.has('endconf'),
      muteDetect: words.has('mute-detect'),
      ghost: words.has('ghost'),
    },
    joinOnly: words.has('join-only'),
  };
}
