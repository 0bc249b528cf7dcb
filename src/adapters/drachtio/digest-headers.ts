/** Challenges and credentials as headers (RFC 7616 §3.3 and §3.4, RFC 3261 §20.7, §20.44). */
import type { DigestCredentials } from '../../domain/digest.ts';
import type { Challenge } from '../../ports/registrar.ts';
import { splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import { parseUri } from '../../protocol/sip/uri.ts';

/** More than the realms a call may pass through. */
const mostCredentials = 8;

/**
 * The credentials in `value`, which the library joins of all headers of the name (`Digest a=b, c=d,Digest a=b`). Left out are those of
 * other schemes, and those made for another resource than `requestUri`: its user counts, as a proxy may have changed the rest (RFC 7616 §3.4.6).
 */
export function parseCredentials(value: string | undefined, requestUri: string): readonly DigestCredentials[] {
  const found: Map<string, string>[] = [];
  let current: Map<string, string> | undefined;
  for (const part of splitOutsideQuotes(value ?? '', ',')) {
    const scheme = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s+(?=[^\s=]+\s*=)/.exec(part);
    if (scheme !== null) {
      if (found.length === mostCredentials) break;
      current = scheme[1]?.toLowerCase() === 'digest' ? new Map() : undefined;
      if (current !== undefined) found.push(current);
    }
    const rest = part.slice(scheme?.[0].length ?? 0);
    const equals = rest.indexOf('=');
    if (equals > 0) current?.set(rest.slice(0, equals).trim().toLowerCase(), unquoted(rest.slice(equals + 1).trim()));
  }
  return found.map(credentialsOf).filter(({ uri }) => userOf(uri) === userOf(requestUri));
}

function credentialsOf(params: ReadonlyMap<string, string>): DigestCredentials {
  const text = (name: string): string => params.get(name) ?? '';
  return {
    username: text('username'),
    realm: text('realm'),
    nonce: text('nonce'),
    uri: text('uri'),
    response: text('response'),
    algorithm: params.get('algorithm') ?? 'MD5',
    qop: params.get('qop')?.toLowerCase(),
    cnonce: text('cnonce'),
    nc: text('nc'),
  };
}

/**
 * The value of WWW-Authenticate or Proxy-Authenticate. Each challenge stands in a header of its own (RFC 3261 §7.3.1), while the
 * library knows a name once: the further ones are headers within the value of the first.
 */
export function challengeValue(name: 'WWW-Authenticate' | 'Proxy-Authenticate', { realm, algorithms, nonce, why }: Challenge): string {
  const stale = why === 'stale' ? ', stale=true' : '';
  return algorithms.map((algorithm) => `Digest realm="${quotable(realm)}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale}`).join(`\r\n${name}: `);
}

const quotable = (text: string): string => text.replaceAll(/[\\"]/g, '\\$&');

const unquoted = (text: string): string => (text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : text);

function userOf(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (parsed === undefined) return uri;
  return parsed.scheme === 'tel' ? parsed.number : parsed.user?.toLowerCase();
}
