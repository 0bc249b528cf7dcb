/** What the crowd says and listens for. All tones are multiples of 50 Hz, so that one frame of 20 ms repeats without a seam. */
import { decodeUlaw, frameSamples, silentFrame, toneAmplitude, toneFrame } from '../../e2e/phone/audio.ts';

export const roomSize = 10;
/** The first seats of a room talk, the others listen. */
export const talkers = 2;
const pairs = 8;
const amplitude = 7000;
/** Of a tone that is there, and of one that is not. */
const heardFrom = amplitude / 2;
const unheardBelow = amplitude / 10;
export const burstHz = 3100;
/** A burst may begin anywhere in a frame. */
const onsetFrom = amplitude / 4;
/** Frames of one look: 100 ms tell 50 Hz apart. */
export const lookFrames = 5;

/** Neighbouring rooms have other tones: a frame that went to the wrong room is found. */
const toneOf = (room: number, seat: number): number => (seat === 0 ? 500 : 1900) + 150 * (room % pairs);

const frames = new Map<number, Uint8Array>();
const frameOf = (hz: number): Uint8Array => {
  const known = frames.get(hz);
  if (known !== undefined) return known;
  const made = toneFrame(hz, amplitude);
  frames.set(hz, made);
  return made;
};

export const silence: Uint8Array = silentFrame;
export const burstFrame = frameOf(burstHz);
export const speech = (room: number, seat: number): Uint8Array => (seat < talkers ? frameOf(toneOf(room, seat)) : silence);

/** Whether `lookFrames` frames hold both talkers of the room (but not the listener himself), and nobody of the next room. */
export function isRight(codes: Uint8Array, room: number, seat: number): boolean {
  const samples = decodeUlaw(codes);
  for (let talker = 0; talker < talkers; talker++) {
    const level = toneAmplitude(samples, toneOf(room, talker));
    if (talker === seat ? level > unheardBelow : level < heardFrom) return false;
    if (toneAmplitude(samples, toneOf(room + 1, talker)) > unheardBelow) return false;
  }
  return true;
}

/** One frame tells whether the first talker is there. */
export const hearsTalker = (codes: Uint8Array, room: number): boolean => toneAmplitude(decodeUlaw(codes), toneOf(room, 0)) > heardFrom;

export const isBurst = (codes: Uint8Array): boolean => toneAmplitude(decodeUlaw(codes), burstHz) > onsetFrom;

export const lookBytes = lookFrames * frameSamples;
