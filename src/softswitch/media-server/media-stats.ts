/** The engine's counters of a leg as the channel variables FreeSWITCH keeps them in. */
import type { LegStats } from '../engine/api.ts';

/** What a lost packet in a hundred costs of the quality, which is 100 at best. */
const QUALITY_PER_LOSS_PERCENT = 2.5;

export function mediaStatVariables(stats: LegStats): readonly (readonly [string, string])[] {
  const quality = qualityOf(stats);
  const values: Readonly<Record<string, number | string>> = {
    in_raw_bytes: stats.inBytes,
    in_media_bytes: stats.inMediaBytes,
    in_packet_count: stats.inPackets,
    in_media_packet_count: stats.inMediaPackets,
    in_skip_packet_count: stats.inLost,
    in_dtmf_packet_count: stats.inDtmfPackets,
    in_cng_packet_count: stats.inCngPackets,
    in_flush_packet_count: stats.inDiscarded,
    in_largest_jb_size: stats.inLargestJitterBuffer,
    in_jitter_min_variance: stats.inJitterMinMs.toFixed(2),
    in_jitter_max_variance: stats.inJitterMaxMs.toFixed(2),
    in_jitter_loss_rate: (lossPercent(stats) / 100).toFixed(2),
    in_flaw_total: stats.inLost + stats.inDiscarded,
    in_quality_percentage: quality.toFixed(2),
    in_mos: meanOpinion(quality).toFixed(2),
    out_raw_bytes: stats.outBytes,
    out_media_bytes: stats.outBytes,
    out_packet_count: stats.outPackets,
    out_media_packet_count: stats.outPackets - stats.outDtmfPackets,
    out_dtmf_packet_count: stats.outDtmfPackets,
    rtcp_packet_count: stats.rtcpPackets,
    rtcp_octet_count: stats.rtcpOctets,
  };
  return Object.entries(values).map(([name, value]) => [`rtp_audio_${name}`, String(value)] as const);
}

function lossPercent({ inMediaPackets, inLost }: LegStats): number {
  return inMediaPackets === 0 ? 0 : (100 * inLost) / (inMediaPackets + inLost);
}

function qualityOf(stats: LegStats): number {
  return Math.max(0, 100 - QUALITY_PER_LOSS_PERCENT * lossPercent(stats));
}

/** ITU-T G.107 annex B: 100 is 4.5. */
function meanOpinion(quality: number): number {
  return 1 + 0.035 * quality + 0.000007 * quality * (quality - 60) * (100 - quality);
}
