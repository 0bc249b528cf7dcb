import { Type } from 'typebox';
import { scopes } from '../../manage/actor.ts';
import type { ApiKeys } from '../../manage/api-keys.ts';
import { answered } from '../errors.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Route } from '../route.ts';

export interface ApiKeyRoutesOptions {
  readonly apiKeys: ApiKeys;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const time = Type.String({ format: 'date-time' });
const scope = Type.Enum([...scopes]);
const keySchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String({ description: 'the first characters of the key' }),
  scopes: Type.Array(Type.String()),
  createdBy: Type.String(),
  createdAt: time,
  lastUsedAt: Type.Optional(time),
  expiresAt: Type.Optional(time),
});

export function apiKeyRoutes({ apiKeys, pageSize, now }: ApiKeyRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/api-keys',
      needs: { privilege: 'administrator' },
      area: 'apiKeys',
      summary: 'List the API keys',
      query: Type.Object(pageQuery(pageSize), { additionalProperties: false }),
      answers: { 200: pageSchema(keySchema) },
      errors: ['cursor_invalid'],
      handle: async ({ query }) => {
        const page = await apiKeys.list(pageOf(query, pageSize));
        return page.ok ? pageAnswer(page.value, query.fields, keySchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/api-keys',
      needs: { privilege: 'administrator' },
      area: 'apiKeys',
      summary: 'Make an API key for a program; it is shown this once',
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\x00-\\x1f]+$' }),
          scopes: Type.Array(scope, { minItems: 1, maxItems: scopes.length, description: 'it acts as an administrator within them; `write` includes `read`' }),
          expiresAt: Type.Optional(time),
        },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ apiKey: keySchema, key: Type.String() }) },
      errors: ['expiry_past'],
      idempotent: true,
      handle: async ({ actor, body, from }) => {
        const { name, scopes, expiresAt } = body;
        const given = { name, scopes, ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }) };
        return answered(await apiKeys.add({ actor, from, at: now() }, given), (added) => ({ status: 201, body: added, headers: { location: `/api/v1/api-keys/${added.apiKey.id}` } }));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/api-keys/:key',
      needs: { privilege: 'administrator' },
      area: 'apiKeys',
      summary: 'Revoke an API key',
      params: Type.Object({ key: Type.String({ maxLength: 64, description: 'its id' }) }),
      answers: { 204: null },
      errors: ['api_key_unknown'],
      handle: async ({ actor, params, from }) => answered(await apiKeys.remove({ actor, from, at: now() }, params.key), () => ({ status: 204 })),
    }),
  ];
}
