/** Who calls: whom a trusted peer asserts (RFC 3325 §9.1), else whom the caller says he is. */
import type Srf from 'drachtio-srf';
import type { Networks } from '../../lib/networks.ts';
import type { Caller } from '../../ports/call-leg.ts';
import { splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import type { NameAddr } from '../../protocol/sip/name-addr.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import { displayName, shownText } from './header-text.ts';

/** As telephones name a caller who wants no name (RFC 3261 §20.20). */
const WITHHELD = 'Anonymous';

/** What is read of a request. */
export type CallerFields = Pick<Srf.Request, 'get' | 'getParsedHeader' | 'source_address' | 'source_port' | 'protocol'>;

/** `trusted`: peers whose word about a caller counts. A drachtio-server passes on what anybody says, so it is checked here. */
export function callerOf(req: CallerFields, trusted: Networks): Caller {
  const asserted = trusted.has(req.source_address) ? assertedIdentity(req.get('P-Asserted-Identity') ?? '') : undefined;
  const who = asserted ?? fromOf(req);
  const number = shownText(userOf(who.uri));
  const userAgent = req.get('User-Agent');
  const withheld = isWithheld(req.get('Privacy') ?? '');
  return {
    name: withheld ? WITHHELD : displayName(who.display ?? '') || number || 'unknown',
    number,
    uri: shownText(who.uri),
    source: { address: req.source_address, port: req.source_port, transport: req.protocol },
    ...(userAgent === undefined ? {} : { userAgent: shownText(userAgent) }),
    ...(asserted === undefined ? {} : { asserted: 'yes' as const }),
    ...(withheld ? { privacy: 'withheld' as const } : {}),
  };
}

/** Whose call a request says it is: user and host of From, lower case; nothing where it has none. */
export function fromAddress(req: CallerFields): { readonly user: string; readonly host: string } {
  const { uri } = fromOf(req);
  return { user: userOf(uri).toLowerCase(), host: hostOf(uri) };
}

export function hostOf(uri: string): string {
  const parsed = parseUri(uri);
  return parsed === undefined || parsed.scheme === 'tel' ? '' : parsed.host.toLowerCase();
}

type Who = Pick<NameAddr, 'display' | 'uri'>;

/** §9.1: there may be two, a SIP URI and a telephone number; the first that can be read counts. */
function assertedIdentity(value: string): Who | undefined {
  return splitOutsideQuotes(value, ',').map(parseNameAddr).find((identity) => identity !== undefined && userOf(identity.uri) !== '');
}

function userOf(uri: string): string {
  const parsed = parseUri(uri);
  return (parsed?.scheme === 'tel' ? parsed.number : parsed?.user) ?? '';
}

/** RFC 3323 §4.2, RFC 3325 §9.3: to others the caller is not named. */
function isWithheld(privacy: string): boolean {
  return privacy.split(';').some((value) => ['id', 'user'].includes(value.trim().toLowerCase()));
}

/** The library's parsers throw on what they cannot read. */
function fromOf(req: CallerFields): Who {
  try {
    const { name, uri } = req.getParsedHeader('from');
    return { uri, ...(name === undefined ? {} : { display: name }) };
  } catch {
    return { uri: '' };
  }
}
