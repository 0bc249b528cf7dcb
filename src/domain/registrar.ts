/** The rules of a registrar: what a REGISTER does to the bindings of an address of record (RFC 3261 §10.3). */

/** Where a message came from. */
export interface Flow {
  readonly address: string;
  readonly port: number;
  /** `udp`, `tcp`, `tls`, `ws` or `wss`. */
  readonly transport: string;
}

/** One contact of a user. Times are milliseconds since the epoch. */
export interface Binding {
  /** What makes two contacts the same one: the device where it says which it is, else the address. */
  readonly key: string;
  readonly uri: string;
  /** Host of `uri`, lower case. */
  readonly host: string;
  /** Parameters of the contact without `expires`, as they go into an answer: `;q=0.5`, or nothing. */
  readonly parameters: string;
  readonly callId: string;
  readonly cseq: number;
  readonly expiresAt: number;
  readonly updatedAt: number;
  /** URIs of the proxies in between, the next one first (RFC 3327). */
  readonly path: readonly string[];
  readonly source: Flow;
  readonly userAgent: string;
}

export interface Contact extends Pick<Binding, 'key' | 'uri' | 'host' | 'parameters'> {
  /** Seconds; undefined where none is said, or nothing that can be read. */
  readonly expires: number | undefined;
}

export interface RegisterRequest extends Pick<Binding, 'callId' | 'cseq' | 'path' | 'source' | 'userAgent'> {
  /** `query`: no Contact, the bindings are asked for. `all`: `Contact: *`. */
  readonly contacts: { readonly kind: 'query' } | { readonly kind: 'all' } | { readonly kind: 'list'; readonly list: readonly Contact[] };
  /** Of the header, in seconds. */
  readonly expires: number | undefined;
}

/** Seconds. */
export interface RegistrarRules {
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
  readonly contactsPerUser: number;
}

export type RegisterVerdict =
  | { readonly kind: 'unchanged'; readonly bindings: readonly Binding[] }
  | { readonly kind: 'changed'; readonly bindings: readonly Binding[] }
  | { readonly kind: 'too_brief'; readonly minExpires: number }
  /** The request is older than what is known of this contact. */
  | { readonly kind: 'out_of_order' }
  /** `*` takes `Expires: 0` and nothing else. */
  | { readonly kind: 'bad_wildcard' }
  | { readonly kind: 'too_many_contacts' };

const hour = 3_600;

/** Nothing of a request is done unless all of it is (§10.3, last paragraph). */
export function register(before: readonly Binding[], request: RegisterRequest, rules: RegistrarRules, now: number): RegisterVerdict {
  const live = liveBindings(before, now);
  const { contacts } = request;
  // §10.3 step 6.
  if (contacts.kind === 'query') return { kind: 'unchanged', bindings: live };
  if (contacts.kind === 'all') {
    if (request.expires !== 0) return { kind: 'bad_wildcard' };
    return live.some((binding) => isOlder(request, binding)) ? { kind: 'out_of_order' } : { kind: 'changed', bindings: [] };
  }
  // §10.3 step 7.
  if (contacts.list.length > rules.contactsPerUser) return { kind: 'too_many_contacts' };
  const after = new Map(live.map((binding) => [binding.key, binding]));
  for (const contact of contacts.list) {
    const known = live.find(({ key }) => key === contact.key);
    if (known !== undefined && isOlder(request, known)) return { kind: 'out_of_order' };
    const wanted = contact.expires ?? request.expires ?? rules.defaultExpires;
    if (wanted > 0 && wanted < hour && wanted < rules.minExpires) return { kind: 'too_brief', minExpires: rules.minExpires };
    after.delete(contact.key);
    if (wanted > 0) after.set(contact.key, bind(contact, request, now, Math.min(wanted, rules.maxExpires)));
  }
  return { kind: 'changed', bindings: newest([...after.values()], rules.contactsPerUser) };
}

export const liveBindings = (bindings: readonly Binding[], now: number): readonly Binding[] => bindings.filter(({ expiresAt }) => expiresAt > now);

/** Whole seconds left, for a contact in an answer. */
export const secondsLeft = (binding: Binding, now: number): number => Math.max(0, Math.ceil((binding.expiresAt - now) / 1_000));

/** Where a request to a contact goes first; its request-URI is the contact in any case. */
export type NextHop =
  | { readonly kind: 'contact' }
  /** The proxies the REGISTER came through, as a route (RFC 3327 §5.4): a first one at the edge knows its flow by the URI it gave. */
  | { readonly kind: 'path'; readonly uris: readonly string[] }
  /** The way the REGISTER came: nobody behind a NAT is reached otherwise. */
  | { readonly kind: 'flow'; readonly flow: Flow };

export function nextHop({ path, host, source, parameters }: Pick<Binding, 'path' | 'host' | 'source' | 'parameters'>): NextHop {
  if (path.length > 0) return { kind: 'path', uris: path };
  // RFC 5626 §5.3: who gives a reg-id is reached by its flow; a browser has no other way (RFC 7118 §5).
  const byFlow = host !== source.address || /;reg-id=/i.test(parameters) || source.transport.startsWith('ws');
  return byFlow ? { kind: 'flow', flow: source } : { kind: 'contact' };
}

/** §10.3 steps 6 and 7: within one Call-ID the higher CSeq is the later request. */
const isOlder = (request: RegisterRequest, binding: Binding): boolean => request.callId === binding.callId && request.cseq <= binding.cseq;

function bind({ key, uri, host, parameters }: Contact, { callId, cseq, path, source, userAgent }: RegisterRequest, now: number, expires: number): Binding {
  return { key, uri, host, parameters, callId, cseq, path, source, userAgent, updatedAt: now, expiresAt: now + expires * 1_000 };
}

/** A telephone that took another port at each start must not keep its user out: whom nothing was heard of the longest gives way. */
function newest(bindings: readonly Binding[], most: number): readonly Binding[] {
  if (bindings.length <= most) return bindings;
  const dropped = new Set([...bindings].sort((a, b) => a.updatedAt - b.updatedAt).slice(0, bindings.length - most));
  return bindings.filter((binding) => !dropped.has(binding));
}
