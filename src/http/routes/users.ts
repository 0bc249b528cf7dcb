import { Type } from 'typebox';
import { passwordLength } from '../../domain/password.ts';
import { allPrivileges } from '../../domain/privilege.ts';
import { err } from '../../lib/result.ts';
import type { UserAdded, Users } from '../../manage/users.ts';
import { answered } from '../errors.ts';
import { etag, ifMatch } from '../etag.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Answer, type Route } from '../route.ts';

export interface UserRoutesOptions {
  readonly users: Users;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const privilege = Type.Enum([...allPrivileges]);
const role = Type.Enum(['admin', 'user', 'room_member'], { description: 'OpenVidu: another name of `administrator`, `creation`, `room_member`' });
const userSchema = Type.Object({
  name: Type.String(),
  display: Type.String(),
  privilege,
  hasPassword: Type.Boolean(),
  mustChangePassword: Type.Boolean(),
  sip: Type.Enum(['fits', 'other_realm', 'none'], { description: 'whether its telephones can register' }),
  contacts: Type.Array(Type.Object({ uri: Type.String(), from: Type.String(), expiresInSeconds: Type.Integer(), userAgent: Type.String() })),
  createdAt: Type.String({ format: 'date-time' }),
  version: Type.Integer(),
});
const withSecret = Type.Object({ user: userSchema, realm: Type.String(), sipSecret: Type.Optional(Type.String({ description: 'where one was generated; shown this once' })) });
const sip = Type.Union([Type.Enum(['none', 'generate']), Type.Object({ secret: Type.String({ maxLength: 128 }) }, { additionalProperties: false })]);
const password = Type.String({ maxLength: passwordLength.most });
const named = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) });
const display = Type.String({ maxLength: 128 });

export function userRoutes({ users, pageSize, now }: UserRoutesOptions): readonly Route[] {
  const shown = ({ user, realm, sipSecret }: UserAdded, status: 200 | 201): Answer => ({
    status,
    body: { user, realm, ...(sipSecret === undefined ? {} : { sipSecret }) },
    headers: { etag: etag(user.version), ...(status === 201 ? { location: `/api/v1/users/${encodeURIComponent(user.name)}` } : {}) },
  });

  return [
    route({
      method: 'GET',
      url: '/api/v1/users',
      needs: { privilege: 'administrator' },
      area: 'users',
      summary: 'List the users, in order of creation',
      query: Type.Object({ ...pageQuery(pageSize), privilege: Type.Optional(privilege), name: Type.Optional(Type.String({ maxLength: 128, description: 'part of the name, or of the name shown' })) }, { additionalProperties: false }),
      answers: { 200: pageSchema(userSchema) },
      errors: ['cursor_invalid'],
      handle: async ({ query }) => {
        const { privilege, name } = query;
        const page = await users.list({ ...pageOf(query, pageSize), ...(privilege === undefined ? {} : { privilege }), ...(name === undefined ? {} : { name }) }, now());
        return page.ok ? pageAnswer(page.value, query.fields, userSchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/users',
      needs: { privilege: 'administrator' },
      area: 'users',
      summary: 'Make a user (OV-28)',
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 64 }),
          display: Type.Optional(display),
          privilege: Type.Optional(privilege),
          role: Type.Optional(role),
          password: Type.Optional(password),
          mustChangePassword: Type.Optional(Type.Boolean({ default: true, description: 'whether the first thing is to choose an own one' })),
          sip: Type.Optional(sip),
        },
        { additionalProperties: false },
      ),
      answers: { 201: withSecret },
      errors: ['user_name_invalid', 'user_display_invalid', 'alias_contradiction', 'password_unfit', 'secret_unfit', 'user_exists', 'alias_taken', 'passwords_busy'],
      idempotent: true,
      handle: async ({ actor, body, from }) => answered(await users.add({ actor, from, at: now() }, body), (added) => shown(added, 201)),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/users',
      needs: { privilege: 'administrator' },
      area: 'users',
      summary: 'Remove several users; what they own has no owner afterwards (CO-44)',
      query: Type.Object({ names: Type.String({ minLength: 1, maxLength: 8_192, description: 'separated by commas' }) }, { additionalProperties: false }),
      answers: { 200: Type.Object({ removed: Type.Array(Type.String()), unknown: Type.Array(Type.String()) }) },
      errors: ['root_user'],
      handle: async ({ actor, query, from }) => {
        const names = [...new Set(query.names.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))];
        return answered(await users.remove({ actor, from, at: now() }, names), (removed) => ({ status: 200, body: { removed, unknown: names.filter((name) => !removed.includes(name)) } }));
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/users/:name',
      needs: 'self',
      area: 'users',
      summary: 'A user, and where its telephones are registered',
      params: named,
      answers: { 200: userSchema },
      errors: ['user_unknown'],
      handle: async ({ params }) => answered(await users.get(params.name, now()), (user) => ({ status: 200, body: user, headers: { etag: etag(user.version) } })),
    }),
    route({
      method: 'PATCH',
      url: '/api/v1/users/:name',
      needs: 'self',
      area: 'users',
      summary: 'Change a user; the privilege by an administrator only',
      params: named,
      body: Type.Object({ display: Type.Optional(display), privilege: Type.Optional(privilege), role: Type.Optional(role) }, { additionalProperties: false, minProperties: 1 }),
      answers: { 200: userSchema },
      errors: ['user_unknown', 'user_display_invalid', 'alias_contradiction', 'root_user', 'version_conflict'],
      handle: async ({ actor, params, body, from, header }) => {
        const version = ifMatch(header('if-match'));
        if (!version.ok) return version;
        return answered(await users.change({ actor, from, at: now() }, params.name, version.value, body), (user) => ({ status: 200, body: user, headers: { etag: etag(user.version) } }));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/users/:name',
      needs: { privilege: 'administrator' },
      area: 'users',
      summary: 'Remove a user; what it owns has no owner afterwards (OV-29, CO-44)',
      params: named,
      answers: { 204: null },
      errors: ['user_unknown', 'root_user'],
      handle: async ({ actor, params, from }) => {
        const removed = await users.remove({ actor, from, at: now() }, [params.name]);
        if (removed.ok && removed.value.length === 0) return answered(err(unknown), () => ({ status: 204 }));
        return answered(removed, () => ({ status: 204 }));
      },
    }),
    route({
      method: 'PUT',
      url: '/api/v1/users/:name/password',
      needs: { privilege: 'administrator' },
      area: 'users',
      summary: 'Give a user another password; all its logins end',
      params: named,
      body: Type.Object({ password, mustChangePassword: Type.Optional(Type.Boolean({ default: true })) }, { additionalProperties: false }),
      answers: { 204: null },
      errors: ['user_unknown', 'password_unfit', 'passwords_busy'],
      handle: async ({ actor, params, body, from }) =>
        answered(await users.resetPassword({ actor, from, at: now() }, params.name, body.password, body.mustChangePassword ?? true), () => ({ status: 204 })),
    }),
    route({
      method: 'PUT',
      url: '/api/v1/users/:name/sip-secret',
      needs: 'self',
      area: 'users',
      summary: 'Give the telephones of a user another secret, or take it away',
      params: named,
      body: Type.Object({ sip }, { additionalProperties: false }),
      answers: { 200: withSecret },
      errors: ['user_unknown', 'secret_unfit'],
      handle: async ({ actor, params, body, from }) => answered(await users.setSipSecret({ actor, from, at: now() }, params.name, body.sip), (set) => shown(set, 200)),
    }),
  ];
}

const unknown = { code: 'user_unknown', message: 'there is no such user', advice: 'list the users for their names' };
