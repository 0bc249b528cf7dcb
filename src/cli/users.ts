import { Option, type Command } from 'commander';
import { allPrivileges, type Privilege } from '../domain/privilege.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { askAbout } from './ask.ts';
import { failed, show } from './answer.ts';
import type { CliIo } from './io.ts';
import type { Run } from './rooms.ts';
import { duration, table } from './table.ts';
import type { UserView } from '../manage/user-view.ts';
import type { UserAdded } from '../manage/users.ts';
import type { UserAddParams } from './user-commands.ts';

interface AddOptions {
  readonly name: string;
  readonly display?: string;
  readonly secret?: string;
  readonly privilege?: Privilege;
  readonly json?: true;
}

export function addUserCommands(program: Command, io: CliIo, run: Run): void {
  const user = program.command('user').description('make, list and remove users; their telephones register here');

  user
    .command('add')
    .description('make a user; the SIP secret is shown this once')
    .requiredOption('--name <name>', 'user part of the address, and user name at the telephone')
    .option('--display <name>', 'name that is shown to whom the user calls')
    .option('--secret <secret>', 'SIP secret, or - to read it from standard input (one given here can be seen in the list of processes); without it one is generated')
    .addOption(new Option('--privilege <privilege>', 'what it may do with rooms that are not its own').choices(allPrivileges).default('room_member'))
    .option('--json', 'answer as JSON')
    .action((options: AddOptions) =>
      run(options.json === true, async (config) => {
        const secret = await readSecret(io, options.secret);
        if (!secret.ok) return failed(io, options, [secret.error]);
        const params: UserAddParams = { name: options.name, display: options.display, privilege: options.privilege, secret: secret.value };
        return show(io, options, await askAbout(config, 'user.add', params), (value) => addedText(value as UserAdded));
      }),
    );

  user
    .command('list')
    .description('list the users and where they are registered')
    .option('--json', 'answer as JSON')
    .action((options: { readonly json?: true }) => run(options.json === true, async (config) => show(io, options, await askAbout(config, 'user.list', null), (value) => listText(value as UserView[]))));

  user
    .command('remove')
    .description('remove a user; its registrations end')
    .requiredOption('--name <name>', 'name of the user')
    .option('--json', 'answer as JSON')
    .action((options: { readonly name: string; readonly json?: true }) =>
      run(options.json === true, async (config) => show(io, options, await askAbout(config, 'user.remove', { name: options.name }), (value) => `user ${(value as { readonly name: string }).name} removed`)),
    );
}

async function readSecret(io: CliIo, given: string | undefined): Promise<Result<string | undefined, Problem>> {
  if (given !== '-') return ok(given);
  const [line] = (await io.stdin()).split(/\r?\n/);
  return line === undefined || line === '' ? err({ code: 'secret_missing', message: 'standard input holds no secret', advice: 'write it on the first line' }) : ok(line);
}

function addedText({ user, realm, sipSecret }: UserAdded): string {
  const lines = [`user ${user.name} made`, `realm:      ${realm}`];
  if (sipSecret !== undefined) lines.push(`SIP secret: ${sipSecret}  (shown this once)`);
  return lines.join('\n');
}

function listText(users: readonly UserView[]): string {
  if (users.length === 0) return 'there are no users';
  const rows = users.flatMap(({ name, display, privilege, sip, contacts }): (readonly string[])[] => {
    const first = [name, display, privilege];
    if (sip === 'none') return [[...first, 'no telephone', '', '', '']];
    if (sip === 'other_realm') return [[...first, 'made for another registrar.realm: remove and add anew', '', '', '']];
    if (contacts.length === 0) return [[...first, 'not registered', '', '', '']];
    return contacts.map(({ uri, from, expiresInSeconds, userAgent }, index) => [...(index === 0 ? first : ['', '', '']), uri, from, duration(expiresInSeconds), userAgent]);
  });
  return table([['NAME', 'DISPLAY', 'PRIVILEGE', 'CONTACT', 'FROM', 'EXPIRES IN', 'USER AGENT'], ...rows]);
}
