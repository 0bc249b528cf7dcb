/** All conferences by name, and the one counter of member ids: an id stays with its channel across conferences. */
import type { Channel } from './channel.ts';
import { Conference } from './conference.ts';
import { conferenceFlags, flagWords, memberFlags } from './conference-flags.ts';
import type { JoinRefusal, JoinRequest } from './conference-join.ts';
import type { Member } from './conference-member.ts';
import { profileReader, type ConferenceProfile, type ProfileParameters } from './conference-profile.ts';
import { ConferenceSettings } from './conference-settings.ts';
import type { Core } from './core.ts';

export type JoinOutcome = { readonly joined: true; readonly member: Member } | { readonly joined: false; readonly refusal: JoinRefusal };

/** The header of an INVITE that says which calls will meet, as the channel has it. */
const PLACE_VARIABLE = 'sip_h_X-Vestibule-Place';

export class ConferenceRegistry {
  /** Answers the profile of a name. */
  readonly profile: (name: string) => ConferenceProfile;
  readonly #byName = new Map<string, Conference>();
  readonly #byUuid = new Map<string, Conference>();
  #lastMemberId = 0;

  /** `profiles` stand beside the stock ones or in their place. */
  constructor(profiles?: Readonly<Record<string, ProfileParameters>>) {
    this.profile = profileReader(profiles);
  }

  get(name: string): Conference | undefined {
    return this.#byName.get(name);
  }

  byUuid(uuid: string): Conference | undefined {
    return this.#byUuid.get(uuid);
  }

  all(): readonly Conference[] {
    return [...this.#byName.values()];
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Lets a channel in, or says why not. `released` is called once, when the member has left. */
  join(core: Core, channel: Channel, request: JoinRequest, released: Member['released']): JoinOutcome {
    const refusal = this.refusal(channel, request);
    if (refusal !== undefined) return { joined: false, refusal };
    const conference = this.#byName.get(request.name) ?? this.#create(core, channel, request);
    const member = this.#member(core, channel, conference, request, released);
    channel.setVariable('conference_name', conference.name);
    channel.setVariable('conference_member_id', String(member.id));
    channel.setVariable('conference_moderator', String(member.flags.moderator));
    channel.setVariable('conference_ghost', String(member.flags.ghost));
    channel.setVariable('conference_uuid', conference.uuid);
    conference.add(member);
    return { joined: true, member };
  }

  /** Why a channel cannot join, PINs aside. */
  refusal(channel: Channel, request: JoinRequest): JoinRefusal | undefined {
    const present = this.#byName.get(request.name);
    if (request.name === '') return 'no_name';
    if (channel.member !== undefined) return 'already_in';
    if (present === undefined) return this.#words(channel, this.profile(request.profile), request).has('join-only') ? 'join_only' : undefined;
    if (present.ending) return 'ending';
    if (present.locked && channel.variables.get('conference_enforce_security') !== 'false') return 'locked';
    return present.full ? 'full' : undefined;
  }

  #create(core: Core, channel: Channel, request: JoinRequest): Conference {
    const profile = this.profile(request.profile);
    const flags = conferenceFlags(flagWords(profile.conferenceFlags, channel.variables.get('conference_flags'), [...request.flags].join('|')));
    const settings = new ConferenceSettings(profile, channel, core.soundPrefix);
    const conference: Conference = new Conference(core, {
      name: request.name,
      profile,
      flags,
      settings,
      place: channel.variables.get(PLACE_VARIABLE),
      destroyed: () => {
        this.#byName.delete(request.name);
        this.#byUuid.delete(conference.uuid);
      },
    });
    this.#byName.set(request.name, conference);
    this.#byUuid.set(conference.uuid, conference);
    return conference;
  }

  #words(channel: Channel, profile: ConferenceProfile, request: JoinRequest): ReadonlySet<string> {
    return flagWords(profile.memberFlags, channel.variables.get('conference_member_flags'), [...request.flags].join('|'));
  }

  #member(core: Core, channel: Channel, conference: Conference, request: JoinRequest, released: Member['released']): Member {
    const { profile } = conference;
    const flags = memberFlags(this.#words(channel, profile, request));
    const number = (name: string, least: number, most: number, otherwise: number): number => {
      const text = channel.variables.get(name) ?? '';
      return /^-?\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : otherwise;
    };
    channel.memberId ??= ++this.#lastMemberId;
    return {
      id: channel.memberId,
      channel,
      flags,
      conference,
      joinedAt: core.scheduler.now(),
      speak: !flags.mute,
      hear: !flags.deaf,
      hold: false,
      talking: false,
      volumeIn: number('conference_join_volume_in', -4, 4, 0),
      volumeOut: number('conference_join_volume_out', -4, 4, 0),
      energyLevel: number('conference_join_energy_level', 0, 1_800, profile.energyLevel),
      autoEnergyLevel: profile.autoEnergyLevel,
      maxEnergyLevel: profile.maxEnergyLevel,
      maxEnergyMuteMs: profile.maxEnergyMuteMs,
      maxEnergyHitTrigger: profile.maxEnergyHitTrigger,
      agcLevel: profile.agcLevel,
      currentEnergy: 0,
      lastTalkingAt: undefined,
      videoMuted: flags.vmute,
      blind: flags.blind,
      tag: '',
      soloPlays: 0,
      released,
    };
  }
}
