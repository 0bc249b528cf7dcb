/** The CSeq header (RFC 3261 §8.1.1.5, §20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

export function parseCSeq(text: string): CSeq | undefined {
  const match = /^([0-9]{1,10})\s+([A-Za-z0-9\-.!%*_+`'~]+)$/.exec(text.trim());
  if (match?.[2] === undefined) return undefined;
  const number = Number(match[1]);
  // "less than 2**31" (§8.1.1.5).
  return number < 2 ** 31 ? { number, method: match[2] } : undefined;
}
