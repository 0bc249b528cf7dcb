export type ByteRange = { readonly kind: 'whole' } | { readonly kind: 'part'; readonly first: number; readonly last: number } | { readonly kind: 'unsatisfiable' };

const whole: ByteRange = { kind: 'whole' };

/** RFC 9110 §14.2: what is no range of bytes is passed over, and several at once are answered with everything. */
export function byteRange(header: string | undefined, bytes: number): ByteRange {
  const given = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (given === null) return whole;
  const [, from = '', to = ''] = given;
  if (from === '' && to === '') return whole;
  // §14.1.2: so many at the end.
  if (from === '') return Number(to) === 0 || bytes === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', first: Math.max(0, bytes - Number(to)), last: bytes - 1 };
  const first = Number(from);
  if (to !== '' && Number(to) < first) return whole;
  if (first >= bytes) return { kind: 'unsatisfiable' };
  return { kind: 'part', first, last: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}
