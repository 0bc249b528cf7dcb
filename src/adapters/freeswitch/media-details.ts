import type { MediaDescription, MediaDetails } from '../../ports/media.ts';
import { usableAudioLine } from '../../protocol/sdp/description.ts';

/** The first codec of an answer is the one in use (RFC 3264 §6.1); telephone events are none. */
export function detailsOf(answer: MediaDescription): MediaDetails {
  const line = usableAudioLine(answer);
  const codec = line?.codecs.find(({ name }) => name.toLowerCase() !== 'telephone-event')?.name;
  return { ...(codec === undefined ? {} : { codec }), encrypted: line?.crypto !== undefined };
}
