import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { askRunning, type AskOutcome } from '../../../../src/adapters/control-socket/client.ts';
import { controlSocketPath } from '../../../../src/adapters/control-socket/path.ts';
import type { ControlHandlers } from '../../../../src/adapters/control-socket/protocol.ts';
import { listenControl, type ControlServer } from '../../../../src/adapters/control-socket/server.ts';
import { err, ok } from '../../../../src/lib/result.ts';

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'vestibule-control-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

const defects: string[] = [];

async function serve(t: TestContext, handlers: ControlHandlers, deadlineMs = 8_000): Promise<ControlServer> {
  const listening = await listenControl({ path: controlSocketPath(folder(t)), handlers, deadlineMs, onDefect: (method) => defects.push(method) });
  if (!listening.ok) throw new Error(listening.error.code);
  t.after(() => listening.value.close());
  return listening.value;
}

const codeOf = (outcome: AskOutcome): string => (outcome.kind === 'notRunning' ? outcome.kind : outcome.answer.ok ? 'ok' : (outcome.answer.error[0]?.code ?? ''));

/** Sends raw bytes and gives all that comes back. */
async function raw(path: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(path);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

describe('the control socket', () => {
  it('carries a question and its answer, both ways whole', async (t) => {
    const { path } = await serve(t, { echo: (params) => Promise.resolve(ok(params)) });
    const params = { text: 'ä\n"', list: Array.from({ length: 2_000 }, (_, n) => n) };
    assert.deepEqual(await askRunning(path, { method: 'echo', params }), { kind: 'answered', answer: { ok: true, value: params } });
  });

  it('carries problems', async (t) => {
    const problems = [{ code: 'alias_taken', message: 'm', advice: 'a' }];
    const { path } = await serve(t, { add: () => Promise.resolve(err(problems)) });
    assert.deepEqual(await askRunning(path, { method: 'add', params: null }), { kind: 'answered', answer: { ok: false, error: problems } });
  });

  it('is for its owner only', async (t) => {
    const { path } = await serve(t, {});
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('answers several at a time', async (t) => {
    const { path } = await serve(t, { echo: (params) => Promise.resolve(ok(params)) });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, params) => askRunning(path, { method: 'echo', params })));
    assert.deepEqual(answers.map((outcome) => (outcome.kind === 'answered' && outcome.answer.ok ? outcome.answer.value : -1)), Array.from({ length: 10 }, (_, n) => n));
  });

  it('without a process says so; also with the socket of a dead one, which is replaced', async (t) => {
    const path = controlSocketPath(folder(t));
    assert.equal(codeOf(await askRunning(path, { method: 'ping', params: null })), 'notRunning');
    // A socket bound and left behind by a process that did not close it.
    const dead = createServer().listen(`${path}.dead`);
    await once(dead, 'listening');
    renameSync(`${path}.dead`, path);
    dead.close();
    await once(dead, 'close');
    assert.ok(existsSync(path));
    assert.equal(codeOf(await askRunning(path, { method: 'ping', params: null })), 'notRunning');
    const listening = await listenControl({ path, handlers: {}, onDefect: () => undefined });
    assert.ok(listening.ok);
    assert.equal(codeOf(await askRunning(path, { method: 'ping', params: null })), 'ok');
    await listening.value.close();
    assert.ok(!existsSync(path), 'it is gone with its process');
  });

  it('of a living process is left alone: already_running', async (t) => {
    const { path } = await serve(t, {});
    const second = await listenControl({ path, handlers: {}, onDefect: () => undefined });
    assert.equal(second.ok ? 'ok' : second.error.code, 'already_running');
    assert.equal(codeOf(await askRunning(path, { method: 'ping', params: null })), 'ok');
  });

  it('of a dead process goes to one of several that start at once, and is free again when that one is killed', async (t) => {
    const path = controlSocketPath(folder(t));
    for (let round = 0; round < 3; round += 1) {
      const contenders = Array.from({ length: 4 }, () => fork(join(import.meta.dirname, 'contender.js'), [path]));
      t.after(() => contenders.forEach((contender) => contender.kill('SIGKILL')));
      await Promise.all(contenders.map((contender) => once(contender, 'message')));
      const said = Promise.all(contenders.map((contender) => once(contender, 'message')));
      for (const contender of contenders) contender.send('go');
      assert.deepEqual((await said).map(([what]) => String(what)).sort(), ['already_running', 'already_running', 'already_running', 'listening']);
      for (const contender of contenders) contender.kill('SIGKILL');
      await Promise.all(contenders.map((contender) => once(contender, 'exit')));
      assert.ok(existsSync(path), 'what the dead one left');
    }
  });

  it('that cannot be made is a clear error: control_unwritable', async (t) => {
    const file = join(folder(t), 'file');
    writeFileSync(file, 'a file where the folder should be');
    const listening = await listenControl({ path: join(file, 'control.sock'), handlers: {}, onDefect: () => undefined });
    assert.equal(listening.ok ? 'ok' : listening.error.code, 'control_unwritable');
  });

  it('answers what is no request, what it does not know and what fails, and goes on', async (t) => {
    const { path } = await serve(t, { broken: () => Promise.reject(new Error('secret inside')) });
    assert.match(await raw(path, 'not json\n'), /control_bad_request/);
    assert.match(await raw(path, '{"params":1}\n'), /control_bad_request/);
    assert.match(await raw(path, Buffer.alloc(70_000, 'x')), /^$|control_bad_request/, 'larger than a request may be');
    assert.equal(codeOf(await askRunning(path, { method: 'nothing', params: null })), 'control_unknown_method');
    assert.equal(codeOf(await askRunning(path, { method: 'constructor', params: null })), 'control_unknown_method');
    const failed = await askRunning(path, { method: 'broken', params: null });
    assert.equal(codeOf(failed), 'control_failed');
    assert.doesNotMatch(JSON.stringify(failed), /secret inside/);
    assert.deepEqual(defects, ['broken']);
    assert.equal(codeOf(await askRunning(path, { method: 'ping', params: null })), 'ok');
  });

  it('has a deadline on both sides', async (t) => {
    const { path } = await serve(t, { never: () => new Promise(() => undefined) }, 30);
    assert.equal(codeOf(await askRunning(path, { method: 'never', params: null })), 'control_timeout');
    assert.match(await raw(path, 'half a request'), /control_timeout/);
    const slow = await serve(t, { never: () => new Promise(() => undefined) });
    assert.equal(codeOf(await askRunning(slow.path, { method: 'never', params: null }, 30)), 'control_timeout');
  });

  it('is found under a short name when data.dir is too long for a socket (unix(7))', async (t) => {
    const long = join(folder(t), 'x'.repeat(120));
    const path = controlSocketPath(long);
    assert.ok(path.length <= 107 && path.startsWith(tmpdir()));
    assert.equal(controlSocketPath(long), path);
    assert.notEqual(controlSocketPath(`${long}y`), path);
    const listening = await listenControl({ path, handlers: {}, onDefect: () => undefined });
    assert.ok(listening.ok);
    await listening.value.close();
  });
});
