import type { Command } from 'commander';
import { z } from 'zod';
import { askRunning } from '../adapters/control-socket/client.ts';
import { controlSocketPath } from '../adapters/control-socket/path.ts';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { exitCodes, report, type CliIo } from './io.ts';
import type { Run } from './rooms.ts';

/** A request to the API of the running process, by its control socket: the local administrator's. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const paramsSchema = z.strictObject({ method: z.enum(methods), path: z.string().startsWith('/').max(8_192), body: z.unknown().optional(), headers: z.record(z.string(), z.string()).optional() });

/** The parameters of the control method `api`. */
export function parseApiParams(params: unknown): Result<ApiRequest, readonly Problem[]> {
  const parsed = paramsSchema.safeParse(params);
  if (!parsed.success) return err([{ code: 'bad_parameters', message: 'the request is not as expected', advice: 'use the command line of the same version as the process' }]);
  const { method, path, body, headers } = parsed.data;
  return ok({ method, path, ...(body === undefined ? {} : { body }), ...(headers === undefined ? {} : { headers }) });
}

interface Options {
  readonly ifMatch?: string;
  readonly json?: true;
}

export function addApiCommand(program: Command, io: CliIo, run: Run): void {
  program
    .command('api')
    .description('ask the API of the running process, as an administrator; see /api/v1/docs for what there is')
    .argument('<method>', methods.join(', '))
    .argument('<path>', 'such as /users or /rooms?limit=5, seen from /api/v1')
    .argument('[body]', 'JSON, or - to read it from standard input (what is given here can be seen in the list of processes)')
    .option('--if-match <etag>', 'change only what is still as it was read')
    .option('--json', 'no line breaks in the answer')
    .action((method: string, path: string, body: string | undefined, options: Options) => run(options.json === true, (config) => ask(io, config, method, path, body, options)));
}

async function ask(io: CliIo, config: Config, method: string, path: string, text: string | undefined, options: Options): Promise<number> {
  const json = options.json === true;
  const fail = (problem: Problem, code: number): number => {
    report(io, json, [problem]);
    return code;
  };
  const known = methods.find((each) => each === method.toUpperCase());
  if (known === undefined) return fail({ code: 'usage', message: `there is no method ${JSON.stringify(method)}`, advice: `use one of ${methods.join(', ')}` }, exitCodes.usage);
  const body = bodyOf(text === '-' ? await io.stdin() : text);
  if (!body.ok) return fail(body.error, exitCodes.usage);
  const request: ApiRequest = { method: known, path: fullPath(path), ...(body.value === undefined ? {} : { body: body.value }), ...(options.ifMatch === undefined ? {} : { headers: { 'if-match': options.ifMatch } }) };
  const asked = await askRunning(controlSocketPath(config.data.dir), { method: 'api', params: request });
  if (asked.kind === 'notRunning') return fail({ code: 'not_running', message: 'no process is running on this data.dir', advice: 'start it with `serve`, or name its data.dir by VESTIBULE_DATA_DIR' }, exitCodes.notRunning);
  if (!asked.answer.ok) {
    report(io, json, asked.answer.error);
    return exitCodes.failed;
  }
  return show(io, json, asked.answer.value as ApiAnswer);
}

function show(io: CliIo, json: boolean, { status, body }: ApiAnswer): number {
  if (status < 400) {
    if (body !== '') io.stdout(typeof body === 'string' ? `${body}\n` : `${JSON.stringify(body, null, json ? 0 : 2)}\n`);
    return exitCodes.done;
  }
  const problems = problemsIn(body);
  report(io, json, problems.length > 0 ? problems : [{ code: 'failed', message: `the process answered ${status}`, advice: 'look at its log' }]);
  return exitCodes.failed;
}

function bodyOf(text: string | undefined): Result<unknown, Problem> {
  if (text === undefined) return ok(undefined);
  try {
    return ok(JSON.parse(text));
  } catch {
    return err({ code: 'body_invalid', message: 'the body is not JSON', advice: 'put it in single quotes, or read it from standard input with -' });
  }
}

const outside: readonly string[] = ['/healthz', '/readyz', '/metrics'];

function fullPath(path: string): string {
  const rooted = path.startsWith('/') ? path : `/${path}`;
  return rooted.startsWith('/api/') || outside.includes(rooted) ? rooted : `/api/v1${rooted}`;
}

const errorShape = z.object({ code: z.string(), message: z.string(), advice: z.string() });
const answerShape = z.object({ error: errorShape.extend({ problems: z.array(errorShape).optional() }) });

function problemsIn(body: unknown): readonly Problem[] {
  const parsed = answerShape.safeParse(body);
  if (!parsed.success) return [];
  const { problems, ...first } = parsed.data.error;
  return problems ?? [first];
}
