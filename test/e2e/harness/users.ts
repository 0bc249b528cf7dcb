/** Users of the program, and where they are registered. */
import assert from 'node:assert/strict';
import type { UserView } from '../../../src/cli/user-commands.ts';
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
