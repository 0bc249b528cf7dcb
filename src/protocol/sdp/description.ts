/**
 * Between SDP and the neutral description that legs and media servers hand each other: what a line is, how it is
 * addressed and which codecs it has, nothing of SDP's spelling.
 */
import { err, ok, type Result } from '../../lib/result.ts';
import { isSecureRtp } from './crypto.ts';
import { parseSdp, writeSdp, type Direction, type MediaLine, type SdpError } from './session.ts';
import { isPlainRtp, isUsableSecurely, usableAudio } from './usable-audio.ts';

export interface Description {
  readonly lines: readonly DescribedLine[];
}

export interface DescribedLine {
  readonly kind: 'audio' | 'video' | 'application' | 'image' | 'other';
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly direction: Direction;
  readonly codecs: readonly { readonly name: string; readonly payloadType: number; readonly clockRate: number; readonly channels?: number; readonly fmtp?: string }[];
  readonly ptime?: number;
  readonly maxptime?: number;
  readonly rtcpPort?: number;
  readonly rtcpMux?: true;
  /** There when the line can be encrypted: what is behind every `a=crypto:`, keys in clear. */
  readonly crypto?: readonly string[];
}

const kinds: ReadonlySet<string> = new Set(['audio', 'video', 'application', 'image']);

export function describeSdp(sdp: string): Result<Description, SdpError> {
  const parsed = parseSdp(sdp);
  return parsed.ok ? ok({ lines: parsed.value.media.map(describeLine) }) : parsed;
}

function describeLine(line: MediaLine): DescribedLine {
  return {
    kind: kinds.has(line.kind) ? (line.kind as DescribedLine['kind']) : 'other',
    protocol: isSecureRtp(line.protocol) || isPlainRtp(line.protocol) ? line.protocol.toUpperCase() : line.protocol,
    address: line.address ?? '',
    port: line.port,
    direction: line.direction,
    codecs: line.formats.map(({ codec, ...format }) => ({ name: codec, ...format })),
    ...(line.ptime === undefined ? {} : { ptime: line.ptime }),
    ...(line.maxptime === undefined ? {} : { maxptime: line.maxptime }),
    ...(line.rtcpPort === undefined ? {} : { rtcpPort: line.rtcpPort }),
    ...(line.rtcpMux ? { rtcpMux: true } : {}),
    ...(isUsableSecurely(line) ? { crypto: line.crypto } : {}),
  };
}

/** The audio line a media server can take; undefined when there is none, or nobody can say where its media goes. */
export function usableAudioLine({ lines }: Description): DescribedLine | undefined {
  const line = lines[usableAudio(lines)];
  return line?.address === '' ? undefined : line;
}

/** Identifies a description through a call; `version` grows by one with every change (RFC 3264 §8). */
export interface SdpOrigin {
  readonly sessionId: number;
  readonly version: number;
}

/** A description of the usable audio line alone. */
export function writeAudioSdp(description: Description, origin: SdpOrigin): Result<string, 'no_audio'> {
  const line = usableAudioLine(description);
  if (line === undefined || line.codecs.length === 0) return err('no_audio');
  const family = line.address.includes(':') ? 'IP6' : 'IP4';
  const session = ['v=0', `o=- ${origin.sessionId} ${origin.version} IN ${family} ${line.address}`, 's=-', `c=IN ${family} ${line.address}`, 't=0 0'];
  const media = [
    `m=audio ${line.port} ${line.protocol} ${line.codecs.map((codec) => codec.payloadType).join(' ')}`,
    ...line.codecs.flatMap((codec) => [
      `a=rtpmap:${codec.payloadType} ${spelled(codec.name)}/${codec.clockRate}${codec.channels === undefined ? '' : `/${codec.channels}`}`,
      ...(codec.fmtp === undefined ? [] : [`a=fmtp:${codec.payloadType} ${codec.fmtp}`]),
    ]),
    ...(line.ptime === undefined ? [] : [`a=ptime:${line.ptime}`]),
    ...(line.maxptime === undefined ? [] : [`a=maxptime:${line.maxptime}`]),
    ...(line.crypto ?? []).map((value) => `a=crypto:${value}`),
    ...(line.rtcpPort === undefined ? [] : [`a=rtcp:${line.rtcpPort}`]),
    ...(line.rtcpMux === true ? ['a=rtcp-mux'] : []),
    `a=${line.direction}`,
  ];
  return ok(writeSdp(session, [media]));
}

/** RFC 4733 and RFC 7587 write them in lower case; some phones compare case-sensitively. */
const spelled = (codec: string): string => (codec === 'TELEPHONE-EVENT' || codec === 'OPUS' ? codec.toLowerCase() : codec);
