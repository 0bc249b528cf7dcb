import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';

export type SecretProblemCode = 'secret_exposed' | 'secret_invalid' | 'secret_missing' | 'secret_unreadable';

const secretBytes = 32;

/**
 * The key the PINs are kept with: 32 bytes in hexadecimal, in a file only its owner can read, never in the database.
 * `create` allows making it; it is not allowed once a database depends on a key, because a new one would quietly make every PIN wrong.
 */
export function loadSecret(path: string, create: boolean): Result<Buffer, Problem<SecretProblemCode>> {
  const said = JSON.stringify(path);
  try {
    let found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      if (!create) return err({ code: 'secret_missing', message: `the key file ${said} is gone`, advice: 'restore it from a backup, or name the right one in data.secretFile: without it no stored PIN can be checked' });
      createSecret(path);
      found = statSync(path);
    }
    if ((found.mode & 0o077) !== 0) return err({ code: 'secret_exposed', message: `the key file ${said} can be read by others`, advice: `run: chmod 600 ${path}` });
    const text = readFileSync(path, 'latin1').trim();
    if (!/^[0-9a-f]{64}$/.test(text)) return err({ code: 'secret_invalid', message: `the key file ${said} does not hold a key`, advice: 'restore it from a backup, or name the right one in data.secretFile' });
    return ok(Buffer.from(text, 'hex'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return err({ code: 'secret_unreadable', message: `the key file ${said} cannot be read or made [${code}]`, advice: 'check the path in data.secretFile, the free space and the permissions of its folder' });
  }
}

function createSecret(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Written aside and linked into place: a crash leaves a whole key or none, and of two first starts one key wins.
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, `${randomBytes(secretBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
}
