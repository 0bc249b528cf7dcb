/** Which audio line of an offer is answered: the same one wherever it is asked. */
import { chooseCrypto, isSecureRtp } from './crypto.ts';

export interface OfferedLine {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  /** What is behind every `a=crypto:`. */
  readonly crypto?: readonly string[];
}

/** RTP profiles we can answer in the clear, in any case. AVPF adds feedback messages we neither need nor mind (RFC 4585). */
export const isPlainRtp = (protocol: string): boolean => /^RTP\/AVPF?$/i.test(protocol);

/** RFC 4568 §5.1.2: a line of a secure profile without a key we can use cannot be answered. */
export const isUsableSecurely = ({ protocol, crypto = [] }: Omit<OfferedLine, 'kind' | 'port'>): boolean => isSecureRtp(protocol) && chooseCrypto(crypto) !== undefined;

/** The first audio line that can be encrypted, else the first in the clear: who offers both leaves the choice to us. -1: none. */
export function usableAudio(lines: readonly OfferedLine[]): number {
  const audio = (fits: (line: OfferedLine) => boolean): number => lines.findIndex((line) => line.kind === 'audio' && line.port !== 0 && fits(line));
  const secure = audio(isUsableSecurely);
  return secure >= 0 ? secure : audio((line) => isPlainRtp(line.protocol));
}
