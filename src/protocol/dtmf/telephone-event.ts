/**
 * Receiver of RFC 4733 telephone events: many packets in, each key once.
 *
 * Packets of one key share SSRC and timestamp (§2.3.2); nothing else is relied on, neither marker nor first packet nor last. A key is
 * told at its first end packet; when all three are lost, at the next key's first packet or when no packet came for a while.
 */
import type { Step } from '../../lib/machine.ts';
import { timestampDelta } from '../rtp/packet.ts';
import { digitOfEvent } from './digit.ts';

/** The payload of one telephone-event packet, with what of the RTP header identifies the key. */
export interface TelephoneEvent {
  readonly ssrc: number;
  readonly timestamp: number;
  readonly event: number;
  readonly end: boolean;
  /** Clock units since `timestamp`. */
  readonly duration: number;
  /** Of timestamp and duration, Hz: that of the payload type's rtpmap. */
  readonly clockRate: number;
}

export type DtmfEvent = ({ readonly type: 'packet' } & TelephoneEvent) | { readonly type: 'timeout' };

export type DtmfEffect =
  /** A key went down: what it interrupts need not wait for its end. Once a key, before its `digit`. */
  | { readonly type: 'pressed'; readonly digit: string }
  /** `timestamp` is that of the key's beginning. */
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number; readonly ssrc: number; readonly timestamp: number }
  /** Post `timeout` this many ms from now, unless set again or cancelled. */
  | { readonly type: 'startTimer'; readonly ms: number }
  | { readonly type: 'cancelTimer' };

interface Key {
  readonly digit: string;
  readonly ssrc: number;
  readonly clockRate: number;
  /** Of the present segment; a key longer than 65535 clock units has several (§2.5.1.3). */
  readonly timestamp: number;
  readonly duration: number;
  /** Clock units in earlier segments. */
  readonly before: number;
}

export interface DtmfState {
  /** The key being held down. */
  readonly pressed?: Key;
  /** The last one told: its end packets are still arriving. */
  readonly told?: Pick<Key, 'ssrc' | 'timestamp'>;
}

/** No packet for this long means the end packets are lost; senders repeat every 20 to 50 ms (§2.5.1.2). */
const END_LOST_MS = 200;
/** A timestamp further back than this (longer than any segment) is a sender that began anew, not a packet overtaken. */
const REORDER_S = 10;
/** A segment ends when its duration is used up, 65535 or a little less (§2.5.1.3); lost updates make ours shorter by up to 100 ms. */
const SEGMENT_MIN = 0xf000;
const SEGMENT_MAX = 0xffff;
const SEGMENT_SLACK_S = 0.1;

export const initialDtmf: DtmfState = {};

const tell = (key: Key): DtmfEffect => ({
  type: 'digit',
  digit: key.digit,
  durationMs: ((key.before + key.duration) * 1000) / key.clockRate,
  ssrc: key.ssrc,
  timestamp: (key.timestamp - key.before) >>> 0,
});

const isSame = (key: Pick<Key, 'ssrc' | 'timestamp'> | undefined, packet: TelephoneEvent): boolean =>
  key?.ssrc === packet.ssrc && key.timestamp === packet.timestamp;

/** True for a packet of an older key, delivered out of order. */
function isOlder(key: Pick<Key, 'ssrc' | 'timestamp'> | undefined, packet: TelephoneEvent): boolean {
  if (key?.ssrc !== packet.ssrc) return false;
  const delta = timestampDelta(key.timestamp, packet.timestamp);
  return delta < 0 && delta > -REORDER_S * packet.clockRate;
}

/** §2.5.1.3: the same key goes on under a new timestamp, where the full segment before it ended. */
function continues(key: Key, digit: string, packet: TelephoneEvent): boolean {
  const delta = timestampDelta(key.timestamp, packet.timestamp);
  return key.ssrc === packet.ssrc && key.digit === digit && delta >= SEGMENT_MIN && delta <= SEGMENT_MAX && delta - key.duration <= SEGMENT_SLACK_S * key.clockRate;
}

export function stepDtmf(state: DtmfState, event: DtmfEvent): Step<DtmfState, DtmfEffect> {
  const { pressed } = state;
  if (event.type === 'timeout') return pressed === undefined ? { state, effects: [] } : { state: { told: pressed }, effects: [tell(pressed)] };

  const digit = digitOfEvent(event.event);
  // §2.5.1.4: the end is sent three times; and what was overtaken is told or superseded already.
  if (digit === undefined || isSame(state.told, event) || isOlder(pressed ?? state.told, event)) return { state, effects: [] };

  const key = nextKey(pressed, digit, event);
  // §2.5.2.2: a new key ends the one whose end was lost.
  const isFresh = key.before === 0 && !isSame(pressed, event);
  const superseded = pressed !== undefined && isFresh ? [tell(pressed)] : [];
  const begun: readonly DtmfEffect[] = isFresh ? [...superseded, { type: 'pressed', digit }] : [];
  if (event.end) return { state: { told: key }, effects: [...begun, tell(key), { type: 'cancelTimer' }] };
  const told = superseded.length > 0 ? pressed : state.told;
  return { state: told === undefined ? { pressed: key } : { pressed: key, told }, effects: [...begun, { type: 'startTimer', ms: END_LOST_MS }] };
}

function nextKey(pressed: Key | undefined, digit: string, packet: TelephoneEvent): Key {
  const { ssrc, timestamp, duration, clockRate } = packet;
  const fresh: Key = { digit, ssrc, timestamp, duration, clockRate, before: 0 };
  if (pressed === undefined) return fresh;
  // Updates may overtake each other: the longest counts.
  if (isSame(pressed, packet)) return { ...pressed, duration: Math.max(pressed.duration, packet.duration) };
  if (continues(pressed, digit, packet)) return { ...fresh, before: pressed.before + timestampDelta(pressed.timestamp, packet.timestamp) };
  return fresh;
}

/**
 * Reads the four octets of a telephone-event payload (§2.3): event, end bit and volume, duration. A longer payload holds further events
 * of RFC 2198 or is padding: only the first counts. Undefined when it is shorter.
 */
export function readTelephoneEvent(payload: Uint8Array): Pick<TelephoneEvent, 'event' | 'end' | 'duration'> | undefined {
  const [event, flags, high, low] = payload;
  if (event === undefined || flags === undefined || high === undefined || low === undefined) return undefined;
  return { event, end: (flags & 0x80) !== 0, duration: (high << 8) | low };
}
