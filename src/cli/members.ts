import { Option, type Command } from 'commander';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { MemberView } from '../manage/member-view.ts';
import { askAboutRoom, showAnswer, type ApiFailure } from './api-client.ts';
import { failed } from './answer.ts';
import type { CliIo } from './io.ts';
import { readLine } from './read-line.ts';
import type { Run } from './rooms.ts';
import { table } from './table.ts';

interface Options {
  readonly room: string;
  readonly json?: true;
}

interface GivenOptions extends Options {
  readonly id?: string;
  readonly user?: string;
  readonly name?: string;
  readonly role?: 'moderator' | 'speaker';
  readonly grant?: readonly string[];
  readonly deny?: readonly string[];
  readonly pin?: string;
}

const pageSize = 200;

export function addMemberCommands(program: Command, io: CliIo, run: Run): void {
  const member = program.command('member').description('add, list, change and remove the members of a room; in the running process');
  const withRoom = (name: string, what: string): Command => member.command(name).description(what).requiredOption('--room <alias>', 'an alias of the room').option('--json', 'answer as JSON');
  const withSettings = (command: Command): Command =>
    command
      .addOption(new Option('--role <role>', 'what its permissions begin with').choices(['moderator', 'speaker']))
      .option('--grant <permission>', 'such as canRecord; may be given several times', collect)
      .option('--deny <permission>', 'likewise', collect)
      .option('--pin <pin>', 'digits, `generate`, or - to read them from standard input (a PIN given here can be seen in the list of processes)');
  const pathOf = (id: string | undefined, more = ''): string => `/members/${encodeURIComponent(id ?? '')}${more}`;

  withRoom('list', 'list the members').action((options: Options) => run(options.json === true, async (config) => showAnswer(io, options.json === true, await list(config, options.room), (value) => listText(value as readonly MemberView[]))));

  withSettings(withRoom('add', 'add a member: a user, or somebody with a name, who gets a link and a PIN'))
    .option('--user <name>', 'name of the user')
    .option('--name <name>', 'name of somebody who is none')
    .action((options: GivenOptions) =>
      run(options.json === true, async (config) => {
        const given = await readGiven(io, options);
        if (!given.ok) return failed(io, options, [given.error]);
        const body = { baseRole: 'speaker', ...given.value, ...(options.user === undefined ? {} : { userId: options.user }) };
        return showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'POST', path: '/members', body }), (value) => memberText(value as MemberView));
      }),
    );

  withSettings(withRoom('set', 'change a member; what is not named stays'))
    .requiredOption('--id <id>', 'as `member list` shows it')
    .option('--name <name>', 'its name')
    .action((options: GivenOptions) =>
      run(options.json === true, async (config) => {
        const given = await readGiven(io, options);
        if (!given.ok) return failed(io, options, [given.error]);
        return showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'PATCH', path: pathOf(options.id), body: given.value }), (value) => memberText(value as MemberView));
      }),
    );

  withRoom('show', 'show a member with its link, PIN and permissions')
    .requiredOption('--id <id>', 'as `member list` shows it')
    .action((options: GivenOptions) => run(options.json === true, async (config) => showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'GET', path: pathOf(options.id) }), (value) => memberText(value as MemberView))));

  withRoom('renew-link', 'give an external member another link; the old one is worth nothing')
    .requiredOption('--id <id>', 'as `member list` shows it')
    .action((options: GivenOptions) =>
      run(options.json === true, async (config) => showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'POST', path: pathOf(options.id, '/renew'), body: {} }), (value) => (value as { readonly accessUrl: string }).accessUrl)),
    );

  withRoom('remove', 'remove a member; its calls end at once')
    .requiredOption('--id <id>', 'as `member list` shows it')
    .action((options: GivenOptions) => run(options.json === true, async (config) => showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'DELETE', path: pathOf(options.id) }), () => `member ${options.id ?? ''} removed`)));
}

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

async function readGiven(io: CliIo, { name, role, grant = [], deny = [], pin }: GivenOptions): Promise<Result<object, Problem>> {
  const read = pin === '-' ? await readLine(io, 'pin_missing', 'PIN') : ok(pin);
  if (!read.ok) return err(read.error);
  const overrides = [...grant.map((permission) => [permission, true] as const), ...deny.map((permission) => [permission, false] as const)];
  return ok({
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { baseRole: role }),
    ...(overrides.length === 0 ? {} : { customPermissions: Object.fromEntries(overrides) }),
    ...(read.value === undefined ? {} : { pin: read.value }),
  });
}

async function list(config: Config, room: string): Promise<Result<unknown, ApiFailure>> {
  const members: unknown[] = [];
  let after = '';
  for (;;) {
    const page = await askAboutRoom(config, room, { method: 'GET', path: `/members?limit=${pageSize}${after}` });
    if (!page.ok) return page;
    const { items, next } = page.value as { readonly items: readonly unknown[]; readonly next?: string };
    members.push(...items);
    if (next === undefined) return ok(members);
    after = `&after=${encodeURIComponent(next)}`;
  }
}

function listText(members: readonly MemberView[]): string {
  if (members.length === 0) return 'the room has no members';
  const own = ({ customPermissions }: MemberView): string => Object.entries(customPermissions).map(([name, granted]) => `${granted ? '+' : '-'}${name}`).join(' ') || '-';
  return table([['ID', 'NAME', 'KIND', 'ROLE', 'PIN', 'OWN PERMISSIONS'], ...members.map((member) => [member.memberId, member.name, member.kind, member.baseRole, member.hasPin ? 'yes' : 'none', own(member)])]);
}

function memberText({ memberId, name, kind, baseRole, accessUrl, sipUri, pin, effectivePermissions }: MemberView): string {
  const permissions = Object.entries(effectivePermissions).flatMap(([permission, has]) => (has ? [permission] : []));
  return [
    `member ${memberId} (${kind}): ${name}, ${baseRole}`,
    ...(accessUrl === undefined ? [] : [`link:        ${accessUrl}`]),
    ...(sipUri === undefined ? [] : [`SIP:         ${sipUri}`]),
    ...(pin === undefined ? [] : [`PIN:         ${pin}`]),
    `permissions: ${permissions.join(' ')}`,
  ].join('\n');
}
