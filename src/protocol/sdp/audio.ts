/** One audio line: choosing what both sides can (RFC 3264 §6), and writing our offer or answer of it. */
import type { Direction, MediaLine } from './session.ts';

/** The codec agreed for a line, in terms of RTP. */
export interface AudioChoice {
  readonly codec: 'PCMU' | 'PCMA';
  readonly payloadType: number;
  /** Packet time to send with, ms. */
  readonly ptime: number;
  /** Payload type of RFC 4733 telephone-event at the codec's own clock rate, when offered. */
  readonly telephoneEvent?: number;
}

const DEFAULT_PTIME = 20;
/** Whole frames of the mixer, and no packet larger than a usual receiver takes. */
const PTIMES: ReadonlySet<number> = new Set([20, 40, 60]);

/** What we offer when the other side did not: both codecs, the first one preferred. */
export const OFFERED_TELEPHONE_EVENT = 101;

/** The first codec of the line that we speak; undefined when there is none. */
export function chooseAudio(line: MediaLine): AudioChoice | undefined {
  for (const { codec, payloadType, clockRate } of line.formats) {
    if ((codec !== 'PCMU' && codec !== 'PCMA') || clockRate !== 8_000) continue;
    const ptime = line.ptime !== undefined && PTIMES.has(line.ptime) ? line.ptime : DEFAULT_PTIME;
    // An offer may list telephone-event at several clock rates (8000 and 48000): only the codec's own counts (RFC 4733 §2.4.1).
    const event = line.formats.find((format) => format.codec === 'TELEPHONE-EVENT' && format.clockRate === 8_000);
    const choice: AudioChoice = { codec, payloadType, ptime };
    return event === undefined ? choice : { ...choice, telephoneEvent: event.payloadType };
  }
  return undefined;
}

/** RTP profiles we can answer in the clear. AVPF adds feedback messages we neither need nor mind (RFC 4585). */
export function isPlainRtp(protocol: string): boolean {
  return protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';
}

export interface LocalAudio {
  /** o= session id, and the version that grows with every change (RFC 3264 §8). */
  readonly sessionId: number;
  readonly version: number;
  /** An IPv4 or IPv6 literal the other side can reach. */
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly direction: Direction;
}

/** Our side of a call with one agreed codec. */
export function writeAudioAnswer(local: LocalAudio, choice: AudioChoice): string {
  return writeAudio(local, [[choice.payloadType, choice.codec]], choice.telephoneEvent, choice.ptime);
}

/** An offer of one plain audio line with all we speak. */
export function writeAudioOffer(local: LocalAudio): string {
  return writeAudio(
    local,
    [
      [0, 'PCMU'],
      [8, 'PCMA'],
    ],
    OFFERED_TELEPHONE_EVENT,
    DEFAULT_PTIME,
  );
}

function writeAudio(local: LocalAudio, codecs: readonly (readonly [number, string])[], telephoneEvent: number | undefined, ptime: number): string {
  const family = local.address.includes(':') ? 'IP6' : 'IP4';
  const events = telephoneEvent === undefined ? [] : [telephoneEvent];
  const lines = [
    'v=0',
    `o=FreeSWITCH ${local.sessionId} ${local.version} IN ${family} ${local.address}`,
    's=FreeSWITCH',
    `c=IN ${family} ${local.address}`,
    't=0 0',
    `m=audio ${local.port} ${local.protocol} ${[...codecs.map(([type]) => type), ...events].join(' ')}`,
    ...codecs.map(([type, name]) => `a=rtpmap:${type} ${name}/8000`),
    ...events.flatMap((type) => [`a=rtpmap:${type} telephone-event/8000`, `a=fmtp:${type} 0-15`]),
    `a=ptime:${ptime}`,
    `a=${local.direction}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}
