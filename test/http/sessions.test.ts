import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ApiHouse, codeOf, type Reply } from './house.ts';

const password = 'correct horse';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const tokensOf = (reply: Reply): Tokens => {
  assert.equal(reply.status, 200, reply.text);
  return reply.body as Tokens;
};

/** Name to value and attributes of what an answer sets. */
const cookiesOf = ({ headers }: Reply): ReadonlyMap<string, { readonly value: string; readonly attributes: string }> =>
  new Map(
    headers.getSetCookie().map((line) => {
      const [pair = '', ...attributes] = line.split('; ');
      return [pair.slice(0, pair.indexOf('=')), { value: pair.slice(pair.indexOf('=') + 1), attributes: attributes.join('; ') }] as const;
    }),
  );

describe('logins', () => {
  let house: ApiHouse;
  let count = 0;
  let name = '';

  before(async () => {
    house = await ApiHouse.open();
  });
  after(() => house.close());
  beforeEach(async () => {
    count += 1;
    name = `user${count}`;
    // Wrong passwords of the test before are forgotten.
    house.advance(3_600_000);
    await house.user(name, 'creation', password);
  });

  const login = (given: object = {}): Promise<Reply> => house.ask('POST', '/api/v1/auth/login', { body: { name, password, ...given } });
  const me = (bearer: string): Promise<Reply> => house.ask('GET', '/api/v1/auth/me', { bearer });

  it('name and password give tokens; the access token stands for the user, with the privilege in force', async () => {
    const { accessToken } = tokensOf(await login());
    assert.deepEqual((await me(accessToken)).body, { kind: 'user', actor: `user:${name}`, privilege: 'creation' });
    const raised = await house.stores.users.change(name, undefined, { privilege: 'full_control' }, () => ({ events: [] }));
    assert.ok(raised.ok);
    assert.deepEqual((await me(accessToken)).body, { kind: 'user', actor: `user:${name}`, privilege: 'full_control' });
  });

  it('a name in another case is the same', async () => {
    assert.equal((await login({ name: name.toUpperCase() })).status, 200);
  });

  it('an unknown name and a wrong password are answered alike', async () => {
    const [wrong, unknown] = [await login({ password: 'something else' }), await login({ name: 'nobody-here' })];
    assert.deepEqual([wrong.status, wrong.text], [401, unknown.text]);
    assert.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="vestibule"');
  });

  it('an access token ends after its lifetime, a refresh token gives new ones', async () => {
    const first = tokensOf(await login());
    house.advance(900_001);
    assert.deepEqual([(await me(first.accessToken)).status, codeOf(await me(first.accessToken))], [401, 'token_invalid']);
    const second = tokensOf(await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: first.refreshToken } }));
    assert.equal((await me(second.accessToken)).status, 200);
    house.advance(86_400_001);
    assert.equal((await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: second.refreshToken } })).status, 401);
  });

  it('a refresh token is no access token', async () => {
    assert.equal((await me(tokensOf(await login()).refreshToken)).status, 401);
  });

  it('a refresh token that comes a second time ends the whole login, and is logged', async () => {
    const first = tokensOf(await login());
    const second = tokensOf(await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: first.refreshToken } }));
    assert.equal((await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: first.refreshToken } })).status, 401);
    assert.equal((await me(second.accessToken)).status, 401);
    assert.equal((await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: second.refreshToken } })).status, 401);
    assert.ok(house.log.some((line) => line.includes('refresh_reused')));
  });

  it('logout ends the tokens of this login, not those of another', async () => {
    const [here, there] = [tokensOf(await login()), tokensOf(await login())];
    assert.equal((await house.ask('POST', '/api/v1/auth/logout', { bearer: here.accessToken })).status, 204);
    assert.equal((await me(here.accessToken)).status, 401);
    assert.equal((await house.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken: here.refreshToken } })).status, 401);
    assert.equal((await me(there.accessToken)).status, 200);
  });

  it('the own password: the old one is asked for, other logins end, the new one counts (OV-23)', async () => {
    const [here, there] = [tokensOf(await login()), tokensOf(await login())];
    const change = (body: object): Promise<Reply> => house.ask('POST', '/api/v1/auth/password', { bearer: here.accessToken, body });
    assert.equal(codeOf(await change({ old: 'not the one', password: 'battery staple' })), 'old_password_wrong');
    assert.equal(codeOf(await change({ old: password, password: 'short' })), 'password_unfit');
    assert.equal(codeOf(await change({ old: password, password })), 'password_unfit');
    assert.equal((await change({ old: password, password: 'battery staple' })).status, 204);
    assert.equal((await me(here.accessToken)).status, 200);
    assert.equal((await me(there.accessToken)).status, 401);
    assert.equal((await login()).status, 401);
    assert.equal((await login({ password: 'battery staple' })).status, 200);
  });

  it('whoever got his password from somebody else chooses an own one before anything else', async () => {
    await house.user(`${name}-made`, 'administrator', password, true);
    const { accessToken: bearer } = tokensOf(await login({ name: `${name}-made` }));
    assert.equal(codeOf(await house.ask('GET', '/api/v1/users', { bearer })), 'password_change_required');
    assert.equal((await me(bearer)).status, 200);
    assert.equal((await house.ask('POST', '/api/v1/auth/password', { bearer, body: { old: password, password: 'battery staple' } })).status, 204);
    assert.equal((await house.ask('GET', '/api/v1/users', { bearer })).status, 200);
  });

  it('five wrong passwords are free, then the source waits, longer each time; the right one does not help meanwhile', async () => {
    for (let attempt = 1; attempt <= 5; attempt++) assert.equal((await login({ password: 'wrong' })).status, 401, `attempt ${attempt}`);
    // The sixth sets the first wait.
    assert.equal((await login({ password: 'wrong' })).status, 401);
    const held = await login();
    assert.deepEqual([held.status, codeOf(held), held.headers.get('retry-after')], [429, 'too_many_attempts', '1']);
    house.advance(1_000);
    assert.equal((await login({ password: 'wrong' })).status, 401);
    assert.equal((await login()).headers.get('retry-after'), '2');
    house.advance(2_000);
    assert.equal((await login()).status, 200);
  });

  it('guesses at many names from one source make it wait as a whole', async () => {
    for (let attempt = 0; attempt < 31; attempt++) await login({ name: `guess${attempt}`, password: 'wrong' });
    assert.equal((await login()).status, 429);
  });

  describe('by cookie', () => {
    it('tokens are in cookies scripts cannot read, sent to this site alone; nothing of them is in the body', async () => {
      const reply = await login({ session: 'cookie' });
      const cookies = cookiesOf(reply);
      assert.match(cookies.get('vestibule_access')?.attributes ?? '', /Max-Age=900; Path=\/; HttpOnly; SameSite=Strict$/);
      assert.match(cookies.get('vestibule_refresh')?.attributes ?? '', /Max-Age=86400; Path=\/api\/v1\/auth; HttpOnly; SameSite=Strict$/);
      assert.match(cookies.get('vestibule_csrf')?.attributes ?? '', /Path=\/; SameSite=Strict$/);
      assert.ok(!reply.text.includes(cookies.get('vestibule_access')?.value ?? 'missing'));
      assert.equal((reply.body as Partial<Tokens>).accessToken, undefined);
    });

    it('reading needs the cookie alone; a change needs the header as well (double submit)', async () => {
      const cookies = cookiesOf(await login({ session: 'cookie' }));
      const csrf = cookies.get('vestibule_csrf')?.value ?? '';
      const cookie = [...cookies].map(([key, { value }]) => `${key}=${value}`).join('; ');
      assert.equal((await house.ask('GET', '/api/v1/auth/me', { headers: { cookie } })).status, 200);
      const patch = (headers: Record<string, string>): Promise<Reply> => house.ask('PATCH', `/api/v1/users/${name}`, { headers: { cookie, ...headers }, body: { display: 'Somebody' } });
      assert.deepEqual([(await patch({})).status, codeOf(await patch({}))], [403, 'csrf_missing']);
      assert.equal(codeOf(await patch({ 'x-vestibule-csrf': 'guessed' })), 'csrf_missing');
      assert.equal((await patch({ 'x-vestibule-csrf': csrf })).status, 200);
      assert.equal(codeOf(await house.ask('POST', '/api/v1/auth/refresh', { headers: { cookie }, body: {} })), 'csrf_missing');
      const renewed = await house.ask('POST', '/api/v1/auth/refresh', { headers: { cookie, 'x-vestibule-csrf': csrf }, body: {} });
      assert.equal(renewed.status, 200);
      assert.ok(cookiesOf(renewed).has('vestibule_access'));
    });

    it('logout takes the cookies away', async () => {
      const cookies = cookiesOf(await login({ session: 'cookie' }));
      const cookie = [...cookies].map(([key, { value }]) => `${key}=${value}`).join('; ');
      const reply = await house.ask('POST', '/api/v1/auth/logout', { headers: { cookie, 'x-vestibule-csrf': cookies.get('vestibule_csrf')?.value ?? '' } });
      assert.equal(reply.status, 204);
      for (const [, { value, attributes }] of cookiesOf(reply)) assert.ok(value === '' && attributes.includes('Max-Age=0'));
    });

    it('behind a public https address they are Secure', async () => {
      const secured = await ApiHouse.open({ publicUrl: 'https://meet.example.com/' });
      try {
        await secured.user('alice', 'creation', password);
        const reply = await secured.ask('POST', '/api/v1/auth/login', { body: { name: 'alice', password, session: 'cookie' } });
        for (const [, { attributes }] of cookiesOf(reply)) assert.match(attributes, /Secure/);
        assert.ok(reply.headers.get('strict-transport-security')?.includes('max-age='));
        assert.equal(secured.http.publicUrl, 'https://meet.example.com');
      } finally {
        await secured.close();
      }
    });
  });

  it('neither passwords nor tokens are in the log or the database', async () => {
    const { accessToken, refreshToken } = tokensOf(await login());
    const cookies = cookiesOf(await login({ session: 'cookie' }));
    await house.ask('POST', '/api/v1/auth/password', { bearer: accessToken, body: { old: password, password: 'battery staple' } });
    const kept = readdirSync(house.dataDir).map((file) => readFileSync(join(house.dataDir, file), 'latin1'));
    for (const secret of [password, 'battery staple', accessToken, refreshToken, cookies.get('vestibule_access')?.value ?? 'missing', cookies.get('vestibule_csrf')?.value ?? 'missing']) {
      assert.ok(!house.log.some((line) => line.includes(secret)) && !kept.some((text) => text.includes(secret)), 'a secret was kept');
    }
  });
});
