import { z } from 'zod';
import { askRunning } from '../adapters/control-socket/client.ts';
import { controlSocketPath } from '../adapters/control-socket/path.ts';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { exitCodes, report, type CliIo } from './io.ts';

export const apiMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A request to the API of the running process, by its control socket: the local administrator's. */
export interface ApiRequest {
  readonly method: (typeof apiMethods)[number];
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

export interface ApiFailure {
  readonly problems: readonly Problem[];
  readonly exitCode: number;
}

/** The body of what the process answered. */
export async function askApi(config: Config, request: ApiRequest): Promise<Result<unknown, ApiFailure>> {
  const asked = await askRunning(controlSocketPath(config.data.dir), { method: 'api', params: request });
  if (asked.kind === 'notRunning') return err({ problems: [{ code: 'not_running', message: 'no process is running on this data.dir', advice: 'start it with `serve`, or name its data.dir by VESTIBULE_DATA_DIR' }], exitCode: exitCodes.notRunning });
  if (!asked.answer.ok) return err({ problems: asked.answer.error, exitCode: exitCodes.failed });
  const { status, body } = asked.answer.value as ApiAnswer;
  if (status < 400) return ok(body);
  const problems = problemsIn(body);
  return err({ problems: problems.length > 0 ? problems : [{ code: 'failed', message: `the process answered ${status}`, advice: 'look at its log' }], exitCode: exitCodes.failed });
}

/** Asks one thing after the other about a room that is named by an alias. `path`: below the room, beginning with a slash, or empty. */
export async function askAboutRoom(config: Config, alias: string, { method, path, body }: ApiRequest): Promise<Result<unknown, ApiFailure>> {
  const found = await askApi(config, { method: 'GET', path: `/api/v1/rooms?fields=id&alias=${encodeURIComponent(alias)}` });
  if (!found.ok) return found;
  // Of several that share it, the oldest.
  const [room] = (found.value as { readonly items: readonly { readonly id: string }[] }).items;
  if (room === undefined) return err({ problems: [{ code: 'room_unknown', message: `no room has the alias ${JSON.stringify(alias)}`, advice: 'see `room list` for the rooms there are' }], exitCode: exitCodes.failed });
  return askApi(config, { method, path: `/api/v1/rooms/${room.id}${path}`, ...(body === undefined ? {} : { body }) });
}

/** Shows what was answered, as JSON or as `text` makes it; answers the exit code. */
export function showAnswer(io: CliIo, json: boolean, answer: Result<unknown, ApiFailure>, text: (value: unknown) => string): number {
  if (!answer.ok) {
    report(io, json, answer.error.problems);
    return answer.error.exitCode;
  }
  const shown = json && typeof answer.value !== 'string' ? JSON.stringify(answer.value) : text(answer.value).replace(/\n$/, '');
  if (shown !== '') io.stdout(`${shown}\n`);
  return exitCodes.done;
}

const errorShape = z.object({ code: z.string(), message: z.string(), advice: z.string() });
const answerShape = z.object({ error: errorShape.extend({ problems: z.array(errorShape).optional() }) });

function problemsIn(body: unknown): readonly Problem[] {
  const parsed = answerShape.safeParse(body);
  if (!parsed.success) return [];
  const { problems, ...first } = parsed.data.error;
  return problems ?? [first];
}
