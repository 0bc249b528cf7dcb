import type { Result } from '../lib/result.ts';
import { ApiKeys } from '../manage/api-keys.ts';
import { Sessions } from '../manage/sessions.ts';
import type { Users } from '../manage/users.ts';
import type { ApiKeyStore } from '../ports/api-keys.ts';
import type { AuditStore } from '../ports/audit.ts';
import type { IdempotencyStore } from '../ports/idempotency.ts';
import type { Log, LogLevels } from '../ports/log.ts';
import type { Passwords } from '../ports/passwords.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Readiness, Status } from '../ports/status.ts';
import type { TokenStore } from '../ports/tokens.ts';
import type { UserStore } from '../ports/users.ts';
import { Idempotency } from './idempotency.ts';
import type { Route } from './route.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { systemRoutes } from './routes/system.ts';
import { userRoutes } from './routes/users.ts';
import { startHttpServer, type HttpProblem, type HttpServer, type HttpServerOptions } from './server.ts';

export interface ApiOptions extends Pick<HttpServerOptions, 'host' | 'port' | 'publicUrl' | 'tls' | 'trustedProxies' | 'connections' | 'deadlineMs' | 'bodyBytes' | 'version' | 'newId'> {
  readonly stores: {
    readonly users: UserStore;
    readonly rooms: RoomStore;
    readonly tokens: TokenStore;
    readonly apiKeys: ApiKeyStore;
    readonly audit: AuditStore;
    readonly idempotency: IdempotencyStore;
  };
  readonly users: Users;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly pageSize: number;
  /** Milliseconds. */
  readonly lifetimes: { readonly access: number; readonly refresh: number; readonly idempotencyKey: number };
  readonly status: () => Promise<Status>;
  readonly readiness: () => Promise<Readiness>;
  readonly debugState: () => object;
  readonly logLevel: LogLevels;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** The whole API: its use cases, its routes, and the server they are on. */
export function startApi(options: ApiOptions): Promise<Result<HttpServer, HttpProblem>> {
  const { stores, passwords, secrets, lifetimes, now, newId, log } = options;
  const sessions = new Sessions({ ...stores, passwords, secrets, lifetimes, now, log });
  const apiKeys = new ApiKeys({ keys: stores.apiKeys, secrets, newId, now });
  const idempotency = new Idempotency({ store: stores.idempotency, secrets, lifetimeMs: lifetimes.idempotencyKey, now });
  const routes: readonly Route[] = [
    ...authRoutes({ sessions, secrets, now }),
    ...userRoutes(options),
    ...apiKeyRoutes({ ...options, apiKeys }),
    ...auditRoutes({ ...options, audit: stores.audit }),
    ...systemRoutes({ ...options, audit: stores.audit }),
  ];
  return startHttpServer({ ...options, routes, rooms: stores.rooms, sessions, apiKeys, idempotency, localSecret: secrets.token() });
}
