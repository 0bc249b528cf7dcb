import { Type, type Static } from 'typebox';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Answer } from './route.ts';

/** One shape for everything that goes wrong. `code` is for programs and never changes; `field` is where it lies, as `aliases[0]`. */
const problemSchema = Type.Object({
  code: Type.String(),
  message: Type.String(),
  advice: Type.String({ description: 'what to do about it' }),
  field: Type.Optional(Type.String()),
});

export const errorSchema = Type.Object({
  error: Type.Object({
    ...problemSchema.properties,
    problems: Type.Optional(Type.Array(problemSchema, { description: 'all of them, when there are several; the first is the one above' })),
  }),
});

/** Its name among the schemas of the OpenAPI document. */
export const errorSchemaId = 'Error';

export type ErrorBody = Static<typeof errorSchema>;

/** A request that was not carried out. */
export interface Failure {
  readonly status: number;
  readonly problems: readonly [Problem, ...Problem[]];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The status of each code. One that is not here breaks a rule about what was given: 422. */
const statuses: Readonly<Record<string, number>> = {
  malformed: 400,
  invalid: 400,
  cursor_invalid: 400,
  not_signed_in: 401,
  credentials_wrong: 401,
  token_invalid: 401,
  link_invalid: 401,
  not_permitted: 403,
  csrf_missing: 403,
  password_change_required: 403,
  root_user: 403,
  owner_not_permitted: 403,
  not_found: 404,
  room_unknown: 404,
  user_unknown: 404,
  api_key_unknown: 404,
  number_rule_unknown: 404,
  member_unknown: 404,
  call_unknown: 404,
  webhook_unknown: 404,
  recording_unknown: 404,
  recording_file_missing: 404,
  target_unknown: 404,
  target_room_unknown: 404,
  method_not_allowed: 405,
  timeout: 408,
  alias_taken: 409,
  alias_in_use_then: 409,
  user_exists: 409,
  member_exists: 409,
  idempotency_in_progress: 409,
  no_video: 409,
  not_supported: 409,
  not_now: 409,
  room_closed: 409,
  full: 409,
  nobody_waiting: 409,
  muted_by_host: 409,
  target_elsewhere: 409,
  role_conflict: 409,
  encryption_required: 409,
  no_speech: 409,
  recording_under_way: 409,
  version_conflict: 412,
  too_large: 413,
  media_type_unsupported: 415,
  range_unsatisfiable: 416,
  headers_too_large: 431,
  too_many_attempts: 429,
  command_failed: 502,
  passwords_busy: 503,
  streams_busy: 503,
  draining: 503,
  deadline: 503,
  store_full: 503,
  store_locked: 503,
  store_unwritable: 503,
  store_corrupt: 500,
  store_newer: 500,
  store_failed: 500,
  internal: 500,
};

export const statusOf = (code: string): number => statuses[code] ?? 422;

export function failure(problem: Problem, ...others: readonly Problem[]): Failure {
  return { status: statusOf(problem.code), problems: [problem, ...others] };
}

/** What a use case answers, as a route does: its problems become a failure, its value an answer. */
export function answered<T>(outcome: Result<T, Problem | readonly [Problem, ...Problem[]]>, answer: (value: T) => Answer): Result<Answer, Failure> {
  if (outcome.ok) return ok(answer(outcome.value));
  const problems = outcome.error;
  return err('code' in problems ? failure(problems) : failure(...problems));
}

export const notSignedIn = (problem: Problem): Failure => ({ ...failure(problem), headers: { 'www-authenticate': 'Bearer realm="vestibule"' } });

export const retryLater = (problem: Problem, seconds: number): Failure => ({ ...failure(problem), headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } });

export function bodyOf({ problems }: Failure): ErrorBody {
  const [first] = problems;
  return { error: { ...shown(first), ...(problems.length > 1 ? { problems: problems.map(shown) } : {}) } };
}

/** Nothing else a problem may carry goes out. */
const shown = ({ code, message, advice, field }: Problem): Problem => ({ code, message, advice, ...(field === undefined ? {} : { field }) });

export const internal: Failure = failure({ code: 'internal', message: 'the server failed on this request', advice: 'this is a defect: report it with the X-Request-Id of this answer' });
export const unknownPath: Failure = failure({ code: 'not_found', message: 'there is nothing at this address', advice: 'see /api/v1/docs for what there is' });
