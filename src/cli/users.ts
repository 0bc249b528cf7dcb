import { Option, type Command } from 'commander';
import { allPrivileges, type Privilege } from '../domain/privilege.ts';
import type { Problem } from '../lib/problem.ts';
import { ok, type Result } from '../lib/result.ts';
import { askApi, showAnswer } from './api-client.ts';
import { askAbout } from './ask.ts';
import { failed, show } from './answer.ts';
import type { CliIo } from './io.ts';
import { readLine } from './read-line.ts';
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
  const user = program.command('user').description('make, list, change and remove users; their telephones register here');

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

  addChangeCommands(user, io, run);
}

/** What is changed by the API of the running process. */
function addChangeCommands(user: Command, io: CliIo, run: Run): void {
  const named = (name: string, what: string): Command => user.command(name).description(what).requiredOption('--name <name>', 'name of the user').option('--json', 'answer as JSON');
  const path = (name: string, more = ''): string => `/api/v1/users/${encodeURIComponent(name)}${more}`;

  named('set', 'change a user; what is not named stays; in the running process')
    .option('--display <name>', 'name that is shown to whom the user calls')
    .addOption(new Option('--privilege <privilege>', 'what it may do with rooms that are not its own').choices(allPrivileges))
    .action(({ name, display, privilege, json }: AddOptions) =>
      run(json === true, async (config) => showAnswer(io, json === true, await askApi(config, { method: 'PATCH', path: path(name), body: { ...(display === undefined ? {} : { display }), ...(privilege === undefined ? {} : { privilege }) } }), () => `user ${name} changed`)),
    );

  named('set-password', 'read a password from standard input and give it to the user, who has to choose an own one then; in the running process').action(({ name, json }: AddOptions) =>
    run(json === true, async (config) => {
      const password = await readLine(io, 'password_missing', 'password');
      if (!password.ok) return failed(io, json === true ? { json } : {}, [password.error]);
      return showAnswer(io, json === true, await askApi(config, { method: 'PUT', path: path(name, '/password'), body: { password: password.value } }), () => `the password of ${name} is another one; its logins have ended`);
    }),
  );

  named('renew-secret', 'give its telephones another SIP secret, shown this once; in the running process').action(({ name, json }: AddOptions) =>
    run(json === true, async (config) => showAnswer(io, json === true, await askApi(config, { method: 'PUT', path: path(name, '/sip-secret'), body: { sip: 'generate' } }), (value) => addedText(value as UserAdded, 'changed'))),
  );
}

async function readSecret(io: CliIo, given: string | undefined): Promise<Result<string | undefined, Problem>> {
  return given === '-' ? readLine(io, 'secret_missing', 'secret') : ok(given);
}

function addedText({ user, realm, sipSecret }: UserAdded, what = 'made'): string {
  const lines = [`user ${user.name} ${what}`, `realm:      ${realm}`];
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
