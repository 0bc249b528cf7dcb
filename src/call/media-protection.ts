import type { MediaProtection } from '../domain/policy.ts';
import type { LegOffer } from '../ports/call-leg.ts';
import type { MediaDescription } from '../ports/media.ts';

/** An audio line with keys is taken before one in the clear. */
export const protectionOf = ({ lines }: MediaDescription): MediaProtection => (lines.some((line) => line.kind === 'audio' && line.port !== 0 && line.crypto !== undefined) ? 'encrypted' : 'clear');

/** Offers of our own are in the clear (F-1): so is a call that leaves the offer to us. */
export const offeredProtection = (offer: LegOffer): MediaProtection => (offer.kind === 'offered' ? protectionOf(offer.media) : 'clear');
