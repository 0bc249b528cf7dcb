import type { Problem } from '../../lib/problem.ts';
import type { Result } from '../../lib/result.ts';

/**
 * The command line talks to the running process over a Unix socket: one connection, one request line, one answer line, both JSON.
 *
 *   {"method":"room.add","params":{...}}
 *   {"ok":true,"value":...}   or   {"ok":false,"problems":[{"code":...,"message":...,"advice":...}]}
 */
export interface ControlRequest {
  readonly method: string;
  readonly params: unknown;
}

export type ControlAnswer = Result<unknown, readonly Problem[]>;

/** What a method does with its parameters, which are checked by the method itself. */
export type ControlHandlers = Readonly<Record<string, (params: unknown) => Promise<ControlAnswer>>>;

export const largestRequest = 64 * 1024;
/** A status with a thousand participants takes about 300 kB. */
export const largestAnswer = 16 * 1024 * 1024;

export const encodeAnswer = (answer: ControlAnswer): string => `${JSON.stringify(answer.ok ? answer : { ok: false, problems: answer.error })}\n`;

export function decodeRequest(line: string): ControlRequest | undefined {
  const value = parse(line);
  if (!isRecord(value) || typeof value['method'] !== 'string') return undefined;
  return { method: value['method'], params: value['params'] };
}

export function decodeAnswer(line: string): ControlAnswer | undefined {
  const value = parse(line);
  if (!isRecord(value)) return undefined;
  if (value['ok'] === true) return { ok: true, value: value['value'] };
  const problems = value['problems'];
  return Array.isArray(problems) && problems.every(isProblem) ? { ok: false, error: problems } : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isProblem = (value: unknown): value is Problem =>
  isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string' && typeof value['advice'] === 'string';
