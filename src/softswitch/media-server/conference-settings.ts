/** What of a conference can be changed while it runs; it begins with its profile and the variables of the channel that opens it. */
import { isAbsolute, join } from 'node:path';
import type { Channel } from './channel.ts';
import type { ConferenceProfile } from './conference-profile.ts';

export class ConferenceSettings {
  /** 0 is no limit. */
  maxMembers: number;
  /** What a caller must know; empty asks for none. */
  pin: string;
  moderatorPin: string;
  /** Seconds, mandatory_member_endconf. */
  endconfGraceTime: number;
  soundPrefix: string;
  callerIdName: string;
  callerIdNumber: string;
  enterSound: string;
  exitSound: string;
  enterSoundOn = true;
  exitSoundOn = true;
  /** `moh off`, until someone else comes. */
  nomoh = false;
  readonly perpetualSound: string | undefined;
  /** By command: instead of the profile's. */
  temporaryMoh: string | undefined;
  readonly autoRecord: string;
  readonly #profileMoh: string | undefined;

  /** `soundPrefix`: the server's, where the profile has none. */
  constructor(profile: ConferenceProfile, { variables }: Pick<Channel, 'variables'>, soundPrefix: string) {
    const number = (name: string, otherwise: number): number => {
      const text = variables.get(name) ?? '';
      return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
    };
    this.maxMembers = number('conference_max_members', profile.maxMembers);
    this.pin = profile.pin;
    this.moderatorPin = profile.moderatorPin;
    this.endconfGraceTime = number('conference_endconference_grace_time', profile.endconfGraceTime);
    this.soundPrefix = profile.soundPrefix === '' ? soundPrefix : profile.soundPrefix;
    this.callerIdName = profile.callerIdName;
    this.callerIdNumber = profile.callerIdNumber;
    this.enterSound = profile.sounds['enter-sound'] ?? '';
    this.exitSound = profile.sounds['exit-sound'] ?? '';
    // As mod_conference: the profile's music comes before the variable's, the variable's recording before the profile's.
    this.perpetualSound = profile.sounds['perpetual-sound'] ?? variables.get('conference_perpetual_sound');
    this.#profileMoh = profile.sounds['moh-sound'] ?? variables.get('conference_moh_sound');
    this.autoRecord = variables.get('conference_auto_record') ?? profile.autoRecord;
  }

  get mohSound(): string | undefined {
    return this.temporaryMoh ?? this.#profileMoh;
  }

  /** Where a file name of a command leads to; `{parameters}` before it have no effect. */
  file(path: string): string {
    const name = path.replace(/^\{[^}]*\}\s*/, '');
    return isAbsolute(name) ? name : join(this.soundPrefix, name);
  }
}
