import { Type } from 'typebox';
import { allPrivileges } from '../../domain/privilege.ts';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { actorText, privilegeOf } from '../../manage/actor.ts';
import { timeText } from '../../manage/audit.ts';
import type { Client, Session, Sessions, Throttled } from '../../manage/sessions.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { cookieNames, noCookies, sessionCookies } from '../auth/cookies.ts';
import { csrfMissing, hasCsrf } from '../auth/identify.ts';
import { failure, notSignedIn, retryLater, type Failure } from '../errors.ts';
import { route, type Answer, type Route } from '../route.ts';
import { sourceOf } from '../source.ts';

export interface AuthRoutesOptions {
  readonly sessions: Sessions;
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const time = Type.String({ format: 'date-time' });
const privilege = Type.Enum([...allPrivileges]);
const sessionSchema = Type.Object({
  user: Type.Object({ name: Type.String(), display: Type.String(), privilege, mustChangePassword: Type.Boolean() }),
  accessExpiresAt: time,
  refreshExpiresAt: time,
  accessToken: Type.Optional(Type.String({ description: 'for `Authorization: Bearer`; absent where the session is in cookies' })),
  refreshToken: Type.Optional(Type.String()),
});
const meSchema = Type.Object({
  kind: Type.Enum(['user', 'apiKey', 'member', 'local']),
  actor: Type.String({ description: 'as the audit log writes it' }),
  privilege,
  scopes: Type.Optional(Type.Array(Type.String())),
  room: Type.Optional(Type.String()),
  permissions: Type.Optional(Type.Array(Type.String())),
});
const password = Type.String({ minLength: 1, maxLength: 128 });

export function authRoutes({ sessions, secrets, now }: AuthRoutesOptions): readonly Route[] {
  const opened = (session: Session, where: 'cookie' | 'bearer'): Answer => {
    const { name, display, privilege, mustChangePassword } = session.user;
    const body = { user: { name, display, privilege, mustChangePassword }, accessExpiresAt: timeText(session.accessExpiresAt), refreshExpiresAt: timeText(session.refreshExpiresAt) };
    if (where === 'cookie') return { status: 200, body, cookies: sessionCookies(session, secrets.token(), now()) };
    return { status: 200, body: { ...body, accessToken: session.access, refreshToken: session.refresh } };
  };

  return [
    route({
      method: 'POST',
      url: '/api/v1/auth/login',
      needs: 'public',
      area: 'auth',
      summary: 'Log in with name and password',
      body: Type.Object(
        { name: Type.String({ minLength: 1, maxLength: 64 }), password, session: Type.Optional(Type.Enum(['bearer', 'cookie'], { default: 'bearer', description: '`cookie`: the tokens come as cookies scripts cannot read' })) },
        { additionalProperties: false },
      ),
      answers: { 200: sessionSchema },
      errors: ['credentials_wrong', 'too_many_attempts', 'passwords_busy'],
      handle: async ({ body, from, header }) => {
        const session = await sessions.login(body, clientOf(from, header));
        return session.ok ? ok(opened(session.value, body.session ?? 'bearer')) : err(refused(session.error));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/auth/refresh',
      needs: 'public',
      area: 'auth',
      summary: 'Get new tokens for a refresh token, which is used up',
      body: Type.Object({ refreshToken: Type.Optional(Type.String({ maxLength: 128, description: 'absent: the cookie counts' })) }, { additionalProperties: false }),
      answers: { 200: sessionSchema },
      errors: ['token_invalid', 'csrf_missing'],
      handle: async ({ body, cookies, from, header }) => {
        const cookie = cookies[cookieNames.refresh];
        const token = body.refreshToken ?? cookie;
        if (token === undefined) return err(notSignedIn({ code: 'token_invalid', message: 'there is no refresh token in this request', advice: 'log in' }));
        if (body.refreshToken === undefined && !hasCsrf(secrets, header, cookies)) return err(failure(csrfMissing));
        const session = await sessions.refresh(token, clientOf(from, header));
        return session.ok ? ok(opened(session.value, body.refreshToken === undefined ? 'cookie' : 'bearer')) : err(refused(session.error));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/auth/logout',
      needs: 'actor',
      area: 'auth',
      summary: 'End this login, with all its tokens',
      answers: { 204: null },
      beforePasswordChange: true,
      handle: async ({ family }): Promise<Result<Answer, Failure>> => {
        const ended = family === undefined ? ok(undefined) : await sessions.logout(family);
        return ended.ok ? ok({ status: 204, cookies: noCookies }) : err(failure(ended.error));
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/auth/me',
      needs: 'actor',
      area: 'auth',
      summary: 'Who this request comes from, and what that gives',
      answers: { 200: meSchema },
      beforePasswordChange: true,
      handle: ({ actor }) => {
        const scopes = actor.kind === 'apiKey' ? { scopes: actor.scopes } : {};
        const membership = actor.kind === 'member' ? { room: actor.room, permissions: [...actor.permissions] } : {};
        return Promise.resolve(ok({ status: 200, body: { kind: actor.kind, actor: actorText(actor), privilege: privilegeOf(actor), ...scopes, ...membership } }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/auth/password',
      needs: 'account',
      area: 'auth',
      summary: 'Change the own password; all other logins end',
      body: Type.Object({ old: password, password }, { additionalProperties: false }),
      answers: { 204: null },
      errors: ['old_password_wrong', 'password_unfit', 'too_many_attempts', 'passwords_busy'],
      beforePasswordChange: true,
      handle: async ({ actor, body, family, from, header }): Promise<Result<Answer, Failure>> => {
        if (actor.kind !== 'user' || family === undefined) return err(failure({ code: 'not_permitted', message: 'only somebody with an account has a password', advice: 'log in' }));
        const done = await sessions.changePassword(actor.name, body, family, clientOf(from, header));
        return done.ok ? ok({ status: 204 }) : err(refused(done.error));
      },
    }),
  ];
}

const clientOf = (from: string, header: (name: string) => string | undefined): Client => ({ from: sourceOf(from), userAgent: header('user-agent') ?? '' });

function refused(problem: Problem | Throttled): Failure {
  if ('seconds' in problem) return retryLater(problem, problem.seconds);
  if (problem.code === 'passwords_busy') return retryLater(problem, 2);
  return problem.code === 'credentials_wrong' || problem.code === 'token_invalid' ? notSignedIn(problem) : failure(problem);
}
