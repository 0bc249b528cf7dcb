/** The engine's counters of a leg as the channel variables FreeSWITCH keeps them in. */
import type { LegStats } from '../engine/api.ts';

export function mediaStatVariables(stats: LegStats): readonly (readonly [string, string])[] {
  const counters: Readonly<Record<string, number>> = {
    in_raw_bytes: stats.inBytes,
    in_media_bytes: stats.inBytes,
    in_packet_count: stats.inPackets,
    in_media_packet_count: stats.inMediaPackets,
    in_skip_packet_count: stats.inLost,
    in_dtmf_packet_count: stats.inDtmfPackets,
    in_flush_packet_count: stats.inDiscarded,
    in_largest_jb_size: stats.inLargestJitterBuffer,
    out_raw_bytes: stats.outBytes,
    out_media_bytes: stats.outBytes,
    out_packet_count: stats.outPackets,
    out_media_packet_count: stats.outPackets,
  };
  return Object.entries(counters).map(([name, value]) => [`rtp_audio_${name}`, String(value)] as const);
}
