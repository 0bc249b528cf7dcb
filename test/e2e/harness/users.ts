/** Users of the program, and where they are registered. */
import assert from 'node:assert/strict';
import { createDigestHashes } from '../../../src/adapters/system/digest-hashes.ts';
import type { UserView } from '../../../src/manage/user-view.ts';
import { digestResponse, ha1Of, type DigestAlgorithm } from '../../../src/domain/digest.ts';
import type { Program } from './program.ts';

export const userSecret = 'open-sesame-1';

export async function addUser(program: Program, name: string): Promise<void> {
  const added = await program.cli('user', 'add', '--name', name, '--secret', userSecret);
  assert.equal(added.code, 0, added.stderr);
}

export async function contacts(program: Program, name: string): Promise<UserView['contacts']> {
  const listed = await program.cli('user', 'list', '--json');
  assert.equal(listed.code, 0, listed.stderr);
  return (JSON.parse(listed.stdout) as UserView[]).find((user) => user.name === name)?.contacts ?? [];
}

const hashes = createDigestHashes();

/** The value of an Authorization header. */
export function credentials(username: string, method: string, uri: string, nonce: string, algorithm: DigestAlgorithm = 'SHA-256'): string {
  const made = { uri, nonce, nc: '00000001', cnonce: 'x' };
  const response = digestResponse(hashes, algorithm, ha1Of(hashes, algorithm, username, 'vestibule', userSecret), method, made);
  return `Digest username="${username}", realm="vestibule", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="x"`;
}

export const nonceOf = (challenge: string): string => /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
