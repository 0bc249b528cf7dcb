import { err, ok, type Result } from '../lib/result.ts';
import { failure, type Failure } from './errors.ts';

/** RFC 9110 §8.8.3: a strong validator, made of the version. */
export const etag = (version: number): string => `"${version}"`;

/** The version a change is based on (RFC 9110 §13.1.1); undefined: the last change wins. */
export function ifMatch(header: string | undefined): Result<number | undefined, Failure> {
  if (header === undefined || header.trim() === '*') return ok(undefined);
  const version = /^"(\d{1,15})"$/.exec(header.trim())?.[1];
  if (version !== undefined) return ok(Number(version));
  return err(failure({ code: 'invalid', message: 'If-Match holds no ETag of ours', advice: 'give the ETag of the answer that was read, with its quotes', field: 'If-Match' }));
}
