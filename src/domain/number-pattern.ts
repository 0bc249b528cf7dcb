/**
 * The pattern of a number rule: a whole number as a regular expression of characters, `.`, `\d`, sets such as `[2-9]`, each with
 * `?`, `*`, `+`, `{3}`, `{3,}` or `{3,7}`. Matched in one pass, so that no pattern and no number can make it take long.
 */

interface Atom {
  readonly has: (character: string) => boolean;
  readonly least: number;
  /** Infinity: as often as it likes. */
  readonly most: number;
}

export type NumberPattern = readonly Atom[];

const longestPattern = 128;
const mostRepeats = 64;
const atomShape = /^(?:\\([d+*.])|\[([0-9a-z+*#-]{1,32})\]|([0-9a-z.#_-]))(\?|\*|\+|\{\d{1,2}(?:,\d{0,2})?\})?/i;

/** Undefined: this is no pattern. */
export function parsePattern(text: string): NumberPattern | undefined {
  if (text === '' || text.length > longestPattern) return undefined;
  const atoms: Atom[] = [];
  let rest = text.toLowerCase();
  while (rest !== '') {
    const found = atomShape.exec(rest);
    // `+` and `*` as characters need their backslash.
    if (found === null) return undefined;
    const [whole, escaped, set, plain = '', quantifier = ''] = found;
    const has = set !== undefined ? inSet(set) : escaped === 'd' ? isDigit : plain === '.' ? () => true : only(escaped ?? plain);
    const times = has === undefined ? undefined : timesOf(quantifier);
    if (has === undefined || times === undefined) return undefined;
    atoms.push({ has, ...times });
    rest = rest.slice(whole.length);
  }
  return atoms;
}

/** Whether the whole of `number` is one. */
export function matches(pattern: NumberPattern, number: string): boolean {
  // Where in the number the atoms so far may have come to.
  let places = new Set([0]);
  for (const { has, least, most } of pattern) {
    const next = new Set<number>();
    for (const place of places) {
      for (let count = 0, at = place; count <= most; count++, at++) {
        if (count >= least) next.add(at);
        if (at >= number.length || !has(number.charAt(at))) break;
      }
    }
    places = next;
  }
  return places.has(number.length);
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9';
const only = (wanted: string) => (character: string) => character === wanted;

/** `2-9*`; undefined when a range runs backwards. */
function inSet(set: string): Atom['has'] | undefined {
  const ranges = [...set.matchAll(/([^-])-([^-])|(.)/g)].map(([, from, to, single]) => [from ?? single ?? '', to ?? single ?? ''] as const);
  if (ranges.some(([from, to]) => from > to)) return undefined;
  return (character) => ranges.some(([from, to]) => character >= from && character <= to);
}

function timesOf(quantifier: string): Pick<Atom, 'least' | 'most'> | undefined {
  switch (quantifier) {
    case '':
      return { least: 1, most: 1 };
    case '?':
      return { least: 0, most: 1 };
    case '*':
      return { least: 0, most: Infinity };
    case '+':
      return { least: 1, most: Infinity };
    default: {
      const [, from = '', comma, to = ''] = /^\{(\d+)(,)?(\d*)\}$/.exec(quantifier) ?? [];
      const least = Number(from);
      const most = comma === undefined ? least : to === '' ? Infinity : Number(to);
      return least > most || least > mostRepeats ? undefined : { least, most };
    }
  }
}
