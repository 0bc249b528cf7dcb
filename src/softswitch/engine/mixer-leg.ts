/** A leg as a conference sees it, whichever worker it lives on. */
import type { QuietFrame, TakeOutcome } from '../../protocol/rtp/jitter-buffer.ts';
import type { LegId } from './api.ts';
import type { SharedEncoder } from './frame-encoder.ts';
import type { Player } from './player.ts';

export interface MixerLeg {
  readonly id: LegId;
  /** What is played to this leg goes before the mix. */
  readonly player: Pick<Player, 'next'>;
  /** Legs of one key are sent the same bytes for the same audio. */
  readonly encodingKey: string;
  /** What the far end says at the tick of `slot`, at `rate`, unless it is as `quiet` as that; audio is kept from the first call on, until `stopListening`. */
  receive(slot: number, frame: Int16Array, rate: number, quiet: QuietFrame): TakeOutcome;
  stopListening(): void;
  /** A new encoder for frames at `rate`, for the legs of this `encodingKey`; the caller closes it. Undefined where there is none: then `sendFrame` does it. */
  createShared(rate: number): SharedEncoder | undefined;
  sendFrame(frame: Int16Array, rate: number): void;
  sendShared(shared: SharedEncoder, frame: Int16Array, tick: number): void;
  sendSilence(): void;
}
