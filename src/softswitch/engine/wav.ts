/** The header of a RIFF WAVE file: where its samples are and how to read them. */
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';

export type WavEncoding = 'pcm16' | 'alaw' | 'mulaw';

export interface WavHeader {
  readonly encoding: WavEncoding;
  readonly rate: number;
  readonly channels: 1 | 2;
  /** First byte of the samples, and how many bytes of them there are at most. */
  readonly dataStart: number;
  readonly dataBytes: number;
}

export type WavFault = 'not_wave' | 'unsupported_format' | 'no_data';

const FORMAT_PCM = 1;
const FORMAT_ALAW = 6;
const FORMAT_MULAW = 7;
/** WAVE_FORMAT_EXTENSIBLE: the real format is the start of the GUID at byte 24 of the chunk. */
const FORMAT_EXTENSIBLE = 0xfffe;

const fourcc = (view: DataView, at: number): string => String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

function encodingOf(format: number, bits: number): WavEncoding | undefined {
  if (format === FORMAT_PCM && bits === 16) return 'pcm16';
  if (format === FORMAT_ALAW && bits === 8) return 'alaw';
  if (format === FORMAT_MULAW && bits === 8) return 'mulaw';
  return undefined;
}

/** Reads the header from the first bytes of a file (a few kilobytes, or the whole file when it is smaller). */
export function readWavHeader(bytes: Uint8Array): Result<WavHeader, WavFault> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || fourcc(view, 0) !== 'RIFF' || fourcc(view, 8) !== 'WAVE') return err('not_wave');
  let format: Pick<WavHeader, 'encoding' | 'rate' | 'channels'> | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = fourcc(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (id === 'fmt ') {
      if (size < 16 || body + 16 > bytes.length) return err('unsupported_format');
      const tag = view.getUint16(body, true);
      const real = tag === FORMAT_EXTENSIBLE && size >= 26 && body + 26 <= bytes.length ? view.getUint16(body + 24, true) : tag;
      const encoding = encodingOf(real, view.getUint16(body + 14, true));
      const channels = view.getUint16(body + 2, true);
      if (encoding === undefined || (channels !== 1 && channels !== 2)) return err('unsupported_format');
      format = { encoding, channels, rate: view.getUint32(body + 4, true) };
    } else if (id === 'data') {
      if (format === undefined) return err('unsupported_format');
      // Written to a pipe, the size is not known beforehand: 0 or near 2^32. Then the file's end is the end.
      return ok({ ...format, dataStart: body, dataBytes: size === 0 || size >= 0x7fff_f000 ? Infinity : size });
    }
    // Chunks are padded to an even length.
    at = body + size + (size % 2);
  }
  return err('no_data');
}

/** Bytes of the header `wavHeader` makes; its sizes lie at 4 (of all that follows) and 40 (of the samples). */
export const WAV_HEADER_BYTES = 44;

/** The header of a mono PCM16 file with `dataBytes` of samples behind it. */
export function wavHeader(rate: number, dataBytes: number): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const text = (at: number, word: string): void => {
    for (let i = 0; i < word.length; i++) header[at + i] = word.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, WAV_HEADER_BYTES - 8 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
  return header;
}
