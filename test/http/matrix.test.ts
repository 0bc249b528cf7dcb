import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { secrets } from '../../src/adapters/system/secrets.ts';
import { allPrivileges, type Privilege } from '../../src/domain/privilege.ts';
import { newRoomSettings } from '../../src/domain/room.ts';
import { scopes } from '../../src/manage/actor.ts';
import { codeOf, must, type ApiHouse, type Ask } from './house.ts';
import { OperationsHouse } from './operations-house.ts';

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

/** Of the keys with one scope those of the route's area, and one of another: the others are refused alike. */
const worthAsking = (area: string, { scopes: granted }: Caller): boolean => granted?.length !== 1 || granted[0]?.startsWith(`${area}:`) === true || granted[0] === (area === 'system' ? 'policy:write' : 'system:write');

/** `unknown`: there is no such room, for who asks. */
type Verdict = 'through' | 'sign_in' | 'forbidden' | 'unknown';

/** Handlers that look closer than the need: they refuse some of those let through. */
const closer: ReadonlySet<string> = new Set(['GET /api/v1/rooms/{id}/conference', 'GET /api/v1/rooms/{id}/occurrences']);

/** What `x-needs` promises, worked out here a second time. `whose`: the user, or the owner of the room, in the URL is the caller; members are of that room. */
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
  if (typeof needs === 'object' && needs !== null && 'room' in needs) return promisedInRoom(needs as RoomNeed, caller, whose);
  const { privilege } = needs as { privilege: Privilege };
  return allPrivileges.indexOf(caller.privilege) <= allPrivileges.indexOf(privilege) ? 'through' : 'forbidden';
}

interface RoomNeed {
  readonly room: 'full' | 'limited' | 'seen';
  readonly permission?: string;
}

/** CO-07 to CO-10; the members of the test have all permissions. */
function promisedInRoom({ room, permission }: RoomNeed, { label, privilege, account }: Caller, whose: 'own' | 'others'): Verdict {
  if (label === 'member token' || label === 'link token') return whose === 'others' ? 'unknown' : permission === undefined ? 'forbidden' : 'through';
  if (account === 'none') return 'through';
  const creators: readonly (Privilege | undefined)[] = ['administrator', 'full_control', 'limited_control', 'creation'];
  const full: readonly (Privilege | undefined)[] = whose === 'own' ? creators : ['administrator', 'full_control'];
  const enough: Readonly<Record<RoomNeed['room'], readonly (Privilege | undefined)[]>> = { full, limited: [...full, 'limited_control'], seen: allPrivileges.filter((each) => each !== 'room_member') };
  if (enough[room].includes(privilege)) return 'through';
  return privilege === 'room_member' ? 'unknown' : 'forbidden';
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
  'POST /api/v1/rooms/{id}/participants/{call}/kick own': ['full_control', 'limited_control', 'creation', 'member token', 'link token', ...administrators('live', 'write')],
  'POST /api/v1/rooms/{id}/participants/{call}/kick others': ['full_control', ...administrators('live', 'write')],
  'POST /api/v1/rooms/{id}/participants/{call}/mute others': ['full_control', 'limited_control', ...administrators('live', 'write')],
  'GET /api/v1/rooms/{id}/participants/{call}/endpoint own': ['full_control', 'limited_control', 'creation', ...administrators('live', 'read')],
  'GET /api/v1/rooms/{id}/recordings others': ['full_control', ...administrators('recordings', 'read')],
  'GET /api/v1/recordings others': ['full_control', ...administrators('recordings', 'read')],
  'GET /api/v1/cdr/calls others': ['full_control', 'limited_control', ...administrators('records', 'read')],
  'GET /api/v1/calls/{call}/explain others': ['full_control', 'limited_control', ...administrators('records', 'read')],
  'POST /api/v1/policy/simulate others': administrators('policy', 'write'),
  'POST /api/v1/webhooks others': administrators('events', 'write'),
  'GET /api/v1/webhooks others': administrators('events', 'read'),
  'POST /api/v1/webhooks/{hook}/replay others': administrators('events', 'write'),
  'POST /api/v1/rooms others': ['full_control', 'limited_control', 'creation', ...administrators('rooms', 'write')],
  'PATCH /api/v1/rooms/{id} own': ['full_control', 'limited_control', 'creation', ...administrators('rooms', 'write')],
  'PATCH /api/v1/rooms/{id} others': ['full_control', ...administrators('rooms', 'write')],
  'DELETE /api/v1/rooms/{id} others': ['full_control', ...administrators('rooms', 'write')],
  'PATCH /api/v1/rooms/{id}/pins others': ['full_control', ...administrators('rooms', 'write')],
  'GET /api/v1/rooms/{id}/pins others': ['full_control', ...administrators('rooms', 'read')],
  'GET /api/v1/rooms/{id}/links others': ['full_control', ...administrators('rooms', 'read')],
  'GET /api/v1/rooms/{id}/links own': ['full_control', 'limited_control', 'creation', 'member token', 'link token', ...administrators('rooms', 'read')],
  'POST /api/v1/rooms/{id}/links/{role}/renew own': ['full_control', 'limited_control', 'creation', ...administrators('rooms', 'write')],
  'GET /api/v1/rooms/{id}/invitation own': ['full_control', 'limited_control', 'creation', 'member token', 'link token', ...administrators('rooms', 'read')],
  'GET /api/v1/rooms/{id}/members others': ['full_control', ...administrators('rooms', 'read')],
  'POST /api/v1/rooms/{id}/members others': ['full_control', ...administrators('rooms', 'write')],
  'DELETE /api/v1/rooms/{id}/members/{member} others': ['full_control', ...administrators('rooms', 'write')],
};

describe('every route as every kind of caller (policy.md section 4, OV-24, OV-25, OV-26)', () => {
  let opened: OperationsHouse;
  let house: ApiHouse;
  let operations: readonly Operation[];
  let count = 0;

  before(async () => {
    opened = await OperationsHouse.open();
    house = opened.api;
    const document = (await house.ask('GET', '/api/v1/openapi.json')).body as { paths: Record<string, Record<string, { 'x-needs'?: unknown; tags?: string[] }>> };
    operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { 'x-needs': needs, tags }]) => ({ method: method.toUpperCase(), path, needs, area: tags?.[0] ?? '' })));
  });

  after(() => opened.close());

  const nothing = () => ({ events: [] });
  const roomOf = async (owner?: string): Promise<string> => {
    count += 1;
    return must(await house.stores.rooms.add(newRoomSettings({ name: 'Team', aliases: [`9${count}`], ...(owner === undefined ? {} : { owner }) }), {}, nothing)).id;
  };

  /** Fresh for each request: some end the caller. Answers how to ask, the name of its account, and the room it is a member of. */
  async function credentials({ label, privilege, scopes: granted }: Caller): Promise<{ readonly ask: Ask | 'local'; readonly name: string; readonly room?: string }> {
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
    if (label === 'member token') {
      const room = await roomOf();
      const { member } = must(await house.stores.members.add(room, { id: 'ext-abcdefgh', kind: 'external', name: 'Eve', role: 'moderator', overrides: {} }, nothing));
      return { ask: { bearer: await house.token({ kind: 'member', room, member: member.id }) }, name, room };
    }
    if (label === 'link token') {
      const room = await roomOf();
      return { ask: { bearer: await house.token({ kind: 'link', room, role: 'moderator' }) }, name, room };
    }
    await house.user(name, privilege ?? 'administrator');
    return { ask: { bearer: await house.token({ kind: 'user', name }, label === 'expired token' ? -1 : 900_000) }, name };
  }

  async function verdictOf({ method, path }: Operation, caller: Caller, whose: 'own' | 'others'): Promise<Verdict> {
    const { ask, name, room } = await credentials(caller);
    const owned = caller.account === 'own' ? name : undefined;
    const id = !path.includes('{id}') ? '' : whose === 'others' ? await roomOf() : (room ?? (await roomOf(owned)));
    const url = path.replace('{id}', id).replace('{name}', whose === 'own' ? name : 'somebody-else').replaceAll(/\{\w+\}/g, 'none') + (path.endsWith('/stream') ? '?endless=no' : '');
    // An empty body is wrong for nearly every route; what counts is what is said first.
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const reply = ask === 'local' ? await house.http.local({ method: method as 'GET', path: url, ...body }) : await house.ask(method, url, { ...ask, ...body });
    const code = codeOf(reply);
    if (reply.status === 401 && code !== 'credentials_wrong') return url === '/api/v1/auth/refresh' ? 'through' : 'sign_in';
    if (code === 'room_unknown') return 'unknown';
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
      for (const caller of callers.filter((each) => worthAsking(operation.area, each))) {
        for (const whose of /\{(name|id)\}/.test(operation.path) ? (['own', 'others'] as const) : (['others'] as const)) {
          const got = await verdictOf(operation, caller, whose);
          if (got === 'forbidden' && closer.has(`${operation.method} ${operation.path}`)) continue;
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
