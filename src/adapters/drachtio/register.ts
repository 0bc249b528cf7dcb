import type Srf from 'drachtio-srf';
import type { Contact, RegisterRequest } from '../../domain/registrar.ts';
import { unreachable } from '../../lib/result.ts';
import type { RegisterAnswer, RegistrarPort, Registration } from '../../ports/registrar.ts';
import { formatParams, splitOutsideQuotes } from '../../protocol/sip/lists.ts';
import { parseNameAddr } from '../../protocol/sip/name-addr.ts';
import { formatHostPort, parseUri, type SipUri } from '../../protocol/sip/uri.ts';
import { challengeValue, parseCredentials } from './digest-headers.ts';
import { headerText, shownText } from './header-text.ts';

/** Extensions a REGISTER may require (RFC 3327). */
const supported: ReadonlySet<string> = new Set(['path']);
/** No telephone has longer ones; what is kept for each binding stays small. */
const longest = { uri: 512, parameters: 512, callId: 256, path: 8 } as const;
/** Far more than a user has telephones. */
const mostContacts = 100;

/** Answers a REGISTER. */
export function answerRegister(registrar: RegistrarPort, req: Srf.Request, res: Srf.Response): void {
  // RFC 3261 §10.3 step 2.
  const unknown = tokens(req.get('Require')).filter((tag) => !supported.has(tag));
  if (unknown.length > 0) {
    res.send(420, { headers: { Unsupported: headerText(unknown.join(', ')) } });
    return;
  }
  const request = parseRegister(req);
  if (request === undefined) res.send(400);
  else send(res, req, registrar.register(request));
}

/** Undefined for what cannot be read. */
export function parseRegister(req: Pick<Srf.Request, 'uri' | 'get' | 'source_address' | 'source_port' | 'protocol'>): Registration | undefined {
  const to = parseUri(parseNameAddr(req.get('To') ?? '')?.uri ?? '');
  const callId = (req.get('Call-ID') ?? '').trim();
  const cseq = /^(\d{1,10})\s+REGISTER$/.exec((req.get('CSeq') ?? '').trim())?.[1];
  const contacts = contactsOf(req.get('Contact'));
  const path = splitOutsideQuotes(req.get('Path') ?? '', ',').map((value) => uriOf(value)?.text);
  if (to === undefined || to.scheme === 'tel' || cseq === undefined || contacts === undefined) return undefined;
  if (callId === '' || callId.length > longest.callId || path.length > longest.path) return undefined;
  const proxies = path.flatMap((uri) => uri ?? []);
  // A proxy passed over would cut its telephones off.
  if (proxies.length < path.length) return undefined;
  return {
    user: decoded(to.user ?? ''),
    credentials: parseCredentials(req.get('Authorization'), req.uri),
    callId,
    cseq: Number(cseq),
    contacts,
    expires: seconds(req.get('Expires')),
    path: proxies,
    source: { address: req.source_address, port: req.source_port, transport: req.protocol },
    userAgent: shownText(req.get('User-Agent') ?? ''),
  };
}

function contactsOf(value: string | undefined): RegisterRequest['contacts'] | undefined {
  const values = splitOutsideQuotes(value ?? '', ',');
  if (values.length === 0) return { kind: 'query' };
  if (values.includes('*')) return values.length === 1 ? { kind: 'all' } : undefined;
  if (values.length > mostContacts) return undefined;
  const list = values.flatMap((each) => contactOf(each) ?? []);
  return list.length === values.length ? { kind: 'list', list } : undefined;
}

function contactOf(value: string): Contact | undefined {
  const found = uriOf(value);
  if (found === undefined) return undefined;
  const { text, uri, params } = found;
  const kept = headerText(formatParams(new Map([...params].filter(([name]) => name !== 'expires'))));
  if (kept.length > longest.parameters) return undefined;
  const instance = params.get('+sip.instance');
  // RFC 5626 §6: one binding for each flow of a device, whatever its address.
  const key = instance === undefined ? addressKey(uri) : `${instance};${params.get('reg-id') ?? ''}`;
  return { key, uri: text, host: uri.host.toLowerCase(), parameters: kept, expires: seconds(params.get('expires')) };
}

function uriOf(value: string): { readonly text: string; readonly uri: SipUri; readonly params: ReadonlyMap<string, string | undefined> } | undefined {
  const address = parseNameAddr(value);
  const uri = address === undefined || /\p{Cc}/u.test(address.uri) || address.uri.length > longest.uri ? undefined : parseUri(address.uri);
  // Nothing but SIP can be called.
  return address === undefined || uri === undefined || uri.scheme === 'tel' ? undefined : { text: address.uri, uri, params: address.params };
}

/** What RFC 3261 §19.1.4 compares, in one form; parameters that count only where both addresses have them are left out. */
function addressKey({ scheme, user, host, port, params }: SipUri): string {
  const compared = ['user', 'ttl', 'method', 'maddr', 'transport'].map((name) => (params.has(name) ? `;${name}=${(params.get(name) ?? '').toLowerCase()}` : ''));
  return `${scheme}:${user === undefined ? '' : `${decoded(user)}@`}${formatHostPort(host.toLowerCase(), port)}${compared.join('')}`;
}

/** Nothing readable counts as nothing said (RFC 3261 §20.19). */
function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}

function tokens(value: string | undefined): readonly string[] {
  return splitOutsideQuotes(value ?? '', ',').map((tag) => tag.toLowerCase());
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function send(res: Srf.Response, req: Srf.Request, answer: RegisterAnswer): void {
  switch (answer.kind) {
    case 'challenge':
      res.send(401, { headers: { 'WWW-Authenticate': challengeValue('WWW-Authenticate', answer.challenge) } });
      return;
    case 'wait':
      res.send(503, { headers: { 'Retry-After': String(answer.seconds) } });
      return;
    case 'forbidden':
    case 'too_many_contacts':
      res.send(403);
      return;
    case 'too_brief':
      res.send(423, { headers: { 'Min-Expires': String(answer.minExpires) } });
      return;
    case 'out_of_order':
      // RFC 3261 §10.3 says that it fails, not how; as for requests within a dialog (§12.2.2).
      res.send(500);
      return;
    case 'bad_wildcard':
      res.send(400);
      return;
    case 'registered': {
      const contacts = answer.bindings.map(({ uri, parameters, expires }) => `<${uri}>${parameters};expires=${expires}`);
      const path = req.get('Path');
      res.send(200, {
        headers: {
          Supported: 'path',
          ...(contacts.length === 0 ? {} : { Contact: contacts.join(', ') }),
          // RFC 3327 §5.3.
          ...(path === undefined ? {} : { Path: headerText(path) }),
        },
      });
      return;
    }
    default:
      unreachable(answer);
  }
}
