/**
 * What is said to people, as the rules name it. The texts are in `config/prompts/<language>/prompts.yaml`; the media adapter
 * turns a prompt into files of the room's language.
 */
export type Prompt = { readonly key: PromptKey } | { readonly key: CountedPromptKey; readonly count: number };

/** Every single line (`prompts:` of prompts.yaml, less the parts of sentences), so that a misspelt key does not compile. */
export const allPromptKeys = [
  'enter_attendant_pin',
  'enter_number',
  'number_invalid',
  'number_or_pin_invalid',
  'number_invalid_3',
  'number_none',
  'connecting',
  'enter_pin',
  'enter_pin_or_guest',
  'pin_reprompt',
  'pin_reprompt_or_guest',
  'pin_invalid',
  'pin_invalid_3',
  'pin_none',
  'waiting_host',
  'waiting_locked',
  'waiting_start',
  'wait_timeout_host',
  'wait_timeout_locked',
  'admitted',
  'admission_refused',
  'not_started_yet',
  'has_ended',
  'full',
  'entered',
  'first_alone',
  'muted',
  'unmuted',
  'muted_by_host',
  'unmuted_by_host',
  'hand_raised',
  'hand_lowered',
  'hand_raised_host',
  'enter_host_pin',
  'host_accepted',
  'host_refused',
  'host_already',
  'host_lowered',
  'guests_muted',
  'guests_unmuted',
  'locked',
  'unlocked',
  'caller_admitted',
  'caller_refused',
  'nobody_waiting',
  'end_confirm',
  'end_cancelled',
  'guests_muted_room',
  'guests_unmuted_room',
  'is_locked',
  'is_unlocked',
  'refused_not_permitted',
  'refused_not_now',
  'code_unknown',
  'help_hint',
  'help_start',
  'help_claim_host',
  'help_hand',
  'help_count',
  'help_mute',
  'help_mute_guests',
  'help_lock',
  'help_layout',
  'help_admit',
  'help_refuse',
  'help_end',
  'help_extend',
  'star',
  'hash',
  'guests_only_cancelled',
  'about_to_end',
  'lone_ending',
  'extended',
  'max_duration_1',
  'ended_by_host',
  'ended',
  'kicked',
  'will_disconnect',
  'service_closing',
  'encryption_required',
  'system_error',
  'goodbye',
] as const;

/** Sentences with a number in them (`sentences:` of prompts.yaml). */
export const allCountedPromptKeys = ['count', 'waiting_count', 'guests_only', 'ends_in'] as const;

/** Tones, the same in every language. */
export const allTones = ['knock'] as const;

export type PromptKey = (typeof allPromptKeys)[number] | (typeof allTones)[number] | `numbers/${Digit}`;
export type CountedPromptKey = (typeof allCountedPromptKeys)[number];

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';

/** The lines of these keys, in order. */
export const say = (...keys: readonly PromptKey[]): readonly Prompt[] => keys.map((key) => ({ key }));

/** A keypad code as it is spoken: "star nine four". Anything but digits in it is left out. */
export function spokenCode(code: string): readonly Prompt[] {
  const digits = Array.from(code).filter((key): key is Digit => /^[0-9]$/.test(key));
  return [{ key: 'star' }, ...digits.map((digit) => ({ key: `numbers/${digit}` }) as const)];
}
