import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Room } from '../domain/room.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Actor } from '../manage/actor.ts';
import type { RoomStore } from '../ports/rooms.ts';
import { identify, type Identity, type IdentifyOptions } from './auth/identify.ts';
import { bodyOf, failure, notSignedIn, type Failure } from './errors.ts';
import type { Idempotency } from './idempotency.ts';
import { documentation } from './openapi.ts';
import { judge } from './permission.ts';
import type { Answer, Call, Need, Route } from './route.ts';
import { validator, type Validate } from './validation.ts';

export interface MountOptions extends IdentifyOptions {
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly idempotency: Idempotency;
  /** Cookies go over TLS only. */
  readonly cookies: 'secure' | 'plain';
}

/** What the check found out, for the handler and the log. */
interface Admitted {
  readonly identity: Identity | undefined;
  readonly room: Room | undefined;
}

const admissions = new WeakMap<FastifyRequest, Admitted>();

/** Who made this request, once it is known. */
export const actorOf = (request: FastifyRequest): Actor | undefined => admissions.get(request)?.identity?.actor;

/** Longest delay of a Node timer: no deadline. */
const never = 2 ** 31 - 1;

/** Makes a route of the registry one of the server: check, validation, repetition, handler, answer; in this order. */
export function mount(server: FastifyInstance, route: Route, options: MountOptions): void {
  const validate = validators(route);
  server.route({
    method: route.method,
    url: route.url,
    schema: documentation(route),
    ...(route.endless === true ? { handlerTimeout: never } : {}),
    // Before the body is read: strangers have none to give.
    onRequest: async (request, reply) => {
      const admitted = await admit(route, request, options);
      if (admitted.ok) admissions.set(request, admitted.value);
      else await sendFailure(reply, admitted.error);
    },
    handler: async (request, reply) => {
      const outcome = await carryOut(route, validate, request, options);
      return outcome.ok ? sendAnswer(reply, outcome.value, options) : sendFailure(reply, outcome.error);
    },
  });
}

async function admit(route: Route, request: FastifyRequest, options: MountOptions): Promise<Result<Admitted, Failure>> {
  const found = await identify(options, { method: request.method, headers: request.headers, cookies: request.cookies });
  // With a session that is over one can still log in.
  if (!found.ok && route.needs !== 'public') return found;
  const identity = found.ok ? found.value : undefined;
  const params = request.params as Readonly<Record<string, string>>;
  const room = await roomOf(route.needs, params['id'], options);
  if (!room.ok) return room;
  const access = route.method === 'GET' ? 'read' : 'write';
  switch (judge(identity?.actor, { needs: route.needs, area: route.area, access, named: params['name']?.toLowerCase(), room: room.value })) {
    case 'sign_in':
      return err(notSignedIn({ code: 'not_signed_in', message: 'this needs somebody who has signed in', advice: 'log in at /api/v1/auth/login, or give an API key in X-API-Key' }));
    case 'not_permitted':
      return err(failure({ code: 'not_permitted', message: 'this is not permitted to you', advice: 'ask an administrator for the privilege, the scope or the membership it needs' }));
    case 'unknown':
      return err(failure({ code: 'room_unknown', message: 'there is no such room', advice: 'list the rooms for their ids' }));
    case 'allowed':
      break;
  }
  if (identity?.password === 'must_change' && route.needs !== 'public' && route.beforePasswordChange !== true) {
    return err(failure({ code: 'password_change_required', message: 'the password was given by somebody else', advice: 'choose your own at /api/v1/auth/password first' }));
  }
  return ok({ identity, room: room.value });
}

async function roomOf(needs: Need, id: string | undefined, { rooms }: MountOptions): Promise<Result<Room | undefined, Failure>> {
  if (typeof needs === 'string' || !('room' in needs) || id === undefined) return ok(undefined);
  const room = await rooms.byId(id);
  return room.ok ? room : err(failure(room.error));
}

type Validators = Readonly<Record<'params' | 'query' | 'body', Validate | undefined>>;

function validators({ params, query, body }: Route): Validators {
  return {
    params: params && validator(params, 'params'),
    query: query && validator(query, 'query'),
    body: body && validator(body, 'body'),
  };
}

async function carryOut(route: Route, validate: Validators, request: FastifyRequest, { idempotency }: MountOptions): Promise<Result<Answer, Failure>> {
  const given = { params: request.params, query: request.query, body: request.body };
  const values: Record<'params' | 'query' | 'body', unknown> = { params: {}, query: {}, body: undefined };
  for (const part of ['params', 'query', 'body'] as const) {
    const checked = validate[part]?.(given[part] ?? {});
    if (checked === undefined) continue;
    if (!checked.ok) return err(failure(...checked.error));
    values[part] = checked.value;
  }
  const { identity, room } = admissions.get(request) ?? {};
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  // `judge` let it pass: where the need says so there is an actor, and a room.
  const call = { ...values, actor: identity?.actor, room, from: request.ip, header, cookies: request.cookies, family: identity?.family } as Call<Need, unknown, unknown, unknown>;
  const key = header('idempotency-key');
  if (route.idempotent !== true || key === undefined || call.actor === undefined) return route.handle(call);
  return idempotency.once({ key, actor: call.actor, method: route.method, url: request.url, body: values.body }, () => route.handle(call));
}

function sendAnswer(reply: FastifyReply, answer: Answer, options: MountOptions): FastifyReply {
  for (const { name, value, path, maxAgeSeconds, visible } of answer.cookies ?? []) {
    reply.setCookie(name, value, { path, maxAge: maxAgeSeconds, httpOnly: visible === 'server', sameSite: 'strict', secure: options.cookies === 'secure' });
  }
  reply.code(answer.status).headers(answer.headers ?? {});
  if (answer.type !== undefined) return reply.type(answer.type).send(answer.body);
  return answer.body === undefined ? reply.send() : reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

export const sendFailure = (reply: FastifyReply, what: Failure): FastifyReply =>
  reply
    .code(what.status)
    .headers(what.headers ?? {})
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(what)));
