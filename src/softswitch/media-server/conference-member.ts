/** One member of a conference: what it is, and what the mixer is told of it. */
import type { MemberState } from '../engine/api.ts';
import type { Channel } from './channel.ts';
import type { Conference } from './conference.ts';
import type { MemberFlags } from './conference-flags.ts';

export interface Member {
  readonly id: number;
  readonly channel: Channel;
  readonly flags: MemberFlags;
  readonly conference: Conference;
  readonly joinedAt: number;
  speak: boolean;
  hear: boolean;
  hold: boolean;
  talking: boolean;
  /** mod_conference volume steps, -4..4. */
  volumeIn: number;
  volumeOut: number;
  energyLevel: number;
  autoEnergyLevel: number;
  maxEnergyLevel: number;
  /** What `max-energy` was given beside the level. */
  maxEnergyMuteMs: number;
  maxEnergyHitTrigger: number;
  /** 0: no automatic gain. */
  agcLevel: number;
  currentEnergy: number;
  lastTalkingAt: number | undefined;
  /** Video, which nobody sees. */
  videoMuted: boolean;
  blind: boolean;
  /** A word a controller put on it (`tag`); empty is none. */
  tag: string;
  /** Files that are played to this member in place of the conference (`nomux`). */
  soloPlays: number;
  /** The member has left: completes the `conference` application of the channel. `kicked`: by a kick, with this sound to say goodbye. */
  readonly released: (kicked?: { readonly sound: string | undefined }) => void;
}

export function memberState(member: Member): MemberState {
  const { conference } = member;
  const { profile, flags } = conference;
  return {
    speak: member.speak && !member.channel.muted && !conference.waitMod,
    hear: member.hear && member.soloPlays === 0,
    hold: member.hold,
    volumeIn: member.volumeIn,
    volumeOut: member.volumeOut,
    energyLevel: flags.audioAlways ? 0 : member.energyLevel,
    agcLevel: member.agcLevel,
    ...(member.autoEnergyLevel === 0 || flags.audioAlways ? {} : { autoEnergy: { most: member.autoEnergyLevel, least: profile.energyLevel, quietMs: profile.autoEnergySeconds * 1_000 } }),
    ...(member.maxEnergyLevel === 0 ? {} : { maxEnergy: { level: member.maxEnergyLevel, muteMs: member.maxEnergyMuteMs, hits: member.maxEnergyHitTrigger } }),
  };
}
