/** Spelling of header names: canonical case and compact forms (RFC 3261 §7.3.3, §20). */
const KNOWN = [
  'Accept', 'Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Allow-Events', 'Authentication-Info',
  'Authorization', 'Call-ID', 'Call-Info', 'Contact', 'Content-Disposition', 'Content-Encoding', 'Content-Language',
  'Content-Length', 'Content-Type', 'CSeq', 'Date', 'Diversion', 'Error-Info', 'Event', 'Expires', 'From', 'History-Info',
  'Identity', 'In-Reply-To', 'Max-Forwards', 'MIME-Version', 'Min-Expires', 'Min-SE', 'Organization', 'P-Asserted-Identity',
  'P-Preferred-Identity', 'Path', 'Priority', 'Privacy', 'Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Require', 'RAck',
  'Reason', 'Record-Route', 'Refer-To', 'Referred-By', 'Reject-Contact', 'Replaces', 'Reply-To', 'Request-Disposition', 'Require',
  'Retry-After', 'Route', 'RSeq', 'Server', 'Service-Route', 'Session-Expires', 'SIP-ETag', 'SIP-If-Match', 'Subject',
  'Subscription-State', 'Supported', 'Timestamp', 'To', 'Unsupported', 'User-Agent', 'Via', 'Warning', 'WWW-Authenticate',
] as const;

/** RFC 3261 §7.3.3 and the IANA registry of compact forms. */
const COMPACT: readonly (readonly [string, string])[] = [
  ['a', 'Accept-Contact'], ['b', 'Referred-By'], ['c', 'Content-Type'], ['d', 'Request-Disposition'], ['e', 'Content-Encoding'],
  ['f', 'From'], ['i', 'Call-ID'], ['j', 'Reject-Contact'], ['k', 'Supported'], ['l', 'Content-Length'], ['m', 'Contact'],
  ['o', 'Event'], ['r', 'Refer-To'], ['s', 'Subject'], ['t', 'To'], ['u', 'Allow-Events'], ['v', 'Via'], ['x', 'Session-Expires'],
  ['y', 'Identity'],
];

const CANONICAL = new Map<string, string>([...KNOWN.map((name) => [name.toLowerCase(), name] as const), ...COMPACT]);

/** The canonical spelling; a name not known here is capitalised after each dash, but `X-` names keep the sender's spelling. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  const known = CANONICAL.get(lower);
  if (known !== undefined) return known;
  if (lower.startsWith('x-')) return name;
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** RFC 3261 §25.1 `token`. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
