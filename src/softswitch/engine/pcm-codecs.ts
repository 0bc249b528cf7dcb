/** The codecs of our own: G.711, G.722 and L16. What is lost is concealed by `Concealment`. */
import { Concealment } from '../../protocol/concealment/concealment.ts';
import { decodeG711, encodeG711 } from '../../protocol/g711/g711.ts';
import type { G711Law } from '../../protocol/g711/g711.ts';
import { G722_LOWER_RATE, G722_RATE, G722Decoder, G722Encoder } from '../../protocol/g722/g722.ts';
import { decodeL16, encodeL16 } from '../../protocol/l16/l16.ts';
import type { QuietFrame } from '../../protocol/rtp/jitter-buffer.ts';
import type { AudioDecoder, AudioEncoder, EncodedFrame } from './codec.ts';
import { FRAMES_PER_SECOND, measureCodes } from './mixer.ts';

const G711_RATE = 8000;

export class G711Encoder implements AudioEncoder {
  readonly rate = G711_RATE;
  readonly #law: G711Law;
  readonly #codes = new Uint8Array(G711_RATE / FRAMES_PER_SECOND);
  readonly #encoded: EncodedFrame = [this.#codes];

  constructor(law: G711Law) {
    this.#law = law;
  }

  encode(frame: Int16Array): EncodedFrame {
    encodeG711(this.#law, frame, this.#codes);
    return this.#encoded;
  }

  close(): void {
    return;
  }
}

export class L16Encoder implements AudioEncoder {
  readonly rate: number;
  readonly #bytes: Uint8Array;
  readonly #encoded: EncodedFrame;

  constructor(rate: number) {
    this.rate = rate;
    this.#bytes = new Uint8Array((2 * rate) / FRAMES_PER_SECOND);
    this.#encoded = [this.#bytes];
  }

  encode(frame: Int16Array): EncodedFrame {
    encodeL16(frame, this.#bytes);
    return this.#encoded;
  }

  close(): void {
    return;
  }
}

export class G722StreamEncoder implements AudioEncoder {
  readonly rate = G722_RATE;
  readonly #encoder = new G722Encoder();
  readonly #codes = new Uint8Array(G722_RATE / 2 / FRAMES_PER_SECOND);
  readonly #encoded: EncodedFrame = [this.#codes];

  encode(frame: Int16Array): EncodedFrame {
    this.#encoder.encode(frame, this.#codes);
    return this.#encoded;
  }

  continueFrom(other: AudioEncoder): void {
    if (other instanceof G722StreamEncoder) this.#encoder.copyFrom(other.#encoder);
  }

  close(): void {
    return;
  }
}

/** A decoder without loss concealment: fills the start of `samples` and answers how many. */
type Decode = (bytes: Uint8Array, start: number, end: number, samples: Int16Array) => number;

class ConcealingDecoder implements AudioDecoder {
  readonly rate: number;
  readonly correctsErrors = false;
  readonly #decode: Decode;
  readonly #concealment: Concealment;

  constructor(rate: number, decode: Decode) {
    this.rate = rate;
    this.#decode = decode;
    this.#concealment = new Concealment(rate);
  }

  decode(payload: Uint8Array, length: number, samples: Int16Array): number {
    const count = this.#decode(payload, 0, length, samples);
    this.#concealment.heard(samples, count);
    return count;
  }

  conceal(samples: Int16Array): 'concealed' | 'silence' {
    return this.#concealment.conceal(samples);
  }

  /** What would have been decoded next is as good as silence. */
  protected skipped(): void {
    this.#concealment.skipped();
  }

  close(): void {
    return;
  }
}

class G711Decoder extends ConcealingDecoder {
  readonly #samples: Int16Array;

  constructor(law: G711Law) {
    super(G711_RATE, decodeG711.bind(undefined, law));
    this.#samples = law.decode;
  }

  skipQuiet(payload: Uint8Array, length: number, quiet: QuietFrame): boolean {
    measureCodes(payload, length, this.#samples, quiet);
    if (quiet.peak > quiet.limit) return false;
    this.skipped();
    return true;
  }
}

export const g711Decoder = (law: G711Law): AudioDecoder => new G711Decoder(law);

export const l16Decoder = (rate: number): AudioDecoder => new ConcealingDecoder(rate, decodeL16);

/** For somebody who listens at `rate`: where the lower band is all that can be heard, nothing else is decoded. */
export function g722Decoder(rate: number): AudioDecoder {
  const decoder = new G722Decoder();
  if (rate <= G722_LOWER_RATE) return new ConcealingDecoder(G722_LOWER_RATE, decoder.decodeLowerBand.bind(decoder));
  return new ConcealingDecoder(G722_RATE, decoder.decode.bind(decoder));
}
