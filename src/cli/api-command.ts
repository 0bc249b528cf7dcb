import type { Command } from 'commander';
import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { apiMethods, askApi, showAnswer, type ApiRequest } from './api-client.ts';
import { exitCodes, report, type CliIo } from './io.ts';
import type { Run } from './rooms.ts';

const paramsSchema = z.strictObject({ method: z.enum(apiMethods), path: z.string().startsWith('/').max(8_192), body: z.unknown().optional(), headers: z.record(z.string(), z.string()).optional() });

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
    .argument('<method>', apiMethods.join(', '))
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
  const known = apiMethods.find((each) => each === method.toUpperCase());
  if (known === undefined) return fail({ code: 'usage', message: `there is no method ${JSON.stringify(method)}`, advice: `use one of ${apiMethods.join(', ')}` }, exitCodes.usage);
  const body = bodyOf(text === '-' ? await io.stdin() : text);
  if (!body.ok) return fail(body.error, exitCodes.usage);
  const request: ApiRequest = { method: known, path: fullPath(path), ...(body.value === undefined ? {} : { body: body.value }), ...(options.ifMatch === undefined ? {} : { headers: { 'if-match': options.ifMatch } }) };
  return showAnswer(io, json, await askApi(config, request), (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2)));
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
