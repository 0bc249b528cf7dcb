import { Option, type Command } from 'commander';
import { invitationFormats, type InvitationFormat } from '../manage/invitations.ts';
import type { LinksShown } from '../manage/links.ts';
import { askAboutRoom, showAnswer } from './api-client.ts';
import type { CliIo } from './io.ts';
import type { Run } from './rooms.ts';
import { table } from './table.ts';

interface Options {
  readonly room: string;
  readonly role: 'moderator' | 'speaker';
  readonly json?: true;
}

interface InviteOptions {
  readonly room: string;
  readonly for: string;
  readonly format: InvitationFormat;
}

/** The anonymous links of a room, and invitations to it. */
export function addLinkCommands(program: Command, io: CliIo, run: Run): void {
  const link = program.command('link').description('the anonymous links of a room; in the running process');
  const withRoom = (name: string, what: string): Command => link.command(name).description(what).requiredOption('--room <alias>', 'an alias of the room').option('--json', 'answer as JSON');
  const withRole = (name: string, what: string): Command => withRoom(name, what).addOption(new Option('--role <role>', 'whom it lets in').choices(['moderator', 'speaker']).makeOptionMandatory());

  withRoom('show', 'show the links').action((options: Options) =>
    run(options.json === true, async (config) => showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'GET', path: '/links' }), (value) => linksText((value as { readonly anonymous: LinksShown }).anonymous))),
  );

  withRole('renew', 'make another link; the old one is worth nothing').action((options: Options) =>
    run(options.json === true, async (config) =>
      showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'POST', path: `/links/${options.role}/renew`, body: {} }), (value) => (value as { readonly accessUrl: string }).accessUrl),
    ),
  );

  for (const [name, enabled] of [['enable', true], ['disable', false]] as const) {
    withRole(name, enabled ? 'let people in as that role by link or PIN' : 'let nobody in as that role by link or PIN; members still get in').action((options: Options) =>
      run(options.json === true, async (config) =>
        showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'PATCH', path: '', body: { anonymous: { [options.role]: { enabled } } } }), () => `the ${options.role} link is ${enabled ? 'enabled' : 'disabled'}`),
      ),
    );
  }

  program
    .command('invite')
    .description('write an invitation to a room, for a role or a member; from the running process')
    .requiredOption('--room <alias>', 'an alias of the room')
    .option('--for <recipient>', 'moderator, speaker, or the id of a member', 'speaker')
    .addOption(new Option('--format <format>', 'ics is for scheduled rooms').choices(invitationFormats).default('text'))
    .option('--json', 'problems as JSON')
    .action((options: InviteOptions & { readonly json?: true }) =>
      run(options.json === true, async (config) =>
        showAnswer(io, options.json === true, await askAboutRoom(config, options.room, { method: 'GET', path: `/invitation?for=${encodeURIComponent(options.for)}&format=${options.format}` }), String),
      ),
    );
}

function linksText({ moderator, speaker }: LinksShown): string {
  const rows = Object.entries({ moderator, speaker }).flatMap(([role, link]) => (link === undefined ? [] : [[role, link.enabled ? 'enabled' : 'disabled', link.accessUrl, link.sipUri ?? '-']]));
  return table([['ROLE', 'STATE', 'LINK', 'SIP'], ...rows]);
}
