import type { Static, TObject, TSchema } from 'typebox';
import type { Permission } from '../domain/permissions.ts';
import type { Privilege } from '../domain/privilege.ts';
import type { Room } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Actor, Area } from '../manage/actor.ts';
import type { Failure } from './errors.ts';

/** Who may use a route. It is checked before anything of the route runs. */
export type Need =
  | 'public'
  /** Whoever has signed in, in whatever way. */
  | 'actor'
  /** Somebody with an account of his own. */
  | 'account'
  /** The user named in the URL (`name`), or an administrator. */
  | 'self'
  /** At least this privilege. */
  | { readonly privilege: Privilege }
  /**
   * The room named in the URL (`id`): at least this control level over it (`seen`: may know of it), or membership in it with
   * `permission`, where there is one.
   */
  | { readonly room: 'full' | 'limited' | 'seen'; readonly permission?: Permission };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request that has passed the check. */
export interface Call<N extends Need, P, Q, B> {
  readonly actor: N extends 'public' ? Actor | undefined : Actor;
  readonly room: N extends { readonly room: string } ? Room : undefined;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Address it comes from. */
  readonly from: string;
  /** By name in lower case; absent: undefined. */
  readonly header: (name: string) => string | undefined;
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** Login the request belongs to, where a person logged in. */
  readonly family: string | undefined;
}

export interface SetCookie {
  readonly name: string;
  /** Empty: the cookie is taken away. */
  readonly value: string;
  readonly path: string;
  readonly maxAgeSeconds: number;
  readonly visible: 'server' | 'script';
}

/** What goes out. `body` is JSON, or with `type` text, bytes or a stream of that media type. */
export interface Answer {
  readonly status: 200 | 201 | 202 | 204 | 206 | 304 | 503;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly SetCookie[];
}

/** A route as it is declared. */
export interface RouteSpec<N extends Need, P extends TObject, Q extends TObject, B extends TSchema> {
  readonly method: Method;
  /** The whole path; parameters as `:name`. */
  readonly url: string;
  readonly needs: N;
  readonly area: Area;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** The body of each status it answers with; `null`: none. */
  readonly answers: Readonly<Partial<Record<Answer['status'], TSchema | null>>>;
  /** Codes it may fail with, besides those every route has. */
  readonly errors?: readonly string[];
  /** `Idempotency-Key` is taken (creations). */
  readonly idempotent?: true;
  /** The answer goes on for as long as the client stays. */
  readonly endless?: true;
  /** Usable by who has yet to choose a password of his own. */
  readonly beforePasswordChange?: true;
  readonly handle: (call: Call<N, Static<P>, Static<Q>, Static<B>>) => Promise<Result<Answer, Failure>>;
}

/** A route as the registry holds it: what it takes has been checked against its schemas before `handle` sees it. */
export interface Route extends Omit<RouteSpec<Need, TObject, TObject, TSchema>, 'handle'> {
  readonly handle: (call: Call<Need, unknown, unknown, unknown>) => Promise<Result<Answer, Failure>>;
}

/** Declares a route. One without `needs` does not compile. */
export function route<const N extends Need, P extends TObject, Q extends TObject, B extends TSchema>(spec: RouteSpec<N, P, Q, B>): Route {
  // The server validates by the very schemas these types are made of.
  return { ...spec, handle: (call) => spec.handle(call as Call<N, Static<P>, Static<Q>, Static<B>>) };
}
