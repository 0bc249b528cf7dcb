/** The codec of an `AudioFormat`. */
import { unreachable } from '../../lib/result.ts';
import { aLaw, muLaw } from '../../protocol/g711/g711.ts';
import { opusSamples } from '../../protocol/opus/packet.ts';
import type { AudioFormat } from './api.ts';
import type { AudioDecoder, AudioEncoder } from './codec.ts';
import { opusDecoder, opusEncoder, opusKey } from './opus-codec.ts';
import type { OpusLibrary } from './opus-codec.ts';
import { G711Encoder, G722StreamEncoder, L16Encoder, g711Decoder, g722Decoder, l16Decoder } from './pcm-codecs.ts';

/** Legs of one key are sent the same bytes for the same audio. */
export function encodingKey(format: AudioFormat): string {
  switch (format.codec) {
    case 'PCMU':
    case 'PCMA':
    case 'G722':
      return format.codec;
    case 'L16':
      return `L16/${format.clockRate}`;
    case 'OPUS':
      return opusKey(format);
    default:
      return unreachable(format.codec);
  }
}

/** `rate` is that of the audio at hand: a codec that can work at it does. `library`: undefined where Opus is not installed; then an Opus stream is silent. */
export function createEncoder(format: AudioFormat, rate: number, library: OpusLibrary | undefined): AudioEncoder {
  switch (format.codec) {
    case 'PCMU':
      return new G711Encoder(muLaw);
    case 'PCMA':
      return new G711Encoder(aLaw);
    case 'G722':
      return new G722StreamEncoder();
    case 'L16':
      return new L16Encoder(format.clockRate);
    case 'OPUS':
      return opusEncoder(format, rate, library);
    default:
      return unreachable(format.codec);
  }
}

export function createDecoder(format: AudioFormat, rate: number, library: OpusLibrary | undefined): AudioDecoder {
  switch (format.codec) {
    case 'PCMU':
      return g711Decoder(muLaw);
    case 'PCMA':
      return g711Decoder(aLaw);
    case 'G722':
      return g722Decoder(rate);
    case 'L16':
      return l16Decoder(format.clockRate);
    case 'OPUS':
      return opusDecoder(rate, library);
    default:
      return unreachable(format.codec);
  }
}

/** The mixing rate that keeps all that the codec can carry, Hz. */
export function wholeRate({ codec, clockRate }: AudioFormat): 8000 | 16_000 | 48_000 {
  switch (codec) {
    case 'PCMU':
    case 'PCMA':
      return 8000;
    case 'G722':
      return 16_000;
    case 'OPUS':
      return 48_000;
    case 'L16':
      return clockRate <= 8000 ? 8000 : clockRate <= 16_000 ? 16_000 : 48_000;
    default:
      return unreachable(codec);
  }
}

/** Length of a payload from `start` to `end` in RTP clock units; 0 when it is no payload of `format`. */
export function payloadDuration(format: AudioFormat, bytes: Uint8Array, start: number, end: number): number {
  switch (format.codec) {
    case 'PCMU':
    case 'PCMA':
    // RFC 3551 §4.5.2: G.722 counts at 8000 Hz, which is a unit an octet, too.
    case 'G722':
      return end - start;
    case 'L16':
      return (end - start) >> 1;
    case 'OPUS':
      return opusSamples(bytes, start, end);
    default:
      return unreachable(format.codec);
  }
}
