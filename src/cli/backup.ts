import { resolve } from 'node:path';
import type { Command } from 'commander';
import { backUp } from '../adapters/sqlite/backup.ts';
import { exitCodes, report, type CliIo } from './io.ts';
import type { Run } from './rooms.ts';

/** A person waits. */
const lockWaitMs = 2_000;

export function addBackupCommand(program: Command, io: CliIo, run: Run): void {
  program
    .command('backup')
    .description('copy the database to a new file, also while the program runs')
    .argument('<file>', 'file to make; one that is there is left as it is')
    .option('--json', 'answer as JSON')
    .action((file: string, options: { readonly json?: true }) =>
      run(options.json === true, async (config) => {
        const target = resolve(io.workingDirectory, file);
        const bytes = await backUp(config.data.dir, target, lockWaitMs);
        if (!bytes.ok) {
          report(io, options.json === true, [bytes.error]);
          return exitCodes.failed;
        }
        io.stdout(options.json === true ? `${JSON.stringify({ file: target, bytes: bytes.value })}\n` : `database copied to ${target} (${bytes.value} bytes)\nkeep ${config.data.secretFile} too, in another place: without it no PIN in the copy can be checked\n`);
        return exitCodes.done;
      }),
    );
}
