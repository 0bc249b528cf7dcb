/** The outside of Opus packets (RFC 6716 §3): how long they are and how several frames share one. */

/** RFC 6716 §3.2.5: no packet holds more than 120 ms. */
export const OPUS_MAX_SAMPLES = 5760;

/** RFC 6716 table 2: length of a frame in samples at 48 kHz, by configuration number / 4 and % 4: SILK, hybrid, CELT. */
const SILK = [480, 960, 1920, 2880];
const HYBRID = [480, 960];
const CELT = [120, 240, 480, 960];

function frameSamples(configuration: number): number {
  if (configuration < 12) return SILK[configuration % 4] ?? 0;
  if (configuration < 16) return HYBRID[configuration % 2] ?? 0;
  return CELT[configuration % 4] ?? 0;
}

/** Samples at 48 kHz that the packet in `bytes` from `start` to `end` holds; 0 when it holds none or is malformed in its first two octets. */
export function opusSamples(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return 0;
  const toc = bytes[start] ?? 0;
  const code = toc & 3;
  // §3.2.5: code 3 carries the number of frames in the low six bits of the next octet.
  if (code === 3 && end - start < 2) return 0;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (bytes[start + 1] ?? 0) & 0x3f;
  const samples = frames * frameSamples(toc >> 3);
  return samples <= OPUS_MAX_SAMPLES ? samples : 0;
}

/** §3.2.1: a frame length takes one octet below 252, two otherwise. */
function writeLength(length: number, out: Uint8Array, at: number): number {
  if (length < 252) {
    out[at] = length;
    return 1;
  }
  const first = 252 + (length & 3);
  out[at] = first;
  out[at + 1] = (length - first) >> 2;
  return 2;
}

/**
 * Joins packets of one frame each (code 0) into one packet in `out` (code 3, variable lengths, §3.2.5) and answers its length; 0 when they
 * cannot share one: their configurations differ, a packet holds more than a frame, or `out` is too small.
 */
export function joinOpus(packets: readonly Uint8Array[], out: Uint8Array): number {
  const toc = packets[0]?.[0];
  if (toc === undefined || packets.length > 48 || packets.some((packet) => packet[0] !== toc || (toc & 3) !== 0)) return 0;
  const total = packets.reduce((sum, packet) => sum + packet.length - 1, 0);
  if (2 + 2 * packets.length + total > out.length) return 0;
  out[0] = toc | 3;
  out[1] = 0x80 | packets.length;
  let at = 2;
  // The last frame has what is left, so its length is not written.
  for (let i = 0; i < packets.length - 1; i++) at += writeLength((packets[i]?.length ?? 1) - 1, out, at);
  for (const packet of packets) {
    for (let i = 1; i < packet.length; i++) out[at++] = packet[i] ?? 0;
  }
  return at;
}
