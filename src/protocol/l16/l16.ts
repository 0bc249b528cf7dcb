/** L16: linear samples of 16 bits in network byte order (RFC 3551 §4.5.11). */

/** Decodes `bytes` from `start` to `end` into the start of `samples` and answers how many; half a sample and what does not fit are left out. */
export function decodeL16(bytes: Uint8Array, start: number, end: number, samples: Int16Array): number {
  const count = Math.min((end - start) >> 1, samples.length);
  for (let i = 0, at = start; i < count; i++, at += 2) samples[i] = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return count;
}

/** Encodes `samples` into the start of `bytes` and answers how many bytes; what does not fit is left out. */
export function encodeL16(samples: Int16Array, bytes: Uint8Array): number {
  const count = Math.min(samples.length, bytes.length >> 1);
  for (let i = 0; i < count; i++) {
    const sample = samples[i] ?? 0;
    bytes[2 * i] = sample >> 8;
    bytes[2 * i + 1] = sample;
  }
  return 2 * count;
}
