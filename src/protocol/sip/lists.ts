/** Splitting of header values where commas and semicolons inside quotes and angle brackets do not count (RFC 3261 §7.3.1). */
import type { SipMessage } from './message.ts';
import { headerValues } from './message.ts';

/** The parts of `text` between `separator`s, trimmed; empty parts are dropped. */
export function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let quoted = false;
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') depth += 1;
    else if (char === '>') depth = Math.max(0, depth - 1);
    else if (char === separator && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts.filter((part) => part !== '');
}

/** All elements of a list header, over repeated header lines and comma lists alike. */
export function listValues(message: Pick<SipMessage, 'headers'>, name: string): string[] {
  return headerValues(message, name).flatMap((value) => splitOutsideQuotes(value, ','));
}

/** Parameter names (lower case) to values; undefined for a parameter without a value. */
export type Params = ReadonlyMap<string, string | undefined>;

/** Parses `a;b=c;d="e"` (without the leading semicolon). */
export function parseParams(text: string): Params {
  const params = new Map<string, string | undefined>();
  if (text === '') return params;
  for (const part of splitOutsideQuotes(text, ';')) {
    const equals = part.indexOf('=');
    if (equals < 0) params.set(part.toLowerCase(), undefined);
    else params.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return params;
}

/** `;a;b=c`, or nothing. */
export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}
