/**
 * Offers with many media lines (video, content, BFCP, H.224, fax) met with audio only: the media server sees the one audio
 * line, the caller gets an answer that keeps every line and its place and refuses the others (RFC 3264 §6).
 */
import {
  isDirectionLine,
  mirrored,
  narrowed,
  parseSdp,
  writeSdp,
  type Direction,
  type MediaLine,
} from './session.ts';
import { usableAudio } from './usable-audio.ts';

/**
 * The full answer to `offerSdp`: its audio line answered with that of `audioAnswerSdp`, every other line refused with
 * port 0. An offer or answer that cannot be read leaves the audio answer as it is.
 */
export function composeAnswer(offerSdp: string, audioAnswerSdp: string): string {
  const offer = parseSdp(offerSdp);
  const answer = parseSdp(audioAnswerSdp);
  if (!offer.ok || !answer.ok) return audioAnswerSdp;
  const index = usableAudio(offer.value.media);
  const audio = answer.value.media.find((line) => line.kind === 'audio');
  const answered = audio !== undefined && audio.port !== 0 ? offer.value.media[index] : undefined;
  const groups = offer.value.lines.flatMap((line) => (line.startsWith('a=group:') ? keepGroup(line, answered?.mid) : []));
  const session = answer.value.lines.filter((line) => !line.startsWith('a=group:') && !isDirectionLine(line));
  const media = offer.value.media.map((line) => (audio !== undefined && line === answered ? accepted(line, audio) : refused(line)));
  return writeSdp([...session, ...groups], media);
}

/** A group keeps only the accepted line (RFC 5888 §9, RFC 8843 §7.3.3); without it the group goes. Other lines stay. */
function keepGroup(line: string, mid: string | undefined): readonly string[] {
  const [, semantics, mids] = /^a=group:(\S+)\s*(.*)$/.exec(line) ?? [];
  if (semantics === undefined || mids === undefined) return [line];
  return mid !== undefined && mids.trim().split(/\s+/).includes(mid) ? [`a=group:${semantics} ${mid}`] : [];
}

function accepted(offered: MediaLine, answer: MediaLine): readonly string[] {
  const direction: Direction = narrowed(answer.direction, mirrored(offered.direction));
  const [media = '', ...rest] = answer.lines;
  const own = rest.filter((line) => !isDirectionLine(line) && !line.startsWith('a=mid:'));
  const mid = offered.mid === undefined ? [] : [`a=mid:${offered.mid}`];
  // The protocol of an answered line is the one offered (RFC 3264 §6).
  return [media.replace(answer.protocol, offered.protocol), ...own, ...mid, `a=${direction}`];
}

/** RFC 3264 §6: port 0, the kind, protocol and formats of the offer. An m= line needs one format even then. */
function refused(offered: MediaLine): readonly string[] {
  const mid = offered.mid === undefined ? [] : [`a=mid:${offered.mid}`];
  return [`m=${offered.kind} 0 ${offered.protocol} ${offered.formatList === '' ? '0' : offered.formatList}`, ...mid];
}
