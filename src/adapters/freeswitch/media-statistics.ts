import type { MediaStatistics } from '../../ports/live.ts';

/** In the order `statisticsOf` reads them. */
export const statisticVariables = [
  'rtp_audio_in_packet_count',
  'rtp_audio_in_skip_packet_count',
  'rtp_audio_out_packet_count',
  'rtp_audio_in_raw_bytes',
  'rtp_audio_out_raw_bytes',
  'rtp_audio_in_jitter_max_variance',
] as const;

/** What a server does not tell stays absent; the round trip it never tells. */
export function statisticsOf([packetsReceived, packetsLost, packetsSent, bytesReceived, bytesSent, jitterMs]: readonly (number | undefined)[]): MediaStatistics | undefined {
  if (packetsReceived === undefined) return undefined;
  return {
    packetsReceived,
    ...(packetsLost === undefined ? {} : { packetsLost }),
    ...(packetsSent === undefined ? {} : { packetsSent }),
    ...(bytesReceived === undefined ? {} : { bytesReceived }),
    ...(bytesSent === undefined ? {} : { bytesSent }),
    ...(jitterMs === undefined ? {} : { jitterMs }),
  };
}
