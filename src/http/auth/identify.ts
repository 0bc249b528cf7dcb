import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Actor } from '../../manage/actor.ts';
import type { ApiKeys } from '../../manage/api-keys.ts';
import type { Sessions } from '../../manage/sessions.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { failure, notSignedIn, type Failure } from '../errors.ts';
import { cookieNames, csrfHeader } from './cookies.ts';

export interface IdentifyOptions {
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly secrets: Secrets;
  /** What requests of the control socket carry; made anew in each process, known to nobody else. */
  readonly localSecret: string;
}

export interface Credentials {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

export interface Identity {
  readonly actor: Actor;
  readonly family?: string;
  readonly password: 'fine' | 'must_change';
}

export const localHeader = 'x-vestibule-local';

const keyInvalid: Problem = { code: 'token_invalid', message: 'the API key is unknown, revoked or has expired', advice: 'have an administrator make another' };
export const csrfMissing: Problem = { code: 'csrf_missing', message: 'a change by cookie needs proof that the page is ours', advice: `send the value of the cookie ${cookieNames.csrf} in the header ${csrfHeader}` };

/** Who a request comes from; undefined: it says nothing about that. A wrong credential is a failure, never nobody. */
export async function identify(options: IdentifyOptions, { method, headers, cookies }: Credentials): Promise<Result<Identity | undefined, Failure>> {
  const { sessions, apiKeys, secrets, localSecret } = options;
  const local = single(headers[localHeader]);
  if (local !== undefined) return secrets.equal(local, localSecret) ? ok({ actor: { kind: 'local' }, password: 'fine' }) : err(notSignedIn(keyInvalid));
  const key = single(headers['x-api-key']);
  if (key !== undefined) {
    const actor = await apiKeys.authenticate(key);
    if (!actor.ok) return err(failure(actor.error));
    return actor.value === undefined ? err(notSignedIn(keyInvalid)) : ok({ actor: actor.value, password: 'fine' });
  }
  const bearer = /^Bearer +(\S+)$/i.exec(single(headers['authorization']) ?? '')?.[1];
  const cookie = cookies[cookieNames.access];
  const token = bearer ?? cookie;
  if (token === undefined) return ok(undefined);
  const signedIn = await sessions.authenticate(token);
  if (!signedIn.ok) return err(signedIn.error.code === 'token_invalid' ? notSignedIn(signedIn.error) : failure(signedIn.error));
  // A browser sends cookies whoever made the page; another site can read neither them nor set the header.
  if (bearer === undefined && changes(method) && !hasCsrf(secrets, (name) => single(headers[name]), cookies)) return err(failure(csrfMissing));
  return ok(signedIn.value);
}

/** RFC 9110 §9.2.1: the others are safe. */
const changes = (method: string): boolean => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

export function hasCsrf(secrets: Secrets, header: (name: string) => string | undefined, cookies: Credentials['cookies']): boolean {
  const [given, kept] = [header(csrfHeader), cookies[cookieNames.csrf]];
  return given !== undefined && kept !== undefined && kept !== '' && secrets.equal(given, kept);
}

const single = (header: string | readonly string[] | undefined): string | undefined => (typeof header === 'string' ? header : header?.[0]);
