/** Management of this process: users, the REST API and what it needs, put together. */
import type { ControlAnswer } from './adapters/control-socket/protocol.ts';
import { createRecordingFiles, mediaFolders } from './adapters/system/media-files.ts';
import { createPasswords } from './adapters/system/passwords.ts';
import { newId, randomBelow } from './adapters/system/random.ts';
import { secrets } from './adapters/system/secrets.ts';
import { parseApiParams } from './cli/api-command.ts';
import { roomSettings, userSettings } from './cli/ask.ts';
import type { Config } from './config/schema.ts';
import type { DigestHashes } from './domain/digest.ts';
import type { Binding } from './domain/registrar.ts';
import { startApi } from './http/api.ts';
import type { Metrics } from './http/metrics.ts';
import type { HttpServer } from './http/server.ts';
import type { Scheduler } from './lib/machine.ts';
import type { Problem } from './lib/problem.ts';
import { ok, type Result } from './lib/result.ts';
import { ensureFirstAdmin, type FirstAdmin } from './manage/first-admin.ts';
import { choresOf, Housekeeping, type Retention } from './manage/housekeeping.ts';
import type { NumberRulesOptions } from './manage/number-rules.ts';
import type { Presence, RoomNews } from './manage/room-news.ts';
import { Rooms } from './manage/rooms.ts';
import { Users, type UserNews } from './manage/users.ts';
import { startOperations } from './operations.ts';
import type { AdmissionView } from './ports/admission.ts';
import type { LivePort } from './ports/live.ts';
import type { Log, LogLevels } from './ports/log.ts';
import type { Readiness, Status } from './ports/status.ts';
import type { Stores } from './ports/stores.ts';
import { spelledOut } from './reachable.ts';

export interface ManagementOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly hashes: DigestHashes;
  readonly bindingsOf: (name: string) => readonly Binding[];
  readonly onUsers: (news: UserNews) => void;
  readonly onRooms: (news: RoomNews) => void;
  readonly onNumberRules: NumberRulesOptions['onChange'];
  readonly presence: Presence;
  readonly live: LivePort;
  readonly view: AdmissionView;
  readonly metrics: Metrics;
  /** SIP URIs that reach this process, without the user part. */
  readonly sipAddresses: readonly string[];
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
  readonly rooms: Rooms;
  readonly firstAdmin: FirstAdmin;
  /** The method `api` of the control socket. */
  readonly control: (params: unknown) => Promise<ControlAnswer>;
  stop(): Promise<void>;
}

export async function startManagement(options: ManagementOptions): Promise<Result<Management, Problem>> {
  const { config, stores, hashes, bindingsOf, scheduler, log } = options;
  const now = (): number => scheduler.now();
  const passwords = createPasswords(config.api.hashingAtOnce);
  const firstAdmin = await ensureFirstAdmin({ users: stores.users, passwords, initialPassword: config.admin.initialPassword, randomBelow, now: now() });
  if (!firstAdmin.ok) return firstAdmin;
  const released = await stores.idempotency.releaseLeftOpen();
  if (!released.ok) return released;
  const users = new Users({ ...userSettings(config), users: stores.users, rooms: stores.rooms, passwords, hashes, randomBelow, bindingsOf, onChange: options.onUsers });
  const rooms = new Rooms({ ...roomSettings(config), rooms: stores.rooms, users: stores.users, randomBelow, onChange: options.onRooms });
  const operations = await startOperations(config, options);
  if (!operations.ok) return operations;
  const { host, port, publicUrl, certFile, keyFile, trustedProxies, connections, deadline } = config.http;
  const { accessToken, refreshToken, memberToken, idempotencyKey, bodyBytes, pageSize } = config.api;
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
    lifetimes: { access: accessToken * 1_000, refresh: refreshToken * 1_000, member: memberToken * 1_000, idempotencyKey: idempotencyKey * 1_000 },
    users,
    rooms,
    operations: operations.value,
    sipHost: config.invitation.sipHost ?? sipHostOf(options.sipAddresses),
    phoneNumber: config.invitation.phoneNumber ?? undefined,
    pinBounds: roomSettings(config).pinBounds,
    randomBelow,
    passwords,
    secrets,
    newId,
    now,
  });
  if (!http.ok) {
    await operations.value.stop();
    return http;
  }
  const housekeeping = new Housekeeping({ chores: choresOf({ stores, files: createRecordingFiles(mediaFolders(config.data.dir).recordings), retention: retentionOf(config), log }), scheduler, log });
  housekeeping.start();
  return ok({
    http: http.value,
    users,
    rooms,
    firstAdmin: firstAdmin.value,
    control: async (params) => {
      const request = parseApiParams(params);
      return request.ok ? ok(await http.value.local(request.value)) : request;
    },
    stop: async () => {
      await operations.value.stop();
      await http.value.close();
      await housekeeping.stop();
    },
  });
}

/** Host and port of an address other machines can dial, where there is one: `192.0.2.1:5060`. */
function sipHostOf(addresses: readonly string[]): string {
  const reachable = addresses.flatMap(spelledOut);
  const address = reachable.find((each) => !each.includes(':127.')) ?? reachable[0] ?? 'sip:localhost';
  return address.replace(/^sips?:/, '').replace(/;.*$/, '');
}

function retentionOf({ retention, recording }: Config): Retention {
  const { events, audit, decisions, callRecords, eventCount, undeliveredEventCount } = retention;
  return { events: events * 1_000, mostEvents: eventCount, mostUndeliveredEvents: undeliveredEventCount, audit: audit * 1_000, decisions: decisions * 1_000, callRecords: callRecords * 1_000, recordings: recording.retention * 1_000 };
}
