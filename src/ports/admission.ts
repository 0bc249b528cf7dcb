import type { SourceStanding } from '../domain/abuse.ts';
import type { Identity } from '../domain/admission.ts';
import type { ConferenceState } from '../domain/conference-state.ts';
import type { Room } from '../domain/room.ts';

/** A caller as abuse protection counts him: by identity, else by the number a trusted peer asserts, else by address. */
export interface CallerSource {
  readonly identity?: string;
  readonly assertedNumber?: string;
  readonly address: string;
}

/** What admission reads besides the room, as it stands at the moment. Implemented by `call/`. */
export interface AdmissionView {
  conference(room: Room): ConferenceState;
  sourceStanding(source: CallerSource, room: Room | undefined): SourceStanding;
  /** A user of ours. */
  identityOf(user: string): Identity | undefined;
}
