import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import type { Status } from '../../src/ports/status.ts';
import { ApiHouse, codeOf, type Reply } from './house.ts';

describe('the HTTP server', () => {
  let house: ApiHouse;
  let bearer: string;

  before(async () => {
    house = await ApiHouse.open({ bodyBytes: 2_048 });
    bearer = await house.signedIn('admin', 'administrator');
  });
  after(() => house.close());

  /** What comes back for bytes that no HTTP client would send. */
  async function raw(text: string): Promise<string> {
    const socket = connect(Number(new URL(house.http.url).port), '127.0.0.1');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.end(text);
    await once(socket, 'close');
    return got;
  }

  const post = (body: string, headers: Record<string, string> = {}): Promise<Reply> => house.ask('POST', '/api/v1/auth/login', { body, headers });

  const refused: readonly (readonly [string, () => Promise<Reply>, number, string])[] = [
    ['a path there is not', () => house.ask('GET', '/api/v1/nothing'), 404, 'not_found'],
    ['a method the path has not', () => house.ask('POST', '/healthz', { body: {} }), 405, 'method_not_allowed'],
    ['a method of a path with a parameter', () => house.ask('POST', '/api/v1/users/alice', { body: {} }), 405, 'method_not_allowed'],
    ['a path that cannot be decoded', () => house.ask('GET', '/%zz'), 400, 'malformed'],
    ['a body that is not JSON', () => post('{"name'), 400, 'malformed'],
    ['an empty body', () => post('{}'), 400, 'invalid'],
    ['a body that would change the prototype', () => post('{"__proto__":{"name":"x"}}'), 400, 'malformed'],
    ['a body of another type', () => post('name=x', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'media_type_unsupported'],
    ['a body too large', () => post(JSON.stringify({ name: 'x'.repeat(3_000) })), 413, 'too_large'],
    ['a query of the wrong type', () => house.ask('GET', '/api/v1/users?limit=many', { bearer }), 400, 'invalid'],
    ['a query there is not', () => house.ask('GET', '/api/v1/users?colour=red', { bearer }), 400, 'invalid'],
  ];
  for (const [name, ask, status, code] of refused) {
    it(`${name}: ${status} ${code}, in the one shape`, async () => {
      const reply = await ask();
      assert.deepEqual([reply.status, codeOf(reply)], [status, code], reply.text);
      const { error } = reply.body as { error: Record<string, unknown> };
      assert.ok(typeof error['message'] === 'string' && typeof error['advice'] === 'string');
      assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
    });
  }

  it('a command without parameters may come without a body, whatever type the client names', async () => {
    const none = await post('');
    assert.deepEqual([none.status, codeOf(none)], [400, 'invalid'], 'as no body: something is missing');
    const loggedOut = await house.ask('POST', '/api/v1/auth/logout', { bearer: await house.signedIn('leaving', 'list'), headers: { 'content-type': 'application/json' } });
    assert.equal(loggedOut.status, 204, loggedOut.text);
  });

  it('405 says what is possible (RFC 9110 §15.5.6)', async () => {
    assert.equal((await house.ask('PUT', '/api/v1/users/alice', { body: {} })).headers.get('allow'), 'GET, PATCH, DELETE');
  });

  it('the value that was wrong is not repeated: it may be a PIN', async () => {
    const reply = await post(JSON.stringify({ name: 'x', password: 135_792 }));
    assert.ok(reply.status === 400 && !reply.text.includes('135792'));
  });

  it('what is no HTTP gets the same shape: 400, and 431 for headers without end', async () => {
    assert.match(await raw('HELLO\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*"code":"malformed"/);
    assert.match(await raw(`GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
  });

  it('a defect is a 500 without its text; the log has it under the id of the request', async () => {
    const broken = await ApiHouse.open({ debugState: () => assert.fail('a secret of the inside') });
    try {
      const reply = await broken.ask('GET', '/api/v1/system/debug', { bearer: await broken.signedIn('admin', 'administrator') });
      assert.deepEqual([reply.status, codeOf(reply), reply.text.includes('inside')], [500, 'internal', false]);
      const id = reply.headers.get('x-request-id') ?? 'none';
      assert.ok(broken.log.some((line) => line.includes('http_defect') && line.includes(id) && line.includes('inside')));
    } finally {
      await broken.close();
    }
  });

  it('what takes longer than the deadline is answered 503', async () => {
    const slow = await ApiHouse.open({ deadlineMs: 50, status: () => new Promise(() => undefined) });
    try {
      const reply = await slow.ask('GET', '/api/v1/system', { bearer: await slow.signedIn('admin', 'administrator') });
      assert.deepEqual([reply.status, codeOf(reply)], [503, 'deadline']);
    } finally {
      await slow.close();
    }
  });

  it('every answer has an id, is not kept by caches and is not framed or guessed at by browsers', async () => {
    const { headers } = await house.ask('GET', '/healthz');
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual([headers.get('cache-control'), headers.get('x-content-type-options'), headers.get('content-security-policy')], ['no-store', 'nosniff', "default-src 'none';frame-ancestors 'none'"]);
  });

  it('the log has method, route and status, never address, header, cookie or body', async () => {
    await house.ask('POST', '/api/v1/users?token=in-the-query', { bearer, apiKey: 'in-the-key', headers: { cookie: 'vestibule_access=in-the-cookie' }, body: { name: 'in-the-body' } });
    const lines = house.log.filter((line) => line.includes('"route":"/api/v1/users"'));
    assert.ok(lines.some((line) => line.includes('"status":401') && line.includes('"from":"127.0.0.1"')));
    for (const secret of ['in-the-query', 'in-the-key', 'in-the-cookie', 'in-the-body', bearer]) assert.ok(!house.log.some((line) => line.includes(secret)));
  });

  it('/healthz is alive; /readyz tells what is missing', async () => {
    assert.deepEqual((await house.ask('GET', '/healthz')).body, { state: 'alive' });
    assert.equal((await house.ask('GET', '/readyz')).status, 200);
    house.readiness.current = { stores: 'up', signalling: 'down', media: 'up', calls: 'taken' };
    const down = await house.ask('GET', '/readyz');
    assert.deepEqual([down.status, down.body], [503, { state: 'not_ready', stores: 'up', signalling: 'down', media: 'up', calls: 'taken' }]);
    house.readiness.current = { stores: 'up', signalling: 'up', media: 'up', calls: 'draining' };
    assert.equal((await house.ask('GET', '/readyz')).status, 503);
  });

  it('the log level is changed while it runs, and that is in the audit log', async () => {
    const put = (level: string): Promise<Reply> => house.ask('PUT', '/api/v1/system/log-level', { bearer, body: { level } });
    assert.equal((await put('error')).status, 200);
    const before = house.log.length;
    await house.ask('GET', '/healthz');
    assert.equal(house.log.length, before);
    assert.equal((await put('debug')).status, 200);
    await house.ask('GET', '/healthz');
    assert.ok(house.log.length > before);
    assert.equal((await put('loud')).status, 400);
    assert.ok((await house.ask('GET', '/api/v1/audit?action=system.logLevel', { bearer })).text.includes('"level":"error"'));
  });

  it('OpenAPI 3.1: every route with its area, what it needs and what it fails with; and a page for people', async () => {
    const document = (await house.ask('GET', '/api/v1/openapi.json')).body as { openapi: string; paths: Record<string, Record<string, { tags: string[]; summary: string; description: string; responses: Record<string, unknown> }>> };
    assert.equal(document.openapi, '3.1.0');
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { tags, summary, description, responses }] of Object.entries(methods)) {
        assert.ok(tags.length === 1 && summary !== '' && /^(For|Needs) /.test(description) && '500' in responses, `${method} ${path}`);
      }
    }
    const page = await house.ask('GET', '/api/v1/docs');
    assert.ok(page.status === 200 && page.text.includes('swagger-ui'));
    assert.ok(!page.headers.get('content-security-policy')?.includes('upgrade-insecure-requests'));
  });

  it('a port in use: a problem that says so', async () => {
    await assert.rejects(ApiHouse.open({ port: Number(new URL(house.http.url).port) }), /http_port_taken.*VESTIBULE_HTTP_PORT/);
  });

  it('with certificate and key it speaks TLS alone; files that cannot be read are a problem', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vestibule-http-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-out', certFile, '-days', '1', '-subj', '/CN=localhost'], { stdio: 'ignore' });
    const secured = await ApiHouse.open({ tls: { certFile, keyFile } });
    try {
      assert.ok(secured.http.url.startsWith('https://127.0.0.1:'));
      const status = await new Promise((resolve, reject) => {
        get(`${secured.http.url}/healthz`, { rejectUnauthorized: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
      assert.equal(status, 200);
      assert.ok(secured.http.reload().ok);
      const served = (): Promise<string> =>
        new Promise((resolve, reject) => {
          const socket = connectTls({ port: Number(new URL(secured.http.url).port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
          }).on('error', reject);
        });
      const first = await served();
      const key = readFileSync(keyFile);
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile, '-out', certFile, '-days', '1', '-subj', '/CN=renewed'], { stdio: 'ignore' });
      assert.ok(secured.http.reload().ok);
      const renewed = await served();
      assert.notEqual(renewed, first);
      // A key of another certificate, no key at all, none there: what is in use stays.
      for (const spoil of [() => writeFileSync(keyFile, key), () => writeFileSync(keyFile, 'no key'), () => rmSync(keyFile)]) {
        spoil();
        const reloaded = secured.http.reload();
        assert.ok(!reloaded.ok && reloaded.error.code === 'http_certificate_unusable');
        assert.equal(await served(), renewed);
      }
      writeFileSync(keyFile, 'no key');
      await assert.rejects(ApiHouse.open({ tls: { certFile, keyFile } }), /http_certificate_unusable/);
    } finally {
      await secured.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('a request under way is finished when the server closes', async () => {
    let entered: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (entered = resolve));
    let answer: (status: Status) => void = () => undefined;
    const status = (): Promise<Status> => {
      entered();
      return new Promise((resolve) => (answer = resolve));
    };
    const closing = await ApiHouse.open({ status });
    const under = closing.ask('GET', '/api/v1/system', { bearer: await closing.signedIn('admin', 'administrator') });
    await asked;
    const closed = closing.http.close();
    answer({ version: 'late', state: 'running', uptimeSeconds: 1, listening: [], rooms: [], calls: [] });
    assert.equal(((await under).body as Status).version, 'late');
    await closed;
    await closing.stores.close();
    rmSync(closing.dataDir, { recursive: true, force: true });
  });
});

describe('requests of this machine', () => {
  let house: ApiHouse;
  before(async () => {
    house = await ApiHouse.open();
  });
  after(() => house.close());

  it('the control socket is the local administrator, in the audit log too', async () => {
    const made = await house.http.local({ method: 'POST', path: '/api/v1/users', body: { name: 'bob' } });
    assert.equal(made.status, 201);
    const audit = (await house.http.local({ method: 'GET', path: '/api/v1/audit' })).body as { items: { actor: string; from: string }[] };
    assert.equal(audit.items[0]?.actor, 'local');
  });

  it('nobody else is: the header needs the secret of this process', async () => {
    for (const secret of ['', 'guess']) assert.equal((await house.ask('GET', '/api/v1/users', { headers: { 'x-vestibule-local': secret } })).status, 401);
  });
});

describe('API keys', () => {
  let house: ApiHouse;
  let bearer: string;
  before(async () => {
    house = await ApiHouse.open();
    bearer = await house.signedIn('admin', 'administrator');
  });
  after(() => house.close());

  interface Made {
    readonly apiKey: { readonly id: string; readonly prefix: string; readonly lastUsedAt?: string };
    readonly key: string;
  }
  const make = async (given: object): Promise<Made> => {
    const reply = await house.ask('POST', '/api/v1/api-keys', { bearer, body: { name: 'backup', scopes: ['users:read'], ...given } });
    assert.equal(reply.status, 201, reply.text);
    return reply.body as Made;
  };

  it('works in its scopes until it is revoked; shown once, kept as a hash, its use noted', async () => {
    const { apiKey, key } = await make({});
    assert.ok(key.startsWith(apiKey.prefix) && key.length > 50);
    assert.equal((await house.ask('GET', '/api/v1/users', { apiKey: key })).status, 200);
    assert.equal((await house.ask('POST', '/api/v1/users', { apiKey: key, body: { name: 'x' } })).status, 403);
    const list = await house.ask('GET', '/api/v1/api-keys', { bearer });
    assert.ok(!list.text.includes(key) && list.text.includes('lastUsedAt'));
    assert.equal((await house.ask('DELETE', `/api/v1/api-keys/${apiKey.id}`, { bearer })).status, 204);
    assert.equal((await house.ask('GET', '/api/v1/users', { apiKey: key })).status, 401);
    assert.equal((await house.ask('DELETE', `/api/v1/api-keys/${apiKey.id}`, { bearer })).status, 404);
  });

  it('ends when it is said to; one that has ended already is not made', async () => {
    const { key } = await make({ expiresAt: new Date(house.now + 60_000).toISOString() });
    assert.equal((await house.ask('GET', '/api/v1/auth/me', { apiKey: key })).status, 200);
    house.advance(60_001);
    assert.equal((await house.ask('GET', '/api/v1/auth/me', { apiKey: key })).status, 401);
    const late = await house.ask('POST', '/api/v1/api-keys', { bearer, body: { name: 'late', scopes: ['users:read'], expiresAt: new Date(house.now - 1).toISOString() } });
    assert.deepEqual([late.status, codeOf(late)], [422, 'expiry_past']);
  });

  it('is in the audit log by its name, without the key', async () => {
    const { key } = await make({ name: 'sync', scopes: ['users:write'] });
    await house.ask('POST', '/api/v1/users', { apiKey: key, body: { name: 'made-by-key' } });
    const audit = await house.ask('GET', '/api/v1/audit?limit=5', { bearer });
    assert.ok(audit.text.includes('"actor":"apiKey:sync"') && !audit.text.includes(key));
  });
});
