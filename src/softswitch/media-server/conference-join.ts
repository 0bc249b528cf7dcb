/** What the `conference` application is asked for: `name[@profile][+pin][+flags{a|b}]`. */
import { flagWords } from './conference-flags.ts';

export interface JoinRequest {
  readonly name: string;
  readonly profile: string;
  /** What the caller must know; empty asks for none. */
  readonly pin: string;
  readonly flags: ReadonlySet<string>;
}

/** Why a channel was not let in (F-18). */
export type JoinRefusal = 'locked' | 'full' | 'no_name' | 'already_in' | 'join_only' | 'ending';

export function readJoinArgument(argument: string): JoinRequest {
  const marker = /\+flags\{([^}]*)\}/i.exec(argument);
  const rest = marker === null ? argument : argument.slice(0, marker.index);
  const [place = '', pin = ''] = rest.split('+');
  const [name = '', profile = ''] = place.split('@');
  return { name: name.trim(), profile: profile.trim() === '' ? 'default' : profile.trim(), pin: pin.trim(), flags: flagWords(marker?.[1]) };
}
