/**
 * A session description (RFC 4566) as a list of media lines. Reading is total: any text gives a description or a typed
 * error. The lines themselves are kept as they came, so that what this product does not know survives a rewrite
 * (`a=content`, `a=label`, bandwidths of room systems); `sdp-transform` reads the attributes that it does know.
 */
import sdpTransform from 'sdp-transform';
import { err, ok, type Result } from '../../lib/result.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One RTP payload format: static payload types carry their name without an rtpmap (RFC 3551 §6). */
export interface RtpFormat {
  readonly payloadType: number;
  /** Encoding name in upper case, e.g. `PCMU`, `TELEPHONE-EVENT`. */
  readonly codec: string;
  readonly clockRate: number;
  /** When it says so: opus is always `opus/48000/2` (RFC 7587 §7). */
  readonly channels?: number;
  readonly fmtp?: string;
}

export interface MediaLine {
  /** `audio`, `video`, `application`, `image` ... */
  readonly kind: string;
  /** 0 when the line is refused or switched off. */
  readonly port: number;
  readonly protocol: string;
  /** The format list as written; RTP payload types of dynamic formats without rtpmap are only here. */
  readonly formatList: string;
  readonly formats: readonly RtpFormat[];
  /** The line's own, else the session's, else sendrecv (RFC 4566 §6). */
  readonly direction: Direction;
  /** The address media goes to: the line's own c=, else the session's. */
  readonly address: string | undefined;
  /** ms, as asked for and as the most allowed (RFC 4566 §6). */
  readonly ptime: number | undefined;
  readonly maxptime: number | undefined;
  /** Where RTCP goes to (RFC 3605); without it to the port above. */
  readonly rtcpPort: number | undefined;
  /** RTCP may come and go on the RTP port (RFC 5761 §5.1.1). */
  readonly rtcpMux: boolean;
  /** What is behind every `a=crypto:`: keys, never to be shown. */
  readonly crypto: readonly string[];
  readonly mid: string | undefined;
  /** The `m=` line and all that belongs to it, without line ends. */
  readonly lines: readonly string[];
}

export interface SessionDescription {
  /** The lines before the first `m=`, without line ends. */
  readonly lines: readonly string[];
  readonly media: readonly MediaLine[];
}

export interface SdpError {
  readonly code: 'sdp_malformed' | 'sdp_too_large';
  /** Never quotes the description. */
  readonly message: string;
}

const MAX_CHARS = 65_536;
const MAX_LINE_CHARS = 4_096;
const MAX_MEDIA_LINES = 64;

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/;
const MEDIA = /^m=(\S+) (\d{1,5})(?:\/\d{1,5})? (\S+)(?: (.*))?$/;

const STATIC_FORMATS: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU'],
  [3, 'GSM'],
  [4, 'G723'],
  [8, 'PCMA'],
  [9, 'G722'],
  [13, 'CN'],
  [15, 'G728'],
  [18, 'G729'],
]);

export function parseSdp(text: string): Result<SessionDescription, SdpError> {
  if (text.length > MAX_CHARS) return err({ code: 'sdp_too_large', message: `more than ${MAX_CHARS} characters of SDP` });
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
  if (lines.some((line) => line.length > MAX_LINE_CHARS)) return malformed(`a line of more than ${MAX_LINE_CHARS} characters`);
  if (lines[0]?.trimEnd() !== 'v=0') return malformed('it does not begin with v=0');
  const bad = lines.findIndex((line) => !/^[a-z]=/.test(line));
  if (bad >= 0) return malformed(`line ${bad + 1} is not of the form x=value`);

  const sections = splitSections(lines);
  const session = sections[0] ?? [];
  if (sections.length - 1 > MAX_MEDIA_LINES) return err({ code: 'sdp_too_large', message: `more than ${MAX_MEDIA_LINES} media lines` });
  const media: MediaLine[] = [];
  for (const section of sections.slice(1)) {
    const line = readMedia(section, session);
    if (line === undefined) return malformed(`media line ${media.length + 1} cannot be read`);
    media.push(line);
  }
  return ok({ lines: session, media });
}

/** The text of a description, each line ended with CR LF. */
export function writeSdp(sessionLines: readonly string[], mediaLines: readonly (readonly string[])[]): string {
  return [...sessionLines, ...mediaLines.flat()].map((line) => `${line}\r\n`).join('');
}

export function isDirectionLine(line: string): boolean {
  return DIRECTION.test(line);
}

/** What the other side must say to a direction we hear (RFC 3264 §6.1, §8.4). */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

/** The most that both directions allow. */
export function narrowed(a: Direction, b: Direction): Direction {
  const send = maySend(a) && maySend(b);
  const receive = mayReceive(a) && mayReceive(b);
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

function maySend(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function mayReceive(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function malformed(why: string): Result<never, SdpError> {
  return err({ code: 'sdp_malformed', message: `malformed SDP: ${why}` });
}

function splitSections(lines: readonly string[]): readonly (readonly string[])[] {
  const sections: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('m=')) sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
}

function readMedia(lines: readonly string[], session: readonly string[]): MediaLine | undefined {
  const [, kind, portText, protocol, formatList = ''] = MEDIA.exec(lines[0] ?? '') ?? [];
  const port = Number(portText);
  if (kind === undefined || protocol === undefined || port > 65_535) return undefined;
  const attributes = readAttributes(lines);
  return {
    kind: kind.toLowerCase(),
    port,
    protocol,
    formatList: formatList.trim(),
    formats: readFormats(formatList, attributes),
    direction: readDirection(lines) ?? readDirection(session) ?? 'sendrecv',
    address: readAddress(lines) ?? readAddress(session),
    ptime: attributes.ptime,
    maxptime: readNumber(lines, 'maxptime', 1_000),
    rtcpPort: readNumber(lines, 'rtcp', 65_535),
    rtcpMux: lines.some((line) => line.trimEnd() === 'a=rtcp-mux'),
    crypto: lines.flatMap((line) => (line.startsWith('a=crypto:') ? [line.slice('a=crypto:'.length)] : [])),
    mid: readMid(lines),
    lines,
  };
}

/** As the library really gives them: text that looks like a number is one. */
interface Attributes {
  readonly rtp: readonly { readonly payload: number; readonly codec: string | number; readonly rate?: number; readonly encoding?: number | string }[];
  readonly fmtp: readonly { readonly payload: number; readonly config: string | number }[];
  readonly ptime: number | undefined;
}

function readAttributes(lines: readonly string[]): Attributes {
  const media = sdpTransform.parse(lines.join('\r\n')).media[0];
  // The library leaves a field as text where a number was expected but not found.
  const ptime: unknown = media?.ptime;
  return { rtp: media?.rtp ?? [], fmtp: media?.fmtp ?? [], ptime: typeof ptime === 'number' && ptime > 0 ? ptime : undefined };
}

function readFormats(formatList: string, attributes: Attributes): readonly RtpFormat[] {
  const formats: RtpFormat[] = [];
  for (const word of formatList.split(' ')) {
    if (!/^\d{1,3}$/.test(word)) continue;
    const payloadType = Number(word);
    const map = attributes.rtp.find((entry) => entry.payload === payloadType);
    const codec = map === undefined ? STATIC_FORMATS.get(payloadType) : String(map.codec).toUpperCase();
    if (payloadType > 127 || codec === undefined) continue;
    const fmtp = attributes.fmtp.find((entry) => entry.payload === payloadType)?.config;
    const channels = Number(map?.encoding ?? 1);
    const format = { payloadType, codec, clockRate: map?.rate ?? 8_000, ...(channels > 1 ? { channels } : {}) };
    formats.push(fmtp === undefined ? format : { ...format, fmtp: String(fmtp) });
  }
  return formats;
}

function readDirection(lines: readonly string[]): Direction | undefined {
  for (const line of lines) {
    const direction = DIRECTION.exec(line)?.[1];
    if (direction !== undefined) return direction as Direction;
  }
  return undefined;
}

function readAddress(lines: readonly string[]): string | undefined {
  const connection = lines.find((line) => line.startsWith('c='));
  return connection === undefined ? undefined : /^c=IN IP[46] ([^\s/]+)/.exec(connection)?.[1];
}

/** The number an attribute begins with: `a=rtcp:4001 IN IP4 192.0.2.1`. Undefined when it is 0, too large, or not there. */
function readNumber(lines: readonly string[], attribute: string, most: number): number | undefined {
  const line = lines.find((candidate) => candidate.startsWith(`a=${attribute}:`));
  const value = Number(/^\d{1,6}/.exec(line?.slice(attribute.length + 3) ?? '')?.[0] ?? 0);
  return value > 0 && value <= most ? value : undefined;
}

function readMid(lines: readonly string[]): string | undefined {
  return lines.find((line) => line.startsWith('a=mid:'))?.slice('a=mid:'.length).trim();
}
