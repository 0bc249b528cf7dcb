import { Type } from 'typebox';
import type { Webhooks } from '../../manage/webhooks.ts';
import { answered } from '../errors.ts';
import { etag, ifMatch } from '../etag.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Route } from '../route.ts';

export interface WebhookRoutesOptions {
  readonly webhooks: Webhooks;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const time = Type.String({ format: 'date-time' });
const state = Type.Enum(['active', 'paused']);
const hookParams = Type.Object({ hook: Type.String({ maxLength: 128 }) });
const webhookSchema = Type.Object({
  id: Type.String(),
  url: Type.String(),
  events: Type.Optional(Type.Array(Type.String(), { description: 'absent: all' })),
  rooms: Type.Optional(Type.Array(Type.String(), { description: 'absent: all' })),
  state,
  deliveredUpTo: Type.Integer({ description: 'id of the last event that is done with' }),
  failures: Type.Integer({ description: 'tries of the next one that failed' }),
  nextAttemptAt: Type.Optional(time),
  createdAt: time,
  version: Type.Integer(),
});
const url = Type.String({ minLength: 1, maxLength: 2_048 });
const secret = Type.String({ minLength: 16, maxLength: 128, pattern: '^[\\x21-\\x7e]+$', description: 'signs each delivery; default: one is made' });
const names = Type.Array(Type.String({ maxLength: 128 }), { maxItems: 200 });
const given = {
  events: Type.Optional(Type.Union([names, Type.Null()], { description: 'types of events; null: all' })),
  rooms: Type.Optional(Type.Union([names, Type.Null()], { description: 'ids; null: all' })),
  state: Type.Optional(state),
  secret: Type.Optional(secret),
};
const letterSchema = Type.Object({ id: Type.Integer(), seq: Type.Optional(Type.Integer()), type: Type.String(), at: time, room: Type.Optional(Type.String()), call: Type.Optional(Type.String()), data: Type.Object({}), givenUpAt: time, problem: Type.String() });

const needs = { privilege: 'administrator' } as const;

/** OVD-12: events sent to others. Each delivery has `x-timestamp` (milliseconds) and `x-signature`, the HMAC-SHA256 of `<timestamp>.<body>`. */
export function webhookRoutes({ webhooks, pageSize, now }: WebhookRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/webhooks',
      needs,
      area: 'events',
      summary: 'The webhooks and how far each has got',
      answers: { 200: Type.Object({ items: Type.Array(webhookSchema) }) },
      handle: async () => answered(await webhooks.list(), (items) => ({ status: 200, body: { items } })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/webhooks',
      needs,
      area: 'events',
      summary: 'Make a webhook: it is sent what happens from now on, in order, with `x-timestamp` and `x-signature` (HMAC-SHA256 of `timestamp.body`)',
      body: Type.Object({ url, ...given }, { additionalProperties: false }),
      answers: { 201: Type.Object({ webhook: webhookSchema, secret: Type.String({ description: 'shown this once' }) }) },
      errors: ['webhook_url_invalid', 'event_type_unknown', 'webhooks_too_many'],
      idempotent: true,
      handle: async ({ actor, body, from }) =>
        answered(await webhooks.add({ actor, from, at: now() }, body), (added) => ({ status: 201, body: added, headers: { etag: etag(added.webhook.version), location: `/api/v1/webhooks/${added.webhook.id}` } })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/webhooks/:hook',
      needs,
      area: 'events',
      summary: 'A webhook',
      params: hookParams,
      answers: { 200: webhookSchema },
      errors: ['webhook_unknown'],
      handle: async ({ params }) => answered(await webhooks.get(params.hook), (body) => ({ status: 200, body, headers: { etag: etag(body.version) } })),
    }),
    route({
      method: 'PATCH',
      url: '/api/v1/webhooks/:hook',
      needs,
      area: 'events',
      summary: 'Change a webhook; what waits for it is tried at once',
      params: hookParams,
      body: Type.Object({ url: Type.Optional(url), ...given }, { additionalProperties: false, minProperties: 1 }),
      answers: { 200: webhookSchema },
      errors: ['webhook_unknown', 'webhook_url_invalid', 'event_type_unknown', 'version_conflict'],
      handle: async ({ actor, params, body, from, header }) => {
        const version = ifMatch(header('if-match'));
        if (!version.ok) return version;
        return answered(await webhooks.change({ actor, from, at: now() }, params.hook, version.value, body), (webhook) => ({ status: 200, body: webhook, headers: { etag: etag(webhook.version) } }));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/webhooks/:hook',
      needs,
      area: 'events',
      summary: 'Remove a webhook and its dead letters',
      params: hookParams,
      answers: { 204: null },
      errors: ['webhook_unknown'],
      handle: async ({ actor, params, from }) => answered(await webhooks.remove({ actor, from, at: now() }, params.hook), () => ({ status: 204 })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/webhooks/:hook/test',
      needs,
      area: 'events',
      summary: 'Send `webhook.test` at once, and tell what came of it',
      params: hookParams,
      answers: { 200: Type.Object({ outcome: Type.Enum(['delivered', 'failed']), status: Type.Optional(Type.Integer()), problem: Type.Optional(Type.String()) }) },
      errors: ['webhook_unknown'],
      handle: async ({ params }) => answered(await webhooks.test(params.hook), (body) => ({ status: 200, body })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/webhooks/:hook/replay',
      needs,
      area: 'events',
      summary: 'Send everything after an event again, in order',
      params: hookParams,
      body: Type.Object({ after: Type.Integer({ minimum: 0, description: 'id of an event; 0: all that is kept' }) }, { additionalProperties: false }),
      answers: { 202: null },
      errors: ['webhook_unknown'],
      handle: async ({ params, body }) => answered(await webhooks.replay(params.hook, body.after), () => ({ status: 202 })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/webhooks/:hook/dead-letters',
      needs,
      area: 'events',
      summary: 'Events that were given up, oldest first',
      params: hookParams,
      query: Type.Object(pageQuery(pageSize), { additionalProperties: false }),
      answers: { 200: pageSchema(letterSchema) },
      errors: ['webhook_unknown', 'cursor_invalid'],
      handle: async ({ params, query }) => {
        const page = await webhooks.deadLetters(params.hook, pageOf(query, pageSize));
        return page.ok ? pageAnswer(page.value, query.fields, letterSchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/webhooks/:hook/dead-letters',
      needs,
      area: 'events',
      summary: 'Forget the events that were given up',
      params: hookParams,
      answers: { 204: null },
      errors: ['webhook_unknown'],
      handle: async ({ params }) => answered(await webhooks.dropDeadLetters(params.hook), () => ({ status: 204 })),
    }),
  ];
}
