import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Socket } from 'node:net';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { errorText } from '../lib/attempt.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { actorText } from '../manage/actor.ts';
import type { Log } from '../ports/log.ts';
import { localHeader } from './auth/identify.ts';
import { bodyOf, errorSchema, errorSchemaId, failure, internal, unknownPath, type Failure } from './errors.ts';
import type { Answered } from './metrics.ts';
import { actorOf, mount, sendFailure, type MountOptions } from './mount.ts';
import { openapiInfo } from './openapi.ts';
import type { Method, Route } from './route.ts';

export interface HttpServerOptions extends Omit<MountOptions, 'cookies'> {
  readonly host: string;
  readonly port: number;
  /** As configured; null: where it listens. */
  readonly publicUrl: string | null;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly connections: number;
  readonly deadlineMs: number;
  readonly bodyBytes: number;
  readonly routes: readonly Route[];
  readonly version: string;
  readonly newId: () => string;
  /** For the figures: each request that was answered, but those that go on for as long as the client stays. */
  readonly onAnswered?: (answered: Answered) => void;
  readonly log: Log;
}

export type HttpProblem = Problem<'http_port_taken' | 'http_unlistenable' | 'http_certificate_unusable'>;

/** A request of this process itself; it is the local administrator's. `path` begins with a slash. */
export interface LocalRequest {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

export interface HttpServer {
  /** Where it listens, without a final slash: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Where it is reached from outside, likewise. */
  readonly publicUrl: string;
  local(request: LocalRequest): Promise<LocalAnswer>;
  /** Reads certificate and key again; connections there are go on. */
  reload(): Result<void, HttpProblem>;
  /** Takes no more requests and finishes those there are, within the deadline. */
  close(): Promise<void>;
}

const docsPath = '/api/v1/docs';
/** The page draws with styles of its own and pictures inside them; all else comes from here. */
const docsPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Ready when it settles: listening, with every route mounted. */
export async function startHttpServer(options: HttpServerOptions): Promise<Result<HttpServer, HttpProblem>> {
  const pair = options.tls === undefined ? ok(undefined) : readPair(options.tls);
  if (!pair.ok) return pair;
  const secure = pair.value !== undefined || options.publicUrl?.startsWith('https:') === true;
  const server = await assemble(options, pair.value, secure);
  try {
    await server.listen({ host: options.host, port: options.port });
  } catch (error) {
    await server.close();
    return err(listenProblem(error, options));
  }
  return ok(new Listening(server, options));
}

class Listening implements HttpServer {
  readonly #server: FastifyInstance;
  readonly #options: HttpServerOptions;
  readonly url: string;
  readonly publicUrl: string;

  constructor(server: FastifyInstance, options: HttpServerOptions) {
    this.#server = server;
    this.#options = options;
    const bound = server.addresses()[0];
    const { address, family, port } = typeof bound === 'object' ? bound : { address: options.host, family: '', port: options.port };
    this.url = `${options.tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.publicUrl = (options.publicUrl ?? this.url).replace(/\/+$/, '');
  }

  async local({ method, path, body, headers }: LocalRequest): Promise<LocalAnswer> {
    const answer = await this.#server.inject({
      method,
      url: path,
      headers: { ...headers, [localHeader]: this.#options.localSecret },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const shown = Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []));
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, headers: Object.fromEntries(shown), body: isJson && answer.body !== '' ? (JSON.parse(answer.body) as unknown) : answer.body };
  }

  reload(): Result<void, HttpProblem> {
    const { tls } = this.#options;
    if (tls === undefined) return ok(undefined);
    const pair = readPair(tls);
    if (!pair.ok) return pair;
    const { server } = this.#server;
    if (server instanceof TlsServer) server.setSecureContext(pair.value);
    return ok(undefined);
  }

  async close(): Promise<void> {
    const cut = setTimeout(() => this.#server.server.closeAllConnections(), this.#options.deadlineMs);
    try {
      await this.#server.close();
    } finally {
      clearTimeout(cut);
    }
  }
}

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

function readPair({ certFile, keyFile }: NonNullable<HttpServerOptions['tls']>): Result<Pair, HttpProblem> {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    // It throws where they are no PEM, or do not belong together.
    createSecureContext(pair);
    return ok(pair);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return err({ code: 'http_certificate_unusable', message: `http.certFile or http.keyFile cannot be used [${code}]`, advice: 'correct the paths or the permissions of the files: PEM, certificate and key that belong together' });
  }
}

function listenProblem(error: unknown, { host, port }: HttpServerOptions): HttpProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'EADDRINUSE') return { code: 'http_port_taken', message: `port ${port} (http.port) is in use by another program`, advice: 'stop it, or set http.port (VESTIBULE_HTTP_PORT) to another port, 0 for a free one' };
  return { code: 'http_unlistenable', message: `http.host ${host} with http.port ${port} cannot be listened on [${code}]`, advice: 'give an address of this machine and a port this user may use' };
}

async function assemble(options: HttpServerOptions, pair: Pair | undefined, secure: boolean): Promise<FastifyInstance> {
  const { routes, log, newId, deadlineMs } = options;
  const settings = {
    logger: false,
    // RFC 9112 §9.3: one that is kept open and says nothing is closed after a while.
    keepAliveTimeout: 60_000,
    requestTimeout: deadlineMs,
    handlerTimeout: deadlineMs,
    bodyLimit: options.bodyBytes,
    genReqId: newId,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => void sendFailure(reply, malformed),
    clientErrorHandler: onClientError,
  } as const;
  // The two server types differ in nothing that is used here.
  const server = (pair === undefined ? fastify(settings) : fastify({ ...settings, https: { ...pair, minVersion: 'TLSv1.2' } })) as FastifyInstance;
  server.server.maxConnections = options.connections;
  // Validation is done by `mount`, with messages of our own; answers are JSON as they are.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => JSON.stringify);
  // A command without parameters has no body, whatever type its client gives to all it sends.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => (body === '' ? done(null, undefined) : parseJson(request, body, done)));
  server.setErrorHandler((error: FastifyError, request, reply) => sendFailure(reply, failureOf(error, request, log)));
  server.setNotFoundHandler((request, reply) => sendFailure(reply, absent(routes, request)));

  await server.register(cookie);
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
    ...(secure ? {} : { strictTransportSecurity: false }),
    // Without TLS a browser ignores them and says so.
    ...(secure ? {} : { crossOriginOpenerPolicy: false, originAgentCluster: false }),
  });
  server.addSchema({ ...errorSchema, $id: errorSchemaId });
  await server.register(swagger, { openapi: openapiInfo(options.version), refResolver: { buildLocalReference: (schema, _base, _fragment, index) => (typeof schema.$id === 'string' ? schema.$id : `schema-${index}`) } });
  await server.register(swaggerUi, { routePrefix: docsPath, staticCSP: docsPolicy, uiConfig: { deepLinking: true, docExpansion: 'none' } });
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // Answers hold what is meant for one person at one time.
    if (!request.url.startsWith(docsPath)) reply.header('cache-control', 'no-store');
    return Promise.resolve();
  });
  server.addHook('onResponse', async (request, reply) => {
    logRequest(request, reply, log);
    const isEndless = String(reply.getHeader('content-type')).startsWith('text/event-stream');
    if (!isEndless) options.onAnswered?.({ route: request.routeOptions.url ?? 'none', method: request.method, status: reply.statusCode, ms: reply.elapsedTime });
    return Promise.resolve();
  });

  const mounting: MountOptions = { ...options, cookies: secure ? 'secure' : 'plain' };
  await server.register((scope, _, done) => {
    for (const route of routes) mount(scope, route, mounting);
    scope.get('/api/v1/openapi.json', { schema: { hide: true } }, (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
    done();
  });
  await server.ready();
  // Made before there are calls: it takes a while.
  const document = JSON.stringify(server.swagger());
  return server;
}

/** By the pattern of the route, never the address itself: it may hold a token. */
function logRequest(request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const actor = actorOf(request);
  const line = {
    request: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    from: request.ip,
    ...(actor === undefined ? {} : { actor: actorText(actor) }),
  };
  if (request.method === 'GET') log.debug(line, 'answered');
  else log.info(line, 'answered');
}

const malformed: Failure = failure({ code: 'malformed', message: 'the request cannot be understood', advice: 'send HTTP/1.1 with a path as in /api/v1/docs' });

function failureOf(error: FastifyError, request: FastifyRequest, log: Log): Failure {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return failure({ code: 'too_large', message: 'the body is too large', advice: 'send less at a time' });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return failure({ code: 'media_type_unsupported', message: 'a body of this type is not taken', advice: 'send JSON, with Content-Type: application/json' });
    case 'FST_ERR_HANDLER_TIMEOUT':
      log.warn({ code: 'deadline', request: request.id, route: request.routeOptions.url }, 'a request was not answered in time');
      return failure({ code: 'deadline', message: 'the request took too long', advice: 'see whether it was carried out, and try again' });
    default:
      break;
  }
  // What the framework says of requests is about their form; its texts repeat parts of them.
  if (error.statusCode !== undefined && error.statusCode < 500) return failure({ code: 'malformed', message: 'the body is not JSON, or not what its headers say', advice: 'send one JSON value, with its right Content-Length' });
  log.error({ code: 'http_defect', request: request.id, route: request.routeOptions.url, problem: errorText(error), stack: error.stack }, 'a request failed');
  return internal;
}

/** RFC 9110 §15.5.6: the path is there, but not for this method. */
function absent(routes: readonly Route[], request: FastifyRequest): Failure {
  const path = request.url.split('?')[0] ?? '';
  const methods = routes.filter(({ url }) => matches(url, path)).map(({ method }) => method);
  if (methods.length === 0) return unknownPath;
  return { ...failure({ code: 'method_not_allowed', message: `${request.method} is not possible here`, advice: `use ${methods.join(' or ')}` }), headers: { allow: methods.join(', ') } };
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part === given[index] || (part.startsWith(':') && given[index] !== ''));
}

/** What is no HTTP never becomes a request: it is answered on the connection itself. */
function onClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const what =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? failure({ code: 'headers_too_large', message: 'the headers are too large', advice: 'send fewer cookies' })
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? failure({ code: 'timeout', message: 'the request did not arrive in time', advice: 'try again' })
        : malformed;
  const body = JSON.stringify(bodyOf(what));
  socket.end(`HTTP/1.1 ${what.status} ${STATUS_CODES[what.status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
