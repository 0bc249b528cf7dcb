/** From, To, Contact, Route and Record-Route values: `"Display" <uri>;params` or `uri;params` (RFC 3261 §20.10, §25.1). */
import type { Params } from './lists.ts';
import { formatParams, parseParams } from './lists.ts';

export interface NameAddr {
  /** Without quotes and escapes; undefined when there is none. */
  readonly display?: string;
  readonly uri: string;
  readonly params: Params;
}

/** Undefined when there is no URI to be found, or brackets or quotes do not close. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const value = text.trim();
  let rest = value;
  let display: string | undefined;
  if (value.startsWith('"')) {
    const end = closingQuote(value);
    if (end === undefined) return undefined;
    display = value.slice(1, end).replace(/\\(.)/g, '$1');
    rest = value.slice(end + 1).trim();
    if (!rest.startsWith('<')) return undefined;
  }
  const open = rest.indexOf('<');
  if (open < 0) {
    // Without brackets every parameter belongs to the header, not to the URI (RFC 3261 §20.10).
    const semicolon = rest.indexOf(';');
    const uri = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim();
    // A question mark or comma in a URI needs the brackets (§20).
    if (!isAbsolute(uri) || /[?,]/.test(uri)) return undefined;
    return { uri, params: parseParams(semicolon < 0 ? '' : rest.slice(semicolon + 1)) };
  }
  const close = rest.indexOf('>', open);
  if (close < 0) return undefined;
  if (open > 0) display = rest.slice(0, open).trim();
  const uri = rest.slice(open + 1, close).trim();
  const after = rest.slice(close + 1).trim();
  if (!isAbsolute(uri) || (after !== '' && !after.startsWith(';'))) return undefined;
  return { ...(display === undefined ? {} : { display }), uri, params: parseParams(after.slice(1)) };
}

export function formatNameAddr(value: NameAddr): string {
  const display = value.display === undefined ? '' : `"${value.display.replace(/[\\"]/g, '\\$&')}" `;
  return `${display}<${value.uri}>${formatParams(value.params)}`;
}

function isAbsolute(uri: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"]+$/.test(uri);
}

function closingQuote(value: string): number | undefined {
  for (let at = 1; at < value.length; at += 1) {
    if (value[at] === '\\') at += 1;
    else if (value[at] === '"') return at;
  }
  return undefined;
}
