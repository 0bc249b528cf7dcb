/** The crowd's own process: thousands of phones on one core, told what to do by the bench. */
import { setTimeout as pause } from 'node:timers/promises';
import { openPacketIo } from '../../../src/softswitch/engine/open-packet-io.ts';
import { Caller } from './caller.ts';
import { Crowd } from './crowd.ts';
import type { CrowdAnswer, CrowdCommand } from './messages.ts';
import { Pace } from './pace.ts';
import { Phones } from './phones.ts';
import { rush } from './rush.ts';
import { turnOver } from './turn-over.ts';

let crowd: Crowd | undefined;
let phones: Phones | undefined;

async function handle(command: CrowdCommand): Promise<CrowdAnswer> {
  if (command.type === 'start') {
    const { settings } = command;
    const io = openPacketIo(undefined, () => performance.now(), () => undefined);
    phones = new Phones(settings, await Caller.open(settings.server, settings.host), io, new Pace(io));
    crowd = new Crowd(phones);
    return { type: 'started' };
  }
  if (crowd === undefined || phones === undefined) throw new Error('not started');
  if (command.type === 'grow') return crowd.grow(command.to);
  if (command.type === 'measure') return crowd.measure(command.settleMs, command.ms);
  if (command.type === 'rush') return rush(phones, command);
  if (command.type === 'turnOver') return turnOver(crowd, phones, command.roomEveryMs, command.ms);
  await crowd.end();
  await pause(0);
  phones.close();
  return { type: 'ended' };
}

process.on('message', (command: CrowdCommand) => {
  handle(command)
    .catch((error: unknown): CrowdAnswer => ({ type: 'failed', message: String(error) }))
    .then((answer) => process.send?.(answer), () => process.exit(1));
});
process.on('disconnect', () => process.exit());
