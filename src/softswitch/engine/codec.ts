/** What an audio codec is to the engine: an encoder and a decoder of one stream each. */
import type { StreamDecoder } from '../../protocol/rtp/jitter-buffer.ts';

/**
 * 20 ms encoded. Most codecs make one piece that may be cut and joined at any sample; Opus makes one packet, or two of 10 ms where the
 * packet time needs them. The pieces hold until the next frame is encoded.
 */
export type EncodedFrame = readonly Uint8Array[];

export interface AudioEncoder {
  /** Of the frames it takes, Hz. */
  readonly rate: number;
  encode(frame: Int16Array): EncodedFrame;
  /** Goes on where `other`, an encoder of the same kind, is. Absent where a state cannot be copied, or there is none. */
  continueFrom?(other: AudioEncoder): void;
  close(): void;
}

export interface AudioDecoder extends StreamDecoder {
  close(): void;
}
