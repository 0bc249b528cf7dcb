/**
 * ITU-T G.711: 8 kHz PCM in one byte a sample, A-law and mu-law.
 *
 * Linear samples are 16 bit. As in the ITU's reference code (G.191), a negative sample is folded by one's complement, so that the
 * two halves of the curve meet between -1 and 0.
 */
export interface G711Law {
  /** Linear sample by code. */
  readonly decode: Int16Array;
  /** Code by linear sample, `sample & 0xffff`. */
  readonly encode: Uint8Array;
  /** The code of silence. */
  readonly silence: number;
}

/** Position of the highest set bit: the segment of the curve. */
const log2 = (value: number): number => 31 - Math.clz32(value);

/** G.711 table 2a: 14 bit magnitude with a bias of 33, segment in bits 4 to 6, all bits inverted on the wire. */
function encodeMuLaw(sample: number): number {
  const magnitude = Math.min(((sample < 0 ? ~sample : sample) >> 2) + 33, 0x1fff);
  const segment = log2(magnitude) - 5;
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);
  return ~(code | (sample < 0 ? 0x80 : 0)) & 0xff;
}

function decodeMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = (((((bits & 0x0f) << 1) + 33) << ((bits >> 4) & 7)) - 33) << 2;
  return (bits & 0x80) !== 0 ? -magnitude : magnitude;
}

/** G.711 table 1a: 13 bit magnitude, the first two segments linear, even bits inverted on the wire (§3.2). */
function encodeALaw(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = Math.max(log2(magnitude) - 3, 0);
  const code = segment === 0 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
  return (code | (sample < 0 ? 0 : 0x80)) ^ 0x55;
}

function decodeALaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return (bits & 0x80) !== 0 ? magnitude : -magnitude;
}

function law(encode: (sample: number) => number, decode: (code: number) => number): G711Law {
  return {
    decode: Int16Array.from({ length: 256 }, (_, code) => decode(code)),
    encode: Uint8Array.from({ length: 65536 }, (_, bits) => encode((bits << 16) >> 16)),
    silence: encode(0),
  };
}

export const muLaw: G711Law = law(encodeMuLaw, decodeMuLaw);
export const aLaw: G711Law = law(encodeALaw, decodeALaw);

/** Decodes `codes` from `start` to `end` into the start of `samples` and answers how many; what does not fit is left out. */
export function decodeG711(from: G711Law, codes: Uint8Array, start: number, end: number, samples: Int16Array): number {
  const { decode } = from;
  const count = Math.min(end - start, samples.length);
  for (let i = 0; i < count; i++) samples[i] = decode[codes[start + i] ?? 0] ?? 0;
  return count;
}

/** Encodes `samples` into the start of `codes`; what does not fit is left out. */
export function encodeG711(into: G711Law, samples: Int16Array, codes: Uint8Array): void {
  const { encode } = into;
  const count = Math.min(codes.length, samples.length);
  for (let i = 0; i < count; i++) codes[i] = encode[(samples[i] ?? 0) & 0xffff] ?? 0;
}
