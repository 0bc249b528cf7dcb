/**
 * One key heard twice is one key: a gateway may send RFC 4733 and leave the tone in the audio, too, wholly or its beginning.
 *
 * What comes by RFC 4733 is told at once and counts; a tone of the same key about that time is the same key. A tone that comes first is
 * held back for a moment, for the packets may follow it.
 */
import type { Step } from '../../lib/machine.ts';

export type KeyMergeEvent =
  /** A key went down by RFC 4733. `now`, ms, in all of them of one clock. */
  | { readonly type: 'eventPressed'; readonly digit: string; readonly now: number }
  | { readonly type: 'tonePressed'; readonly digit: string; readonly now: number }
  | { readonly type: 'toneReleased'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'timeout' };

export type KeyMergeEffect =
  /** A key went down, once however it is heard. */
  | { readonly type: 'pressed'; readonly digit: string }
  /** A key heard as a tone only. */
  | { readonly type: 'toneDigit'; readonly digit: string; readonly durationMs: number }
  /** Post `timeout` this many ms from now, unless set again or cancelled. */
  | { readonly type: 'startTimer'; readonly ms: number }
  | { readonly type: 'cancelTimer' };

interface Tone {
  readonly digit: string;
  readonly durationMs: number;
}

export interface KeyMergeState {
  /** Keys of RFC 4733 whose tone was not heard, oldest first. */
  readonly recent: readonly { readonly digit: string; readonly at: number }[];
  /** The tone that lasts, and whether its key came by RFC 4733. */
  readonly sounding?: { readonly digit: string; readonly isEvent: boolean };
  /** A tone that is over and may yet turn out to be one. */
  readonly held?: Tone;
}

/** The tone is heard later than the event by the jitter buffer and the detector, together well below this. */
const TOGETHER_MS = 500;
/** The first packet may come this long after the end of what is left of a tone. */
const HOLD_MS = 150;

export const initialKeyMerge: KeyMergeState = { recent: [] };

const tell = (held: Tone | undefined): readonly KeyMergeEffect[] => (held === undefined ? [] : [{ type: 'toneDigit', ...held }]);

export function stepKeyMerge(state: KeyMergeState, event: KeyMergeEvent): Step<KeyMergeState, KeyMergeEffect> {
  switch (event.type) {
    case 'eventPressed': {
      const { digit, now } = event;
      const { sounding, held } = state;
      if (held?.digit === digit) return { state: { recent: state.recent, ...(sounding && { sounding }) }, effects: [{ type: 'cancelTimer' }] };
      if (sounding?.digit === digit && !sounding.isEvent) return { state: { ...state, sounding: { digit, isEvent: true } }, effects: [] };
      return { state: { ...state, recent: [...young(state, now), { digit, at: now }] }, effects: [{ type: 'pressed', digit }] };
    }
    case 'tonePressed': {
      const { digit, now } = event;
      const recent = young(state, now);
      const same = recent.findIndex((key) => key.digit === digit);
      if (same < 0) return { state: { ...state, recent, sounding: { digit, isEvent: false } }, effects: [{ type: 'pressed', digit }] };
      return { state: { ...state, recent: recent.toSpliced(same, 1), sounding: { digit, isEvent: true } }, effects: [] };
    }
    case 'toneReleased': {
      const { recent, sounding, held } = state;
      if (sounding?.isEvent === true) return { state: { recent, ...(held && { held }) }, effects: [] };
      const { digit, durationMs } = event;
      return { state: { recent, held: { digit, durationMs } }, effects: [...tell(held), { type: 'startTimer', ms: HOLD_MS }] };
    }
    case 'timeout': {
      const { recent, sounding, held } = state;
      return { state: { recent, ...(sounding && { sounding }) }, effects: tell(held) };
    }
  }
}

const young = ({ recent }: KeyMergeState, now: number): KeyMergeState['recent'] => recent.filter(({ at }) => now - at <= TOGETHER_MS);
