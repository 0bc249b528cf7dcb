import type { Session } from '../../manage/sessions.ts';
import type { SetCookie } from '../route.ts';

/** The session of a browser. What scripts may read is worth nothing by itself: it only shows that they may read it (double submit). */
export const cookieNames = { access: 'vestibule_access', refresh: 'vestibule_refresh', csrf: 'vestibule_csrf' } as const;
export const csrfHeader = 'x-vestibule-csrf';

const everywhere = '/';
/** A refresh token goes nowhere else. */
const authPath = '/api/v1/auth';

export function sessionCookies(session: Session, csrf: string, now: number): readonly SetCookie[] {
  const left = (expiresAt: number): number => Math.floor((expiresAt - now) / 1_000);
  return [
    { name: cookieNames.access, value: session.access, path: everywhere, maxAgeSeconds: left(session.accessExpiresAt), visible: 'server' },
    { name: cookieNames.refresh, value: session.refresh, path: authPath, maxAgeSeconds: left(session.refreshExpiresAt), visible: 'server' },
    { name: cookieNames.csrf, value: csrf, path: everywhere, maxAgeSeconds: left(session.refreshExpiresAt), visible: 'script' },
  ];
}

export const noCookies: readonly SetCookie[] = [
  { name: cookieNames.access, value: '', path: everywhere, maxAgeSeconds: 0, visible: 'server' },
  { name: cookieNames.refresh, value: '', path: authPath, maxAgeSeconds: 0, visible: 'server' },
  { name: cookieNames.csrf, value: '', path: everywhere, maxAgeSeconds: 0, visible: 'script' },
];
