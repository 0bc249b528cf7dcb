/** Management of this process: users, the REST API and what it needs, put together. */
import type { ControlAnswer } from './adapters/control-socket/protocol.ts';
import { createPasswords } from './adapters/system/passwords.ts';
import { newId, randomBelow } from './adapters/system/random.ts';
import { secrets } from './adapters/system/secrets.ts';
import { parseApiParams } from './cli/api-command.ts';
import { userSettings } from './cli/ask.ts';
import type { Config } from './config/schema.ts';
import type { DigestHashes } from './domain/digest.ts';
import type { Binding } from './domain/registrar.ts';
import { startApi } from './http/api.ts';
import type { HttpServer } from './http/server.ts';
import type { Scheduler } from './lib/machine.ts';
import type { Problem } from './lib/problem.ts';
import { ok, type Result } from './lib/result.ts';
import { ensureFirstAdmin, type FirstAdmin } from './manage/first-admin.ts';
import { Users, type UserNews } from './manage/users.ts';
import type { Log, LogLevels } from './ports/log.ts';
import type { Readiness, Status } from './ports/status.ts';
import type { Stores } from './ports/stores.ts';

export interface ManagementOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly hashes: DigestHashes;
  readonly bindingsOf: (name: string) => readonly Binding[];
  readonly onUsers: (news: UserNews) => void;
  readonly status: () => Promise<Status>;
  readonly readiness: () => Promise<Readiness>;
  readonly debugState: () => object;
  readonly version: string;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly logLevel: LogLevels;
}

export interface Management {
  readonly http: HttpServer;
  readonly users: Users;
  readonly firstAdmin: FirstAdmin;
  /** The method `api` of the control socket. */
  readonly control: (params: unknown) => Promise<ControlAnswer>;
  stop(): Promise<void>;
}

const sweepMs = 3_600_000;

export async function startManagement(options: ManagementOptions): Promise<Result<Management, Problem>> {
  const { config, stores, hashes, bindingsOf, scheduler, log } = options;
  const now = (): number => scheduler.now();
  const passwords = createPasswords(config.api.hashingAtOnce);
  const firstAdmin = await ensureFirstAdmin({ users: stores.users, passwords, initialPassword: config.admin.initialPassword, randomBelow, now: now() });
  if (!firstAdmin.ok) return firstAdmin;
  const released = await stores.idempotency.releaseLeftOpen();
  if (!released.ok) return released;
  const users = new Users({ ...userSettings(config), users: stores.users, rooms: stores.rooms, passwords, hashes, randomBelow, bindingsOf, onChange: options.onUsers });
  const { host, port, publicUrl, certFile, keyFile, trustedProxies, connections, deadline } = config.http;
  const { accessToken, refreshToken, idempotencyKey, bodyBytes, pageSize } = config.api;
  const http = await startApi({
    ...options,
    host,
    port,
    publicUrl,
    tls: certFile === null || keyFile === null ? undefined : { certFile, keyFile },
    trustedProxies,
    connections,
    deadlineMs: deadline * 1_000,
    bodyBytes,
    pageSize,
    lifetimes: { access: accessToken * 1_000, refresh: refreshToken * 1_000, idempotencyKey: idempotencyKey * 1_000 },
    users,
    passwords,
    secrets,
    newId,
    now,
  });
  if (!http.ok) return http;
  const stopSweep = sweep(stores, scheduler, log);
  return ok({
    http: http.value,
    users,
    firstAdmin: firstAdmin.value,
    control: async (params) => {
      const request = parseApiParams(params);
      return request.ok ? ok(await http.value.local(request.value)) : request;
    },
    stop: () => {
      stopSweep();
      return http.value.close();
    },
  });
}

/** What has expired is worth nothing already; from time to time it is forgotten. */
function sweep({ tokens, idempotency }: Stores, scheduler: Scheduler, log: Log): () => void {
  let cancel: () => void = () => undefined;
  const next = (): void => {
    cancel = scheduler.after(sweepMs, () => {
      void Promise.all([tokens.prune(scheduler.now()), idempotency.prune(scheduler.now())]).then((outcomes) => {
        for (const outcome of outcomes) if (!outcome.ok) log.warn({ code: outcome.error.code, problem: outcome.error.message }, 'what has expired could not be forgotten');
      });
      next();
    });
  };
  next();
  return () => cancel();
}
