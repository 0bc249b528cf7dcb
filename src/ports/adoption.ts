/** Calls that outlived the process that made them: what the servers still have of them is taken over, or ended. */
import type { RoomId } from '../domain/room.ts';
import type { CallLeg } from './call-leg.ts';
import type { KeptCall } from './live-state.ts';
import type { LegMedia, MediaHandlers } from './media.ts';

export interface AdoptedMedia {
  readonly media: LegMedia;
  /** `alone`: it hears nothing. */
  readonly place: 'conference' | 'alone';
}

export interface MediaSurvivors {
  /** Takes over an endpoint of that name, in the conference of that room or alone. Undefined: it is gone, or somewhere else. */
  adopt(endpoint: string, room: RoomId, handlers: MediaHandlers): Promise<AdoptedMedia | undefined>;
  /** Ends what is left of a former process and was not adopted; later nothing can be. */
  reap(): Promise<void>;
}

export interface SignallingSurvivors {
  /**
   * A leg by its name on the signalling server. The server hands on nothing of it (F-10): no digits, no new offers, no end. That it
   * is over shows when it is asked, which it is now and then.
   */
  adopt(call: KeptCall): CallLeg;
}
