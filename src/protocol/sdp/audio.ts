/** One audio line: choosing what both sides can (RFC 3264 §6), and writing our offer or answer of it. */
import { writeCrypto, type CryptoLine } from './crypto.ts';
import type { Direction, MediaLine, RtpFormat } from './session.ts';

export type AudioCodec = 'OPUS' | 'G722' | 'PCMU' | 'PCMA' | 'L16';

/** The codec agreed for a line, in terms of RTP. */
export interface AudioChoice {
  readonly codec: AudioCodec;
  readonly payloadType: number;
  /** Of rtpmap, Hz: 8000 for G.722 too (RFC 3551 §4.5.2). */
  readonly clockRate: number;
  /** Packet time to send with, ms. */
  readonly ptime: number;
  /** Payload type of RFC 4733 telephone-event. */
  readonly telephoneEvent?: number;
  /** Its clock rate, where it is not the codec's own. */
  readonly telephoneEventRate?: number;
  /** Payload type of comfort noise (RFC 3389), when offered. */
  readonly comfortNoise?: number;
  /** What the far end wants to be sent (RFC 7587 §6.1). */
  readonly opus?: { readonly inbandFec: boolean; readonly maxAverageBitrate?: number; readonly dtx?: boolean };
}

const DEFAULT_PTIME = 20;
/** Largest first. */
const PTIMES = [60, 40, 30, 20, 10] as const;
/** What fits into an Ethernet frame beside the headers of IP, UDP and RTP, SRTP's tag and a tunnel's. */
const MAX_PAYLOAD = 1_380;
const L16_RATES: ReadonlySet<number> = new Set([8_000, 16_000, 32_000, 48_000]);

/** The first codec of the line that is among `codecs`: the offerer's order counts; undefined when there is none. */
export function chooseAudio(line: MediaLine, codecs: readonly AudioCodec[]): AudioChoice | undefined {
  for (const format of line.formats) {
    const codec = codecs.find((name) => name === format.codec);
    if (codec === undefined || !isSpoken(codec, format)) continue;
    const { payloadType, clockRate } = format;
    const comfortNoise = line.formats.find((other) => other.codec === 'CN' && other.clockRate === clockRate)?.payloadType;
    return {
      codec,
      payloadType,
      clockRate,
      ptime: choosePtime(codec, clockRate, line),
      ...chooseTelephoneEvent(line, clockRate),
      ...(comfortNoise === undefined ? {} : { comfortNoise }),
      ...(codec === 'OPUS' ? { opus: readOpus(format.fmtp ?? '') } : {}),
    };
  }
  return undefined;
}

function isSpoken(codec: AudioCodec, { clockRate, channels = 1 }: RtpFormat): boolean {
  // RFC 7587 §7: opus is always written with two channels, however many are used.
  if (codec === 'OPUS') return clockRate === 48_000;
  return channels === 1 && (codec === 'L16' ? L16_RATES.has(clockRate) : clockRate === 8_000);
}

/** The longest of ours that is no longer than asked for and allowed (RFC 4566 §6), nor than a packet may be. */
function choosePtime(codec: AudioCodec, clockRate: number, { ptime = DEFAULT_PTIME, maxptime = ptime }: MediaLine): number {
  const wanted = Math.min(ptime, maxptime, codec === 'L16' ? MAX_PAYLOAD / (2 * (clockRate / 1_000)) : Infinity);
  return PTIMES.find((ours) => ours <= wanted) ?? 10;
}

/**
 * Key presses go at the clock rate of the audio beside them (RFC 4733 §2.4.1), for which an offer lists telephone-event at every rate
 * it has. Phones that know of 8000 only press their keys in it also beside Opus; better so than not at all.
 */
function chooseTelephoneEvent(line: MediaLine, clockRate: number): Pick<AudioChoice, 'telephoneEvent' | 'telephoneEventRate'> {
  const at = (rate: number): number | undefined => line.formats.find((format) => format.codec === 'TELEPHONE-EVENT' && format.clockRate === rate)?.payloadType;
  const own = at(clockRate);
  if (own !== undefined) return { telephoneEvent: own };
  const other = at(8_000);
  return other === undefined ? {} : { telephoneEvent: other, telephoneEventRate: 8_000 };
}

function readOpus(fmtp: string): NonNullable<AudioChoice['opus']> {
  const values = new Map(fmtp.split(';').map((part): [string, string] => [part.split('=')[0]?.trim().toLowerCase() ?? '', part.split('=')[1]?.trim() ?? '']));
  const rate = Number(values.get('maxaveragebitrate'));
  return {
    inbandFec: values.get('useinbandfec') === '1',
    // RFC 7587 §6.1: 6000 to 510000 bit/s; anything else says nothing.
    ...(rate >= 6_000 && rate <= 510_000 ? { maxAverageBitrate: Math.floor(rate) } : {}),
    ...(values.get('usedtx') === '1' ? { dtx: true } : {}),
  };
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
  /** Our key, under the tag of the line chosen (RFC 4568 §5.1.2). */
  readonly crypto?: CryptoLine;
  /** RTCP on the RTP port (RFC 5761 §5.1.1): answered where it was offered. */
  readonly rtcpMux?: boolean;
}

interface WrittenFormat {
  readonly payloadType: number;
  /** As in rtpmap: `PCMU/8000`, `opus/48000/2`. */
  readonly map: string;
  readonly fmtp?: string;
}

/** Our side of a call with one agreed codec. */
export function writeAudioAnswer(local: LocalAudio, choice: AudioChoice): string {
  const { codec, payloadType, clockRate, ptime, telephoneEvent, telephoneEventRate = clockRate, comfortNoise } = choice;
  return writeAudio(
    local,
    [
      audioFormat(codec, payloadType, clockRate),
      ...(telephoneEvent === undefined ? [] : [eventFormat(telephoneEvent, telephoneEventRate)]),
      ...(comfortNoise === undefined ? [] : [{ payloadType: comfortNoise, map: `CN/${clockRate}` }]),
    ],
    ptime,
  );
}

/** Static payload types (RFC 3551 §6), and dynamic ones of our own. */
const offered: Readonly<Record<AudioCodec, WrittenFormat>> = {
  OPUS: audioFormat('OPUS', 96, 48_000),
  G722: audioFormat('G722', 9, 8_000),
  PCMU: audioFormat('PCMU', 0, 8_000),
  PCMA: audioFormat('PCMA', 8, 8_000),
  L16: audioFormat('L16', 97, 16_000),
};
const offeredEvents: readonly (readonly [rate: number, payloadType: number])[] = [
  [8_000, 101],
  [16_000, 102],
  [48_000, 103],
];

/** An offer of one audio line with `codecs`, the first one preferred, and telephone-event at every clock rate among them. */
export function writeAudioOffer(local: LocalAudio, codecs: readonly AudioCodec[]): string {
  const formats = codecs.map((codec) => offered[codec]);
  const rates = new Set(formats.map(({ map }) => Number(map.split('/')[1])));
  const events = offeredEvents.filter(([rate]) => rates.has(rate)).map(([rate, payloadType]) => eventFormat(payloadType, rate));
  return writeAudio(local, [...formats, ...events], DEFAULT_PTIME);
}

function audioFormat(codec: AudioCodec, payloadType: number, clockRate: number): WrittenFormat {
  // RFC 7587 §6.1: errors may be corrected from the packet after; we make use of that.
  return codec === 'OPUS' ? { payloadType, map: `opus/${clockRate}/2`, fmtp: 'useinbandfec=1' } : { payloadType, map: `${codec}/${clockRate}` };
}

function eventFormat(payloadType: number, clockRate: number): WrittenFormat {
  return { payloadType, map: `telephone-event/${clockRate}`, fmtp: '0-15' };
}

function writeAudio(local: LocalAudio, formats: readonly WrittenFormat[], ptime: number): string {
  const family = local.address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=FreeSWITCH ${local.sessionId} ${local.version} IN ${family} ${local.address}`,
    's=FreeSWITCH',
    `c=IN ${family} ${local.address}`,
    't=0 0',
    `m=audio ${local.port} ${local.protocol} ${formats.map(({ payloadType }) => payloadType).join(' ')}`,
    ...formats.flatMap(({ payloadType, map, fmtp }) => [`a=rtpmap:${payloadType} ${map}`, ...(fmtp === undefined ? [] : [`a=fmtp:${payloadType} ${fmtp}`])]),
    `a=ptime:${ptime}`,
    ...(local.crypto === undefined ? [] : [`a=crypto:${writeCrypto(local.crypto)}`]),
    ...(local.rtcpMux === true ? ['a=rtcp-mux'] : []),
    `a=${local.direction}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}
