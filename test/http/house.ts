import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { createDigestHashes } from '../../src/adapters/system/digest-hashes.ts';
import { createLogger } from '../../src/adapters/system/log.ts';
import { adjustable } from '../../src/adapters/system/log-level.ts';
import { createPasswords } from '../../src/adapters/system/passwords.ts';
import { newId, randomBelow } from '../../src/adapters/system/random.ts';
import { secrets } from '../../src/adapters/system/secrets.ts';
import type { Binding } from '../../src/domain/registrar.ts';
import type { Privilege } from '../../src/domain/privilege.ts';
import { overlap } from '../../src/domain/schedule.ts';
import { startApi, type ApiOptions } from '../../src/http/api.ts';
import type { HttpServer } from '../../src/http/server.ts';
import type { Result } from '../../src/lib/result.ts';
import type { RoomNews } from '../../src/manage/room-news.ts';
import { planningHorizonMs, Rooms, type RoomsOptions } from '../../src/manage/rooms.ts';
import { Users, type UserNews } from '../../src/manage/users.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Readiness } from '../../src/ports/status.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { TokenSubject } from '../../src/ports/tokens.ts';

export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export interface Ask {
  readonly body?: unknown;
  /** Access token. */
  readonly bearer?: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options that need the stores. */
export type OverStores = (stores: Stores, around: { readonly now: () => number; readonly log: Log }) => Promise<Partial<ApiOptions>>;

/** The API over real stores and a real socket, on a clock moved by hand. */
export class ApiHouse {
  readonly stores: Stores;
  readonly http: HttpServer;
  readonly users: Users;
  readonly log: string[];
  readonly news: UserNews[];
  readonly rooms: Rooms;
  /** What running calls were told. */
  readonly roomNews: RoomNews[];
  /** How many are in each room. */
  readonly present: Map<string, number>;
  readonly dataDir: string;
  readonly #time: { now: number };
  readonly readiness: { current: Readiness };

  private constructor(parts: Pick<ApiHouse, 'stores' | 'http' | 'users' | 'rooms' | 'log' | 'news' | 'roomNews' | 'present' | 'dataDir' | 'readiness'>, time: { now: number }) {
    this.stores = parts.stores;
    this.http = parts.http;
    this.users = parts.users;
    this.log = parts.log;
    this.news = parts.news;
    this.rooms = parts.rooms;
    this.roomNews = parts.roomNews;
    this.present = parts.present;
    this.dataDir = parts.dataDir;
    this.readiness = parts.readiness;
    this.#time = time;
  }

  static async open(given: Partial<ApiOptions> = {}, roomOptions: Partial<RoomsOptions> = {}, overStores: OverStores = () => Promise.resolve({})): Promise<ApiHouse> {
    const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-http-'));
    const time = { now: Date.UTC(2026, 0, 1) };
    const now = (): number => time.now;
    const stores = must(await openStores({ dataDir, secretFile: join(dataDir, 'secret.key'), lockWaitMs: 1_000, now, neverTogether: (one, other) => !overlap(one.schedule, other.schedule, now(), planningHorizonMs) }));
    const lines: string[] = [];
    const { log, levels } = adjustable(createLogger('trace', { write: (line) => void lines.push(line) }), 'debug');
    const passwords = createPasswords(2);
    const news: UserNews[] = [];
    const bindings: Binding[] = [];
    const users = new Users({
      users: stores.users,
      rooms: stores.rooms,
      passwords,
      realm: 'vestibule',
      hashes: createDigestHashes(),
      reservedAliases: ['100'],
      randomBelow,
      bindingsOf: () => bindings,
      onChange: (each) => void news.push(each),
    });
    const roomNews: RoomNews[] = [];
    const present = new Map<string, number>();
    const rooms = new Rooms({
      rooms: stores.rooms,
      users: stores.users,
      pinBounds: { minLength: 4, maxLength: 9 },
      language: 'en',
      languages: ['en', 'de'],
      mediaEncryption: 'optional',
      autoHostPin: false,
      reservedAliases: ['100'],
      longestConnection: 43_200,
      randomBelow,
      onChange: (each) => void roomNews.push(each),
      ...roomOptions,
    });
    const readiness: { current: Readiness } = { current: { stores: 'up', signalling: 'up', media: 'up', calls: 'taken' } };
    const started = await startApi({
      stores,
      users,
      rooms,
      onRooms: (each) => void roomNews.push(each),
      onNumberRules: () => undefined,
      pinBounds: { minLength: 4, maxLength: 9 },
      randomBelow,
      presence: () => present,
      sipHost: 'sip.example.com',
      phoneNumber: '+4930123456',
      passwords,
      secrets,
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      tls: undefined,
      trustedProxies: [],
      connections: 100,
      deadlineMs: 10_000,
      bodyBytes: 16_384,
      pageSize: 200,
      lifetimes: { access: 900_000, refresh: 86_400_000, member: 7_200_000, idempotencyKey: 86_400_000 },
      status: () => Promise.resolve({ version: 'test', state: 'running', uptimeSeconds: 1, listening: [], rooms: [], calls: [] }),
      readiness: () => Promise.resolve(readiness.current),
      debugState: () => ({ calls: 0 }),
      logLevel: levels,
      version: 'test',
      newId,
      now,
      log,
      ...(await overStores(stores, { now, log })),
      ...given,
    });
    if (!started.ok) {
      await stores.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
    const http = must(started);
    return new ApiHouse({ stores, http, users, rooms, log: lines, news, roomNews, present, dataDir, readiness }, time);
  }

  async close(): Promise<void> {
    await this.http.close();
    await this.stores.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  get now(): number {
    return this.#time.now;
  }

  advance(ms: number): void {
    this.#time.now += ms;
  }

  async ask(method: string, path: string, { body, bearer, apiKey, headers }: Ask = {}): Promise<Reply> {
    const answer = await fetch(`${this.http.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: answer.status, headers: answer.headers, text, body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text };
  }

  /** A user straight in the store. With a password it can log in. */
  async user(name: string, privilege: Privilege, password?: string, mustChangePassword = false): Promise<void> {
    const passwordHash = password === undefined ? {} : { passwordHash: must(await createPasswords(2).hash(password)) };
    must(await this.stores.users.add({ name, display: '', privilege, mustChangePassword, ...passwordHash }, () => ({ events: [] })));
  }

  /** An access token straight in the store. `lifetimeMs` may be over. */
  async token(subject: TokenSubject, lifetimeMs = 900_000): Promise<string> {
    const token = secrets.token();
    must(await this.stores.tokens.add([{ hash: secrets.hash(token), use: 'access', subject, family: secrets.token(), createdAt: this.now, expiresAt: this.now + lifetimeMs, from: '', userAgent: '' }]));
    return token;
  }

  /** Makes the user and a token of it. */
  async signedIn(name: string, privilege: Privilege): Promise<string> {
    await this.user(name, privilege);
    return this.token({ kind: 'user', name });
  }
}

/** The code of an error answer; '' of any other. */
export const codeOf = ({ body }: { readonly body: unknown }): string => {
  const error = (body as { error?: { code?: string } } | null)?.error;
  return error?.code ?? '';
};
