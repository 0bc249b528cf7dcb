import type { Result } from '../lib/result.ts';
import { ApiKeys } from '../manage/api-keys.ts';
import type { Places } from '../manage/addresses.ts';
import type { Presence, RoomNews } from '../manage/room-news.ts';
import { Invitations } from '../manage/invitations.ts';
import { Links } from '../manage/links.ts';
import { Members } from '../manage/members.ts';
import { NumberRules, type NumberRulesOptions } from '../manage/number-rules.ts';
import { MemberSessions } from '../manage/member-sessions.ts';
import { RoomReader } from '../manage/room-reader.ts';
import type { Rooms } from '../manage/rooms.ts';
import { Sessions } from '../manage/sessions.ts';
import type { Users } from '../manage/users.ts';
import type { ApiKeyStore } from '../ports/api-keys.ts';
import type { AuditStore } from '../ports/audit.ts';
import type { NumberRuleStore } from '../ports/number-rules.ts';
import type { IdempotencyStore } from '../ports/idempotency.ts';
import type { Log, LogLevels } from '../ports/log.ts';
import type { Passwords } from '../ports/passwords.ts';
import type { MemberStore } from '../ports/members.ts';
import type { PinBounds } from '../domain/pin-format.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Readiness, Status } from '../ports/status.ts';
import type { TokenStore } from '../ports/tokens.ts';
import type { UserStore } from '../ports/users.ts';
import { Idempotency } from './idempotency.ts';
import type { Operations } from './operations.ts';
import type { Route } from './route.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit.ts';
import { authRoutes } from './routes/auth.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { linkRoutes } from './routes/links.ts';
import { memberRoutes } from './routes/members.ts';
import { numberRuleRoutes } from './routes/number-rules.ts';
import { roomRoutes } from './routes/rooms.ts';
import { systemRoutes } from './routes/system.ts';
import { userRoutes } from './routes/users.ts';
import { startHttpServer, type HttpProblem, type HttpServer, type HttpServerOptions } from './server.ts';

export interface ApiOptions extends Pick<HttpServerOptions, 'host' | 'port' | 'publicUrl' | 'tls' | 'trustedProxies' | 'connections' | 'deadlineMs' | 'bodyBytes' | 'version' | 'newId'> {
  readonly stores: {
    readonly users: UserStore;
    readonly rooms: RoomStore;
    readonly members: MemberStore;
    readonly tokens: TokenStore;
    readonly apiKeys: ApiKeyStore;
    readonly audit: AuditStore;
    readonly idempotency: IdempotencyStore;
    readonly numberRules: NumberRuleStore;
  };
  readonly users: Users;
  readonly rooms: Rooms;
  readonly onRooms: (news: RoomNews) => void;
  readonly onNumberRules: NumberRulesOptions['onChange'];
  readonly presence: Presence;
  readonly pinBounds: PinBounds;
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
  /** Host, and port where it needs one, of SIP addresses in links and invitations. */
  readonly sipHost: string;
  /** Leads to the attendant. */
  readonly phoneNumber: string | undefined;
  readonly passwords: Passwords;
  readonly secrets: Secrets;
  readonly pageSize: number;
  /** Milliseconds. */
  readonly lifetimes: { readonly access: number; readonly refresh: number; readonly member: number; readonly idempotencyKey: number };
  /** Live control, events, records and figures. */
  readonly operations?: Pick<Operations, 'routes' | 'onAnswered'>;
  readonly status: () => Promise<Status>;
  readonly readiness: () => Promise<Readiness>;
  readonly debugState: () => object;
  readonly logLevel: LogLevels;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** The whole API: its use cases, its routes, and the server they are on. */
export async function startApi(options: ApiOptions): Promise<Result<HttpServer, HttpProblem>> {
  const { stores, passwords, secrets, lifetimes, now, newId, log } = options;
  const sessions = new Sessions({ ...stores, passwords, secrets, lifetimes, now, log });
  const apiKeys = new ApiKeys({ keys: stores.apiKeys, secrets, newId, now });
  const idempotency = new Idempotency({ store: stores.idempotency, secrets, lifetimeMs: lifetimes.idempotencyKey, now });
  let server: HttpServer | undefined;
  // No request is answered before it listens.
  const places: Places = { web: () => server?.publicUrl ?? '', sipHost: options.sipHost, phoneNumber: options.phoneNumber };
  const reader = new RoomReader({ rooms: stores.rooms, places, presence: options.presence });
  const members = new Members({ ...options, rooms: stores.rooms, members: stores.members, users: stores.users, places, onChange: options.onRooms });
  const memberSessions = new MemberSessions({ rooms: stores.rooms, tokens: stores.tokens, secrets, lifetimeMs: lifetimes.member, now });
  const routes: readonly Route[] = [
    ...authRoutes({ sessions, secrets, now }),
    ...userRoutes(options),
    ...roomRoutes({ ...options, reader, store: stores.rooms }),
    ...memberRoutes({ ...options, members }),
    ...linkRoutes({ links: new Links({ rooms: stores.rooms, places }), memberSessions, now }),
    ...invitationRoutes({ invitations: new Invitations({ rooms: stores.rooms, members: stores.members, places }), now }),
    ...apiKeyRoutes({ ...options, apiKeys }),
    ...numberRuleRoutes({ numberRules: new NumberRules({ rules: stores.numberRules, onChange: options.onNumberRules }), now }),
    ...auditRoutes({ ...options, audit: stores.audit }),
    ...systemRoutes({ ...options, audit: stores.audit }),
    ...(options.operations?.routes ?? []),
  ];
  const started = await startHttpServer({ ...options, ...(options.operations && { onAnswered: options.operations.onAnswered }), routes, rooms: stores.rooms, sessions, apiKeys, idempotency, localSecret: secrets.token() });
  if (started.ok) server = started.value;
  return started;
}
