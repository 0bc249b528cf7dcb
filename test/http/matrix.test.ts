import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { secrets } from '../../src/adapters/system/secrets.ts';
import { allPrivileges, type Privilege } from '../../src/domain/privilege.ts';
import { newRoomSettings } from '../../src/domain/room.ts';
import { scopes } from '../../src/manage/actor.ts';
import { ApiHouse, codeOf, must, type Ask } from './house.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly needs: unknown;
  readonly area: string;
}

/** What a caller may be let in by; `privilege` of who has none is left out. */
interface Caller {
  readonly label: string;
  readonly privilege?: Privilege;
  readonly scopes?: readonly string[];
  readonly account: 'own' | 'none';
}

const callers: readonly Caller[] = [
  { label: 'nobody', account: 'none' },
  ...allPrivileges.map((privilege): Caller => ({ label: privilege, privilege, account: 'own' })),
  ...scopes.map((scope): Caller => ({ label: `key ${scope}`, privilege: 'administrator', scopes: [scope], account: 'none' })),
  { label: 'key of all scopes', privilege: 'administrator', scopes, account: 'none' },
  { label: 'member token', privilege: 'room_member', account: 'none' },
  { label: 'link token', privilege: 'room_member', account: 'none' },
  { label: 'expired token', account: 'none' },
  { label: 'revoked key', account: 'none' },
  { label: 'local', privilege: 'administrator', account: 'none' },
];

type Verdict = 'through' | 'sign_in' | 'forbidden';

/** What `x-needs` promises, worked out here a second time. `whose`: the user in the URL is the caller. */
function promised(operation: Operation, caller: Caller, whose: 'own' | 'others'): Verdict {
  const { needs, area, method } = operation;
  if (needs === 'public') return 'through';
  if (caller.privilege === undefined) return 'sign_in';
  if (caller.scopes !== undefined) {
    const inScope = area === 'auth' ? method === 'GET' : caller.scopes.includes(`${area}:write`) || (method === 'GET' && caller.scopes.includes(`${area}:read`));
    if (!inScope) return 'forbidden';
  }
  if (needs === 'actor') return 'through';
  if (needs === 'account') return caller.account === 'own' ? 'through' : 'forbidden';
  if (needs === 'self') return caller.privilege === 'administrator' || (caller.account === 'own' && whose === 'own') ? 'through' : 'forbidden';
  const { privilege } = needs as { privilege: Privilege };
  return allPrivileges.indexOf(caller.privilege) <= allPrivileges.indexOf(privilege) ? 'through' : 'forbidden';
}

/** policy.md section 4, by hand: who is let through. A route whose need is loosened by mistake fails here. */
const administrators = (area: string, access: 'read' | 'write'): readonly string[] => ['administrator', 'key of all scopes', 'local', ...(access === 'read' ? [`key ${area}:read`] : []), `key ${area}:write`];
const byHand: Readonly<Record<string, readonly string[]>> = {
  'GET /api/v1/users others': administrators('users', 'read'),
  'POST /api/v1/users others': administrators('users', 'write'),
  'DELETE /api/v1/users others': administrators('users', 'write'),
  'GET /api/v1/users/{name} others': administrators('users', 'read'),
  'PATCH /api/v1/users/{name} others': administrators('users', 'write'),
  'PUT /api/v1/users/{name}/sip-secret others': administrators('users', 'write'),
  'DELETE /api/v1/users/{name} others': administrators('users', 'write'),
  'PUT /api/v1/users/{name}/password others': administrators('users', 'write'),
  'GET /api/v1/users/{name} own': [...allPrivileges, ...administrators('users', 'read').slice(1)],
  'PUT /api/v1/users/{name}/password own': administrators('users', 'write'),
  'DELETE /api/v1/users/{name} own': administrators('users', 'write'),
  'GET /api/v1/api-keys others': ['administrator', 'local'],
  'POST /api/v1/api-keys others': ['administrator', 'local'],
  'DELETE /api/v1/api-keys/{key} others': ['administrator', 'local'],
  'GET /api/v1/audit others': administrators('records', 'read'),
  'GET /api/v1/system others': administrators('system', 'read'),
  'PUT /api/v1/system/log-level others': administrators('system', 'write'),
  'POST /api/v1/auth/password others': allPrivileges,
};

describe('every route as every kind of caller (policy.md section 4, OV-24, OV-25, OV-26)', () => {
  let house: ApiHouse;
  let operations: readonly Operation[];
  let room: string;
  let member: string;
  let count = 0;

  before(async () => {
    house = await ApiHouse.open();
    const document = (await house.ask('GET', '/api/v1/openapi.json')).body as { paths: Record<string, Record<string, { 'x-needs'?: unknown; tags?: string[] }>> };
    operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { 'x-needs': needs, tags }]) => ({ method: method.toUpperCase(), path, needs, area: tags?.[0] ?? '' })));
    room = must(await house.stores.rooms.add(newRoomSettings({ name: 'Team', aliases: ['2000'] }), {}, () => ({ events: [] }))).id;
    member = must(await house.stores.members.add(room, { id: 'ext-abcdefgh', kind: 'external', name: 'Eve', role: 'moderator', overrides: {} }, () => ({ events: [] }))).member.id;
  });

  after(() => house.close());

  /** Fresh for each request: some end the caller. Answers how to ask, and the name of its account. */
  async function credentials({ label, privilege, scopes: granted }: Caller): Promise<{ readonly ask: Ask | 'local'; readonly name: string }> {
    count += 1;
    const name = `caller${count}`;
    const key = async (revoked: boolean): Promise<string> => {
      const text = secrets.token();
      must(await house.stores.apiKeys.add({ id: name, name, prefix: '', scopes: granted ?? [...scopes], createdBy: 'test', createdAt: house.now }, secrets.hash(text), () => ({ events: [] })));
      if (revoked) must(await house.stores.apiKeys.remove(name, () => ({ events: [] })));
      return text;
    };
    if (label === 'local') return { ask: 'local', name };
    if (label === 'nobody') return { ask: {}, name };
    if (label === 'revoked key') return { ask: { apiKey: await key(true) }, name };
    if (granted !== undefined) return { ask: { apiKey: await key(false) }, name };
    if (label === 'member token') return { ask: { bearer: await house.token({ kind: 'member', room, member }) }, name };
    if (label === 'link token') return { ask: { bearer: await house.token({ kind: 'link', room, role: 'moderator' }) }, name };
    await house.user(name, privilege ?? 'administrator');
    return { ask: { bearer: await house.token({ kind: 'user', name }, label === 'expired token' ? -1 : 900_000) }, name };
  }

  async function verdictOf({ method, path }: Operation, caller: Caller, whose: 'own' | 'others'): Promise<Verdict> {
    const { ask, name } = await credentials(caller);
    const url = path.replace('{name}', whose === 'own' ? name : 'somebody-else').replaceAll(/\{\w+\}/g, 'none');
    // An empty body is wrong for nearly every route; what counts is what is said first.
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const reply = ask === 'local' ? await house.http.local({ method: method as 'GET', path: url, ...body }) : await house.ask(method, url, { ...ask, ...body });
    const code = codeOf(reply);
    if (reply.status === 401 && code !== 'credentials_wrong') return url === '/api/v1/auth/refresh' ? 'through' : 'sign_in';
    return reply.status === 403 && code === 'not_permitted' ? 'forbidden' : 'through';
  }

  it('every route of the registry says what it needs', () => {
    assert.ok(operations.length >= 20);
    assert.deepEqual(
      operations.filter(({ needs }) => needs === undefined),
      [],
    );
  });

  it('each is let through, asked to sign in or refused as the route says', async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      for (const caller of callers) {
        for (const whose of operation.path.includes('{name}') ? (['own', 'others'] as const) : (['others'] as const)) {
          const got = await verdictOf(operation, caller, whose);
          if (got !== promised(operation, caller, whose)) wrong.push(`${operation.method} ${operation.path} ${whose} as ${caller.label}: ${got}, promised ${promised(operation, caller, whose)}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('each is let through as written by hand', async () => {
    const wrong: string[] = [];
    for (const [row, allowed] of Object.entries(byHand)) {
      const [method, path, whose] = row.split(' ');
      const operation = operations.find((each) => each.method === method && each.path === path);
      assert.ok(operation, `${row}: there is no such route`);
      for (const caller of callers) {
        const got = await verdictOf(operation, caller, whose as 'own' | 'others');
        if ((got === 'through') !== allowed.includes(caller.label)) wrong.push(`${row} as ${caller.label}: ${got}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
});
