import type { MediaDescription } from '../ports/media.ts';

/** Whether an offer leaves us without media to expect (RFC 3264 §8.4; address 0.0.0.0 is the hold of RFC 2543). */
export const heldBy = (offer: MediaDescription): boolean => offer.lines.every((line) => line.kind !== 'audio' || line.port === 0 || line.direction !== 'sendrecv' || line.address === '0.0.0.0');
