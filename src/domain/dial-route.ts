/** Where a call that we make leads (policy.md section 6: no outbound call without a grant). */
import { hostOfTarget, routeNumber, type Dialler, type NumberRoute, type NumberRule } from './number-rules.ts';

export interface DialPlan {
  /** In the order in which they are asked. */
  readonly rules: readonly NumberRule[];
  /** Whether a user of ours has this name. */
  readonly isUser: (name: string) => boolean;
  /** Whether this is where we are called ourselves. */
  readonly isOurs: (host: string, port: number | undefined) => boolean;
}

export type DialRoute =
  | { readonly kind: 'user'; readonly user: string }
  | ({ readonly kind: 'number' } & NumberRoute)
  /** A SIP address elsewhere. */
  | { readonly kind: 'address'; readonly uri: string }
  | { readonly kind: 'none'; readonly why: 'not_permitted' | 'unroutable' };

const refused: DialRoute = { kind: 'none', why: 'not_permitted' };
const unroutable: DialRoute = { kind: 'none', why: 'unroutable' };

/** What a conference may call: users of ours, numbers by rule, and SIP addresses elsewhere. `uri` as people write it. */
export function routeDial(uri: string, by: Dialler, plan: DialPlan): DialRoute {
  const dialled = read(uri);
  if (dialled === undefined) return unroutable;
  const { user, host, port } = dialled;
  if (host === undefined || plan.isOurs(host, port)) {
    if (plan.isUser(user)) return { kind: 'user', user };
    const verdict = routeNumber(plan.rules, user, by);
    if (verdict.kind === 'granted') return { kind: 'number', ...verdict.route };
    return verdict.kind === 'not_permitted' ? refused : unroutable;
  }
  // Where rules lead to is reached by rules alone: whom a trunk trusts is us, not everybody who may call an address.
  if (plan.rules.some(({ target }) => hostOfTarget(target) === host)) return refused;
  return { kind: 'address', uri: dialled.uri };
}

interface Dialled {
  readonly user: string;
  /** Absent: a number, or a name of ours. */
  readonly host?: string;
  readonly port?: number;
  readonly uri: string;
}

function read(text: string): Dialled | undefined {
  const tel = /^tel:(\+?[0-9*().-]+)(?:;|$)/i.exec(text)?.[1];
  // RFC 3966 §5.1.1: visual separators are no part of the number.
  if (tel !== undefined) return { user: tel.replaceAll(/[().-]/g, ''), uri: text };
  const isUri = /^sips?:/i.test(text);
  if (!isUri && !text.includes('@')) return { user: text.toLowerCase(), uri: text };
  const uri = isUri ? text : `sip:${text}`;
  const host = hostOfTarget(uri);
  // Header fields of a URI would become headers of the INVITE (RFC 3261 §19.1.5).
  if (host === undefined || uri.includes('?')) return undefined;
  const user = /^sips?:([^@;]+)[^@]*@/i.exec(uri)?.[1] ?? '';
  const port = /^sips?:(?:[^@]+@)?(?:\[[^\]]+\]|[^:;[]+):(\d{1,5})/i.exec(uri)?.[1];
  return { user: user.toLowerCase(), host, ...(port === undefined ? {} : { port: Number(port) }), uri };
}
