/**
 * Asks a caller for the PIN of a conference. What is pressed stays in here: it reaches no variable, event or log.
 * The digits are collected by the same rules as `play_and_get_digits`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { playlist, type PlaylistItem } from './audio-source.ts';
import type { Channel } from './channel.ts';
import type { CollectOptions } from './collect.ts';
import { Collector } from './collector.ts';
import type { ConferenceProfile } from './conference-profile.ts';
import { Play } from './play.ts';

export interface Pins {
  /** Empty is none: only moderators come in (E08). */
  readonly pin: string;
  /** Makes a moderator; empty is none. */
  readonly moderatorPin: string;
}

/** `no_prompt`: there is nothing to ask with. */
export type PinOutcome = 'caller' | 'moderator' | 'wrong' | 'no_prompt';

export interface PinDialogue {
  /** Checks what was supplied, then asks. The outcome may come from in here. */
  begin(): void;
  end(): void;
  digit(digit: string): boolean;
}

/** For the first key and between keys, ms. */
const DIGIT_TIMEOUT_MS = 10_000;
const COLLECTED = 'pin';

export function askPin(channel: Channel, pins: Pins, profile: ConferenceProfile, done: (outcome: PinOutcome) => void): PinDialogue {
  return new PinQuestion(channel, pins, profile, done);
}

class PinQuestion implements PinDialogue {
  readonly #channel: Channel;
  readonly #pins: Pins;
  readonly #profile: ConferenceProfile;
  readonly #done: (outcome: PinOutcome) => void;
  #triesLeft: number;
  #collector: Collector | undefined;
  #sorry: Play | undefined;

  constructor(channel: Channel, pins: Pins, profile: ConferenceProfile, done: (outcome: PinOutcome) => void) {
    this.#channel = channel;
    this.#pins = pins;
    this.#profile = profile;
    this.#done = done;
    this.#triesLeft = profile.pinRetries;
  }

  begin(): void {
    // `X-ConfPin=1234;...` of a URI parameter is understood, too.
    const supplied = /^(?:.*X-ConfPin=)?([^;]*)/i.exec(this.#channel.variables.get('supplied_pin') ?? '')?.[1] ?? '';
    const outcome = supplied === '' ? 'wrong' : this.#judge(supplied);
    if (outcome !== 'wrong') this.#done(outcome);
    else this.#ask();
  }

  end(): void {
    this.#collector?.end();
    this.#sorry?.abandon();
  }

  digit(digit: string): boolean {
    this.#collector?.digit(digit);
    return true;
  }

  #ask(): void {
    const prompt = this.#profile.sounds['pin-sound'];
    if (prompt === undefined) {
      this.#done('no_prompt');
      return;
    }
    if (this.#triesLeft-- === 0) {
      this.#done('wrong');
      return;
    }
    const options: CollectOptions = {
      min: 1,
      max: Math.max(this.#pins.pin.length, this.#pins.moderatorPin.length),
      tries: 1,
      timeout: DIGIT_TIMEOUT_MS,
      digitTimeout: DIGIT_TIMEOUT_MS,
      terminators: '#',
      terminatorRequired: false,
      keptTerminators: '',
      prompt,
      invalid: 'silence',
      variable: COLLECTED,
      regexp: undefined,
    };
    let pressed = '';
    this.#collector = new Collector(this.#channel, {
      options,
      playlist: (file) => this.#playlist(file),
      set: (variable, value) => {
        if (variable === COLLECTED) pressed = value ?? '';
      },
      done: (prompts) => (prompts === 'heard' ? this.#answered(pressed) : this.#done('no_prompt')),
    });
    this.#collector.begin();
  }

  #answered(pressed: string): void {
    const outcome = pressed === '' ? 'wrong' : this.#judge(pressed);
    const sorry = this.#profile.sounds['bad-pin-sound'];
    if (outcome !== 'wrong') this.#done(outcome);
    else if (sorry === undefined) this.#ask();
    else this.#sorry = new Play(this.#channel, this.#playlist(sorry), '', () => this.#ask());
  }

  #playlist(file: string): readonly PlaylistItem[] {
    return playlist(file, undefined, this.#profile.soundPrefix || this.#channel.core.soundPrefix);
  }

  /** `digits` are not empty. */
  #judge(digits: string): 'caller' | 'moderator' | 'wrong' {
    if (this.#pins.moderatorPin !== '' && same(digits, this.#pins.moderatorPin)) return 'moderator';
    return same(digits, this.#pins.pin) ? 'caller' : 'wrong';
  }
}

/** In the same time whatever is wrong about it. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
