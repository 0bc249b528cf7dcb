import type { FastifySchema } from 'fastify';
import { Type, type TSchema } from 'typebox';
import { errorSchemaId, statusOf } from './errors.ts';
import type { Need, Route } from './route.ts';

/** What @fastify/swagger makes of the registry, beside the routes. */
export const openapiInfo = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'Vestibule',
    version,
    description: [
      'Rooms, their members and links, users, live control, events and records.',
      '',
      'Times are RFC 3339 in UTC, durations are seconds. Every failure has the shape `{ "error": { "code", "message", "advice", "field", "problems" } }`; its code is stable.',
      'Lists are cut into pages: `next` of one is `after` of the following. A change may say `If-Match` with the `ETag` that was read; 412 `version_conflict`: somebody else was faster.',
      'A creation may carry an `Idempotency-Key`: sent again within a day it gets the first answer, without secrets that are shown once.',
      'Changes by cookie need the value of the cookie `vestibule_csrf` in the header `X-Vestibule-CSRF`.',
    ].join('\n'),
  },
  components: {
    securitySchemes: {
      bearer: { type: 'http' as const, scheme: 'bearer' },
      apiKey: { type: 'apiKey' as const, in: 'header' as const, name: 'X-API-Key' },
      cookie: { type: 'apiKey' as const, in: 'cookie' as const, name: 'vestibule_access' },
    },
  },
});

/** Failures any route may have. */
const common = ['invalid', 'malformed', 'deadline', 'internal'] as const;

/** A route as OpenAPI shows it. `x-needs` says who may use it, `x-errors` its codes. */
export function documentation(route: Route): FastifySchema {
  const { needs, area, summary, params, query, body, answers } = route;
  const codes = errorCodes(route);
  const schema = {
    tags: [area],
    summary,
    description: `${needText(needs)}${codes.length === 0 ? '' : ` Fails with ${codes.map((code) => `\`${code}\` (${statusOf(code)})`).join(', ')}.`}`,
    security: needs === 'public' ? [] : [{ bearer: [] }, { apiKey: [] }, { cookie: [] }],
    'x-needs': needs,
    'x-errors': codes,
    response: { ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerSchema(answer)])), ...errorAnswers(codes) },
  };
  return { ...schema, ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }), ...(route.idempotent === true || route.method === 'PATCH' ? { headers: headersOf(route) } : {}) };
}

/** The codes of a route, those of all routes included. */
export function errorCodes({ needs, errors }: Route): readonly string[] {
  const access = needs === 'public' ? [] : ['not_signed_in', 'token_invalid', 'csrf_missing', 'not_permitted'];
  const room = typeof needs === 'object' && 'room' in needs ? ['room_unknown'] : [];
  return [...new Set([...common, ...access, ...room, ...(errors ?? [])])];
}

const answerSchema = (answer: TSchema | null): TSchema => answer ?? Type.Null({ description: 'done; no body' });

function errorAnswers(codes: readonly string[]): Readonly<Record<string, object>> {
  const statuses = [...new Set(codes.map(statusOf))];
  return Object.fromEntries(statuses.map((status) => [String(status), { description: codes.filter((code) => statusOf(code) === status).join(', '), $ref: `${errorSchemaId}#` }]));
}

const headersOf = ({ idempotent, method }: Route): TSchema =>
  Type.Object({
    ...(idempotent === true ? { 'idempotency-key': Type.Optional(Type.String({ maxLength: 128, description: 'the same for a request that is sent again' })) } : {}),
    ...(method === 'PATCH' ? { 'if-match': Type.Optional(Type.String({ description: 'ETag of what was read; without it the last change wins' })) } : {}),
  });

export function needText(needs: Need): string {
  if (needs === 'public') return 'For everybody.';
  if (needs === 'actor') return 'For whoever has signed in.';
  if (needs === 'account') return 'For users, about themselves.';
  if (needs === 'self') return 'For the user named, and administrators.';
  if ('privilege' in needs) return `Needs the privilege \`${needs.privilege}\` or a higher one.`;
  const member = needs.permission === undefined ? '' : `, or membership with \`${needs.permission}\``;
  return needs.room === 'seen' ? `Needs a privilege that sees the room${member}.` : `Needs ${needs.room} control of the room${member}.`;
}
