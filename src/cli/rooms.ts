import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Config } from '../config/schema.ts';
import type { MediaEncryption } from '../domain/policy.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Problem } from '../lib/problem.ts';
import { failed, show } from './answer.ts';
import { askAbout } from './ask.ts';
import type { CliIo } from './io.ts';
import type { AddParams, RoomChanged, RoomView, SetParams, SetPinParams } from './room-commands.ts';
import { addRoomDetailCommands } from './room-details.ts';
import { table } from './table.ts';

interface PinOptions {
  readonly hostPin?: string;
  readonly guestPin?: string;
  readonly generatePins?: true;
  readonly json?: true;
}

interface AddOptions extends PinOptions {
  readonly alias: string[];
  readonly name?: string;
  readonly language?: string;
  readonly pinHostControls?: 'none' | 'full';
  readonly muteGuests?: true;
  readonly limit?: number;
  readonly encryption?: MediaEncryption;
}

interface SetOptions {
  readonly alias: string;
  readonly name?: string;
  readonly language?: string;
  readonly pinHostControls?: 'none' | 'full';
  readonly muteGuests?: 'on' | 'off';
  readonly limit?: number | 'none';
  readonly encryption?: MediaEncryption;
  readonly json?: true;
}

interface SetPinOptions extends PinOptions {
  readonly alias: string;
  readonly removeHostPin?: true;
  readonly removeGuestPin?: true;
}

/** Runs `action` with the configuration; `finish` takes its exit code. */
export type Run = (json: boolean, action: (config: Config) => Promise<number>) => Promise<void>;

export function addRoomCommands(program: Command, io: CliIo, run: Run): void {
  const room = program.command('room').description('make, list, change and remove rooms');
  const languageHelp = 'language of its prompts, such as en or de';
  const pinHostControlsHelp = 'what a host by PIN may do to others: none or full';
  const encryptionHelp = 'SRTP of its callers: optional, or required, which turns all others away';
  const pinHelp = 'digits, or - to read them from standard input (a PIN given here can be seen in the list of processes)';

  room
    .command('add')
    .description('make a room')
    .requiredOption('--alias <alias>', 'number or name it is dialled by; may be given several times, the first is the main one', collect)
    .option('--host-pin <pin>', `PIN that makes a host: ${pinHelp}`)
    .option('--guest-pin <pin>', `PIN that lets a guest in: ${pinHelp}`)
    .option('--generate-pins', 'generate those of the two PINs that are not given')
    .option('--name <name>', 'name of the room; without it the main alias')
    .option('--language <tag>', languageHelp)
    .option('--pin-host-controls <what>', pinHostControlsHelp, oneOf(['none', 'full']))
    .option('--mute-guests', 'guests are muted when they come in')
    .option('--limit <number>', 'most participants at a time', wholeNumber)
    .option('--encryption <what>', encryptionHelp, oneOf(['optional', 'required']))
    .option('--json', 'answer as JSON')
    .action((options: AddOptions) =>
      run(options.json === true, async (config) => {
        const pins = await readPins(io, options);
        if (!pins.ok) return failed(io, options, pins.error);
        const params: AddParams = {
          aliases: options.alias,
          name: options.name,
          language: options.language,
          pinHostControls: options.pinHostControls,
          muteGuestsOnJoin: options.muteGuests,
          participantLimit: options.limit,
          mediaEncryption: options.encryption,
          ...pins.value,
        };
        return show(io, options, await askAbout(config, 'room.add', params), (value) => changedText('made', value as RoomChanged));
      }),
    );

  room
    .command('list')
    .description('list the rooms')
    .option('--json', 'answer as JSON')
    .action((options: { readonly json?: true }) => run(options.json === true, async (config) => show(io, options, await askAbout(config, 'room.list', null), (value) => listText(value as RoomView[]))));

  room
    .command('set')
    .description('change the settings of a room; what is not named stays, and who is inside stays')
    .requiredOption('--alias <alias>', 'an alias of the room')
    .option('--name <name>', 'name of the room')
    .option('--language <tag>', languageHelp)
    .option('--pin-host-controls <what>', pinHostControlsHelp, oneOf(['none', 'full']))
    .option('--mute-guests <what>', 'whether guests are muted when they come in: on or off', oneOf(['on', 'off']))
    .option('--limit <number>', 'most participants at a time, or none', (value: string) => (value === 'none' ? value : wholeNumber(value)))
    .option('--encryption <what>', encryptionHelp, oneOf(['optional', 'required']))
    .option('--json', 'answer as JSON')
    .action((options: SetOptions) =>
      run(options.json === true, async (config) => {
        const params: SetParams = {
          alias: options.alias,
          name: options.name,
          language: options.language,
          pinHostControls: options.pinHostControls,
          muteGuestsOnJoin: options.muteGuests === undefined ? undefined : options.muteGuests === 'on',
          participantLimit: options.limit === 'none' ? null : options.limit,
          mediaEncryption: options.encryption,
        };
        return show(io, options, await askAbout(config, 'room.set', params), (value) => changedText('changed', value as RoomChanged));
      }),
    );

  room
    .command('set-pin')
    .description('set, generate or remove the PINs of a room')
    .requiredOption('--alias <alias>', 'an alias of the room')
    .option('--host-pin <pin>', pinHelp)
    .option('--guest-pin <pin>', pinHelp)
    .option('--generate-pins', 'generate those of the two PINs that are neither given nor removed')
    .addOption(new Option('--remove-host-pin', 'anybody opens the room then').conflicts('hostPin'))
    .addOption(new Option('--remove-guest-pin', 'guests need no PIN then').conflicts('guestPin'))
    .option('--json', 'answer as JSON')
    .action((options: SetPinOptions) =>
      run(options.json === true, async (config) => {
        const pins = await readPins(io, options);
        if (!pins.ok) return failed(io, options, pins.error);
        const removed = { ...(options.removeHostPin === true ? { hostPin: null } : {}), ...(options.removeGuestPin === true ? { guestPin: null } : {}) };
        const params: SetPinParams = { alias: options.alias, ...pins.value, ...removed };
        return show(io, options, await askAbout(config, 'room.setPin', params), (value) => changedText('changed', value as RoomChanged));
      }),
    );

  room
    .command('remove')
    .description('remove a room')
    .requiredOption('--alias <alias>', 'an alias of the room')
    .option('--json', 'answer as JSON')
    .action((options: { readonly alias: string; readonly json?: true }) =>
      run(options.json === true, async (config) => show(io, options, await askAbout(config, 'room.remove', { alias: options.alias }), (value) => `room ${(value as RoomView).aliases.join(', ')} removed`)),
    );

  addRoomDetailCommands(room, io, run);
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

const oneOf =
  (allowed: readonly string[]) =>
  (value: string): string => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`It is one of: ${allowed.join(', ')}.`);
    return value;
  };

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It is a whole number.');
  return Number(value);
}

/** The PINs as given; each `-` takes the next line of standard input, host before guest. */
async function readPins(io: CliIo, options: PinOptions): Promise<Result<Pick<AddParams, 'hostPin' | 'guestPin' | 'generate'>, readonly Problem[]>> {
  const wanted = [options.hostPin, options.guestPin].filter((pin) => pin === '-').length;
  const lines = wanted === 0 ? [] : (await io.stdin()).split(/\r?\n/).filter((line) => line !== '');
  if (lines.length < wanted) return err([{ code: 'pin_missing', message: 'standard input holds too few PINs', advice: 'write one PIN a line, the host PIN first' }]);
  const take = (pin: string | undefined): string | undefined => (pin === '-' ? lines.shift() : pin);
  const hostPin = take(options.hostPin);
  const guestPin = take(options.guestPin);
  return ok({ hostPin, guestPin, ...(options.generatePins === true ? { generate: ['host', 'guest'] } : {}) });
}

function changedText(what: string, { room, generated }: RoomChanged): string {
  const lines = [`room ${room.aliases.join(', ')} ${what}`];
  if (generated.host !== undefined) lines.push(`host PIN:  ${generated.host}  (shown this once)`);
  if (generated.guest !== undefined) lines.push(`guest PIN: ${generated.guest}`);
  if (room.warnings.includes('no_host_pin')) lines.push('warning: without a host PIN anybody who dials it is a host (no_host_pin)');
  return lines.join('\n');
}

function listText(rooms: readonly RoomView[]): string {
  if (rooms.length === 0) return 'there are no rooms';
  const pins = (room: RoomView): string => (room.hasGuestPin ? 'host, guest' : room.hasHostPin ? 'host' : 'none');
  const row = (room: RoomView): readonly string[] => [room.aliases.join(', '), room.name, pins(room), room.language, room.pinHostControls, String(room.participantLimit ?? '-'), room.mediaEncryption];
  return table([['ALIASES', 'NAME', 'PINS', 'LANGUAGE', 'PIN HOST CONTROLS', 'LIMIT', 'ENCRYPTION'], ...rooms.map(row)]);
}
