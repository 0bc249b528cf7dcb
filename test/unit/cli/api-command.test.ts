import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ok } from '../../../src/lib/result.ts';
import { parseApiParams } from '../../../src/cli/api-command.ts';
import { Desk } from './fixture.ts';

/** A desk with a process that answers as told and remembers what it was asked. */
async function served(desk: Desk, status: number, body: unknown): Promise<readonly unknown[]> {
  const asked: unknown[] = [];
  await desk.process({
    api: (params) => {
      asked.push(params);
      return Promise.resolve(ok({ status, headers: {}, body }));
    },
  });
  return asked;
}

describe('vestibule api', () => {
  it('asks the API of the process; the path is seen from /api/v1', async (t) => {
    const desk = new Desk(t);
    const asked = await served(desk, 200, { items: [] });
    const got = await desk.run('api', 'get', '/users?limit=2', '--json');
    assert.deepEqual([got.code, got.stdout], [0, '{"items":[]}\n']);
    await desk.run('api', 'GET', '/healthz');
    await desk.run('api', 'PATCH', '/api/v1/users/bob', '{"display":"B"}', '--if-match', '"3"');
    assert.deepEqual(asked, [
      { method: 'GET', path: '/api/v1/users?limit=2' },
      { method: 'GET', path: '/healthz' },
      { method: 'PATCH', path: '/api/v1/users/bob', body: { display: 'B' }, headers: { 'if-match': '"3"' } },
    ]);
  });

  it('a body with a secret comes from standard input', async (t) => {
    const desk = new Desk(t);
    const asked = await served(desk, 204, '');
    desk.input = '{"password":"from the keyboard"}';
    const done = await desk.run('api', 'PUT', '/users/admin/password', '-');
    assert.deepEqual([done.code, done.stdout, asked[0]], [0, '', { method: 'PUT', path: '/api/v1/users/admin/password', body: { password: 'from the keyboard' } }]);
  });

  it('problems of the API are told as all others are, each of them', async (t) => {
    const desk = new Desk(t);
    const problem = (code: string) => ({ code, message: 'wrong', advice: 'right it' });
    await served(desk, 422, { error: { ...problem('one'), problems: [problem('one'), problem('two')] } });
    const got = await desk.run('api', 'POST', '/users', '{}');
    assert.deepEqual([got.code, got.stderr], [1, 'error: wrong (one): right it\nerror: wrong (two): right it\n']);
  });

  for (const [name, args, code, problem] of [
    ['a method there is not', ['FETCH', '/users'], 2, 'usage'],
    ['a body that is not JSON', ['POST', '/users', '{name}'], 2, 'body_invalid'],
    ['no process', ['GET', '/users'], 3, 'not_running'],
  ] as const) {
    it(`${name}: ${problem}`, async (t) => {
      const got = await new Desk(t).run('api', ...args);
      assert.equal(got.code, code);
      assert.match(got.stderr, new RegExp(`\\(${problem}\\)`));
    });
  }

  it('the process takes a request and nothing else', () => {
    assert.ok(parseApiParams({ method: 'GET', path: '/x' }).ok);
    for (const params of [null, {}, { method: 'TRACE', path: '/x' }, { method: 'GET', path: 'x' }, { method: 'GET', path: '/x', more: 1 }]) assert.ok(!parseApiParams(params).ok);
  });
});
