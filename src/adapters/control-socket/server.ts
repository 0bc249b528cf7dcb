import { chmodSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { askRunning } from './client.ts';
import { firstLine } from './line.ts';
import { takeLock } from './lock.ts';
import { decodeRequest, encodeAnswer, largestRequest, type ControlAnswer, type ControlHandlers } from './protocol.ts';

export type ControlListenProblem = Problem<'already_running' | 'control_unwritable'>;

export interface ControlServer {
  readonly path: string;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

export interface ControlServerOptions {
  readonly path: string;
  readonly handlers: ControlHandlers;
  /** Milliseconds a client has to send its request, and a handler to answer it. */
  readonly deadlineMs?: number;
  /** A handler threw: a defect, for the log. */
  readonly onDefect: (method: string, error: unknown) => void;
}

const alreadyRunning: ControlListenProblem = { code: 'already_running', message: 'a process is already running on this data.dir', advice: 'stop it first, or give this one a data.dir of its own' };
/** More command lines than this at a time are a runaway script. */
const mostConnections = 32;

/** Listens for the command line. The socket of a dead process is replaced, that of a living one is `already_running`. */
export async function listenControl(options: ControlServerOptions): Promise<Result<ControlServer, ControlListenProblem>> {
  const before = await askRunning(options.path, { method: 'ping', params: null }, 2_000);
  // One that does not answer is running all the same; one that cannot be reached is a matter of the path.
  if (before.kind === 'answered' && (before.answer.ok || before.answer.error[0]?.code !== 'control_unreachable')) {
    return err(alreadyRunning);
  }
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    // The client may go at any time; what it asked for is done all the same.
    socket.on('error', () => socket.destroy());
    serveOne(socket, options);
  });
  server.maxConnections = mostConnections;
  let lock: ReturnType<typeof takeLock>;
  try {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    // Two that start at once both find the socket dead: only one of them may replace it.
    lock = takeLock(`${options.path}.lock`);
    if (lock === undefined) return err(alreadyRunning);
    removeStale(options.path);
    await bind(server, options.path);
    chmodSync(options.path, 0o600);
  } catch (error) {
    server.close();
    lock?.release();
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return err({ code: 'control_unwritable', message: `the control socket ${JSON.stringify(options.path)} cannot be made [${code}]`, advice: 'make data.dir writable for the user this process runs as' });
  }
  return ok({
    path: options.path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          lock.release();
          resolve();
        });
        for (const socket of connections) socket.destroy();
      }),
  });
}

function removeStale(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Bound within the call: with this mask nobody else can connect before the mode is set.
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function serveOne(socket: Socket, options: ControlServerOptions): void {
  const deadline = setTimeout(() => finish(err([{ code: 'control_timeout', message: 'the request was not answered in time', advice: 'look at the log of the process and try again' }])), options.deadlineMs ?? 8_000);
  let finished = false;
  const finish = (answer: ControlAnswer): void => {
    if (finished) return;
    finished = true;
    clearTimeout(deadline);
    socket.end(encodeAnswer(answer));
  };
  socket.on('close', () => clearTimeout(deadline));
  firstLine(socket, largestRequest, (line) => {
    const request = line === undefined ? undefined : decodeRequest(line);
    if (request === undefined) {
      finish(err([{ code: 'control_bad_request', message: 'this is not a request', advice: 'send one line of JSON with `method` and `params`' }]));
      return;
    }
    if (request.method === 'ping') {
      finish(ok('pong'));
      return;
    }
    const handler = Object.hasOwn(options.handlers, request.method) ? options.handlers[request.method] : undefined;
    if (handler === undefined) {
      finish(err([{ code: 'control_unknown_method', message: `the running process does not know ${JSON.stringify(request.method.slice(0, 64))}`, advice: 'use the command line of the same version as the process' }]));
      return;
    }
    handler(request.params).then(finish, (error: unknown) => {
      options.onDefect(request.method, error);
      finish(err([{ code: 'control_failed', message: 'the running process failed on this request', advice: 'this is a defect: report it with the log' }]));
    });
  });
}
