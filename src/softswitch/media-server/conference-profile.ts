/** Conference profiles: what a new conference starts with. Parameters are named as in FreeSWITCH's conference.conf.xml. */
import type { ConferenceSettings } from '../engine/api.ts';

/** Sounds a profile may name; each a file, silence or tones. */
const SOUNDS = [
  'enter-sound', 'exit-sound', 'alone-sound', 'perpetual-sound', 'moh-sound', 'muted-sound', 'unmuted-sound', 'deaf-sound', 'undeaf-sound',
  'kicked-sound', 'locked-sound', 'is-locked-sound', 'is-unlocked-sound', 'max-members-sound', 'member-enter-sound', 'pin-sound', 'bad-pin-sound',
] as const;
export type SoundName = (typeof SOUNDS)[number];

export interface ConferenceProfile {
  readonly name: string;
  readonly rate: ConferenceSettings['rate'];
  readonly energyLevel: number;
  readonly autoEnergyLevel: number;
  /** Without talk for so long the energy level sinks, seconds. */
  readonly autoEnergySeconds: number;
  readonly maxEnergyLevel: number;
  readonly maxEnergyMuteMs: number;
  readonly maxEnergyHitTrigger: number;
  readonly agcLevel: number;
  /** 0 is no limit. */
  readonly maxMembers: number;
  /** Flag words of every member and of the conference. */
  readonly memberFlags: string;
  readonly conferenceFlags: string;
  readonly pin: string;
  readonly moderatorPin: string;
  readonly pinRetries: number;
  /** From the leaving of the last mandatory member to the end, seconds. */
  readonly endconfGraceTime: number;
  /** From one conference-heartbeat to the next, seconds; 0 is none. */
  readonly heartbeatPeriodSec: number;
  /** Nobody talking for so long ends the conference, seconds; 0 is never. */
  readonly terminateOnSilence: number;
  /** Where to record to from the start; empty is nowhere. */
  readonly autoRecord: string;
  readonly minRecordingParticipants: number;
  /** Where relative sound names are looked up; empty is the server's own place. */
  readonly soundPrefix: string;
  readonly callerIdName: string;
  readonly callerIdNumber: string;
  readonly sounds: Readonly<Partial<Record<SoundName, string>>>;
  /** Actions of which no event is made. */
  readonly suppressEvents: ReadonlySet<string>;
}

export type ProfileParameters = Readonly<Record<string, string>>;

/**
 * Reads the parameters of one profile. What is not a number where one is needed counts as left out; parameters without a meaning
 * for audio are passed over, so that a profile written for FreeSWITCH can be used as it is.
 */
export function readProfile(name: string, parameters: ProfileParameters = {}): ConferenceProfile {
  const text = (key: string): string => parameters[key]?.trim() ?? '';
  const number = (key: string, otherwise: number): number => (/^\d{1,9}$/.test(text(key)) ? Number(text(key)) : otherwise);
  const heartbeat = number('heartbeat-period-sec', 0);
  const [energyLevel, autoEnergyLevel, maxEnergyLevel] = [number('energy-level', 100), number('auto-energy-level', 0), number('max-energy-level', 0)];
  return {
    name,
    rate: mixingRate(number('rate', 8_000)),
    // As mod_conference: a level that is to follow what is heard begins somewhere, and one must be able to speak below the maximum.
    energyLevel: energyLevel === 0 ? Math.floor(autoEnergyLevel / 2) : energyLevel,
    autoEnergyLevel,
    autoEnergySeconds: number('auto-energy-seconds', 0) || 5,
    maxEnergyLevel: maxEnergyLevel < energyLevel ? 0 : maxEnergyLevel,
    maxEnergyMuteMs: number('max-energy-level-mute-ms', 0),
    maxEnergyHitTrigger: number('max-energy-hit-trigger', 5),
    agcLevel: number('auto-gain-level', 0),
    maxMembers: number('max-members', 0),
    memberFlags: text('member-flags'),
    conferenceFlags: text('conference-flags'),
    pin: text('pin'),
    moderatorPin: text('moderator-pin'),
    pinRetries: number('pin-retries', 3),
    endconfGraceTime: number('endconf-grace-time', 0),
    // As mod_conference: a shorter period is no period.
    heartbeatPeriodSec: heartbeat >= 20 ? heartbeat : 0,
    terminateOnSilence: number('terminate-on-silence', 0),
    autoRecord: text('auto-record'),
    minRecordingParticipants: Math.max(1, number('min-required-recording-participants', 1)),
    soundPrefix: text('sound-prefix'),
    callerIdName: text('caller-id-name') || 'conference',
    callerIdNumber: text('caller-id-number') || '0000000000',
    sounds: Object.fromEntries(SOUNDS.flatMap((sound) => (text(sound) === '' ? [] : [[sound, text(sound)]]))),
    suppressEvents: new Set(text('suppress-events').split(/[|,; ]+/)),
  };
}

/** The mixer knows three rates; a rate between them is mixed at the next higher one. */
function mixingRate(rate: number): ConferenceSettings['rate'] {
  if (rate <= 8_000) return 8_000;
  return rate <= 16_000 ? 16_000 : 48_000;
}

/** FreeSWITCH's stock profiles, without sounds: prompts are the controller's business. */
const STOCK: Readonly<Record<string, ProfileParameters>> = {
  default: { rate: '8000' },
  wideband: { rate: '16000' },
  ultrawideband: { rate: '32000' },
  cdquality: { rate: '48000' },
};

/** Answers the profile of a name; `extra` stand beside the stock ones or in their place. A name not known gets what `default` has. */
export function profileReader(extra: Readonly<Record<string, ProfileParameters>> = {}): (name: string) => ConferenceProfile {
  const all = new Map(Object.entries({ ...STOCK, ...extra }).map(([name, parameters]) => [name, readProfile(name, parameters)]));
  return (name) => all.get(name) ?? { ...(all.get('default') ?? readProfile('default')), name };
}
