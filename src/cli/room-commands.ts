import { z } from 'zod';
import type { ControlAnswer, ControlHandlers } from '../adapters/control-socket/protocol.ts';
import { generatePin, parsePin, type Pin, type PinBounds } from '../domain/pin-format.ts';
import type { MediaEncryption } from '../domain/policy.ts';
import { checkPins, newRoomSettings, normaliseAlias, roomWarnings, validateRoom, type PinRole, type PinSlot, type Room, type RoomSettings } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { PinChange, RoomStore, RoomSummary } from '../ports/rooms.ts';
import { untold } from './untold.ts';

/**
 * What the command line does to rooms: in the running process when there is one, asked over the control socket, so that what is
 * under way there hears of it; else by the command line itself. The same checks in both.
 */
export interface RoomCommandContext {
  readonly rooms: RoomStore;
  readonly pinBounds: PinBounds;
  /** Of a room made without naming one. */
  readonly language: string;
  /** Languages there are prompts for. */
  readonly languages: readonly string[];
  /** Of a room made without saying. */
  readonly mediaEncryption: MediaEncryption;
  /** PX-17: a room made without a host PIN gets one. */
  readonly autoHostPin: boolean;
  /** Aliases that lead to the attendant. */
  readonly reservedAliases: readonly string[];
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
  readonly onChange: (change: RoomChange) => void;
}

export type RoomChange = { readonly type: 'added' | 'changed'; readonly room: Room } | { readonly type: 'removed'; readonly room: Room };

/** A room as it is shown: no PIN, no hash. */
export interface RoomView extends RoomSettings {
  readonly id: string;
  readonly hasHostPin: boolean;
  readonly hasGuestPin: boolean;
  readonly warnings: readonly string[];
}

/** `generated`: the PINs made by this command, in clear, this once. */
export interface RoomChanged {
  readonly room: RoomView;
  readonly generated: { readonly [role in PinRole]?: string };
}

const pageSize = 500;

const pins = { hostPin: z.string().nullable().optional(), guestPin: z.string().nullable().optional(), generate: z.array(z.enum(['host', 'guest'])).optional() };
const settings = {
  name: z.string().optional(),
  language: z.string().optional(),
  muteGuestsOnJoin: z.boolean().optional(),
  participantLimit: z.number().optional(),
  mediaEncryption: z.enum(['optional', 'required']).optional(),
  pinHostControls: z.enum(['none', 'full']).optional(),
};
const addParams = z.strictObject({ aliases: z.array(z.string()), ...settings, ...pins });
/** What is absent stays; a limit of null is no limit. */
const setParams = z.strictObject({ alias: z.string(), ...settings, participantLimit: z.number().nullable().optional() });
const setPinParams = z.strictObject({ alias: z.string(), ...pins });
const removeParams = z.strictObject({ alias: z.string() });

export type AddParams = z.infer<typeof addParams>;
export type SetParams = z.infer<typeof setParams>;
export type SetPinParams = z.infer<typeof setPinParams>;

export function createRoomCommands(context: RoomCommandContext): ControlHandlers {
  // What is checked must still be true when it is written: one command at a time.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (command: () => Promise<ControlAnswer>): Promise<ControlAnswer> => {
    const turn = last.then(command);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    'room.add': (params) => inTurn(() => parsed(addParams, params, (given) => add(context, given))),
    'room.list': (params) => parsed(z.null(), params, () => list(context)),
    'room.set': (params) => inTurn(() => parsed(setParams, params, (given) => set(context, given))),
    'room.setPin': (params) => inTurn(() => parsed(setPinParams, params, (given) => setPin(context, given))),
    'room.remove': (params) => inTurn(() => parsed(removeParams, params, (given) => remove(context, given.alias))),
  };
}

async function parsed<T>(schema: z.ZodType<T>, params: unknown, command: (given: T) => Promise<ControlAnswer>): Promise<ControlAnswer> {
  const given = schema.safeParse(params);
  if (given.success) return command(given.data);
  return err([{ code: 'bad_parameters', message: 'the request is not as expected', advice: 'use the command line of the same version as the process' }]);
}

async function add(context: RoomCommandContext, given: AddParams): Promise<ControlAnswer> {
  const valid = validate(
    context,
    newRoomSettings({
      name: given.name ?? given.aliases[0] ?? '',
      aliases: given.aliases,
      language: given.language ?? context.language,
      muteGuestsOnJoin: given.muteGuestsOnJoin ?? false,
      ...(given.participantLimit === undefined ? {} : { participantLimit: given.participantLimit }),
      mediaEncryption: given.mediaEncryption ?? context.mediaEncryption,
      pinHostControls: given.pinHostControls ?? 'none',
    }),
  );
  const problems: Problem[] = valid.ok ? [] : [...valid.error];
  const generate = context.autoHostPin && given.hostPin == null ? [...new Set([...(given.generate ?? []), 'host' as const])] : given.generate;
  const change = changeOf(context, { ...given, generate }, undefined);
  if (!change.ok) problems.push(...change.error);
  if (!valid.ok || !change.ok) return err(problems);
  const added = await context.rooms.add(valid.value, change.value.pins, untold);
  if (!added.ok) return err([added.error]);
  context.onChange({ type: 'added', room: added.value });
  return ok({ room: viewOf(added.value), generated: change.value.generated } satisfies RoomChanged);
}

async function list(context: RoomCommandContext): Promise<ControlAnswer> {
  const views: RoomView[] = [];
  let next: { readonly after?: string } | undefined = {};
  while (next !== undefined) {
    const page = await context.rooms.list({ ...next, limit: pageSize });
    if (!page.ok) return err([page.error]);
    views.push(...page.value.items.map(viewOf));
    next = page.value.next === undefined ? undefined : { after: page.value.next };
  }
  return ok(views);
}

async function set(context: RoomCommandContext, { alias, participantLimit, ...given }: SetParams): Promise<ControlAnswer> {
  const room = await find(context, alias);
  if (!room.ok) return room;
  const { participantLimit: before, ...kept } = room.value;
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (participantLimit === undefined && Object.keys(named).length === 0) return err([{ code: 'nothing_to_change', message: 'no setting is named', advice: 'say what to set' }]);
  const limit = participantLimit === undefined ? before : (participantLimit ?? undefined);
  const valid = validate(context, { ...kept, ...named, ...(limit === undefined ? {} : { participantLimit: limit }) });
  if (!valid.ok) return valid;
  const changed = await context.rooms.change(room.value.id, room.value.version, { settings: valid.value }, untold);
  if (!changed.ok) return err([changed.error]);
  context.onChange({ type: 'changed', room: changed.value });
  return ok({ room: viewOf(changed.value), generated: {} } satisfies RoomChanged);
}

async function setPin(context: RoomCommandContext, given: SetPinParams): Promise<ControlAnswer> {
  const room = await find(context, given.alias);
  if (!room.ok) return room;
  const change = changeOf(context, given, room.value);
  if (!change.ok) return change;
  if (Object.keys(change.value.pins).length === 0) return err([{ code: 'nothing_to_change', message: 'no PIN is named', advice: 'say which PIN to set, generate or remove' }]);
  const changed = await context.rooms.change(room.value.id, undefined, { pins: change.value.pins }, untold);
  if (!changed.ok) return err([changed.error]);
  context.onChange({ type: 'changed', room: changed.value });
  return ok({ room: viewOf(changed.value), generated: change.value.generated } satisfies RoomChanged);
}

async function remove(context: RoomCommandContext, alias: string): Promise<ControlAnswer> {
  const room = await find(context, alias);
  if (!room.ok) return room;
  const removed = await context.rooms.remove([room.value.id], untold);
  if (!removed.ok) return err([removed.error]);
  context.onChange({ type: 'removed', room: room.value });
  return ok(viewOf(room.value));
}

function validate(context: RoomCommandContext, given: RoomSettings): Result<RoomSettings, readonly Problem[]> {
  const valid = validateRoom(given, context.reservedAliases);
  if (!valid.ok || context.languages.includes(valid.value.language)) return valid;
  return err([{ code: 'language_unknown', message: `there are no prompts in ${valid.value.language}`, advice: `choose one of: ${context.languages.join(', ')}` }]);
}

async function find(context: RoomCommandContext, alias: string): Promise<Result<Room, readonly Problem[]>> {
  const room = await context.rooms.byAlias(alias);
  if (!room.ok) return err([room.error]);
  // Of several that share it, the oldest.
  const [first] = room.value;
  if (first !== undefined) return ok(first);
  return err([{ code: 'room_unknown', message: `no room has the alias ${JSON.stringify(normaliseAlias(alias))}`, advice: 'see `room list` for the rooms there are' }]);
}

interface GivenPins {
  readonly hostPin?: string | null | undefined;
  readonly guestPin?: string | null | undefined;
  readonly generate?: readonly PinRole[] | undefined;
}

interface Change {
  readonly pins: PinChange;
  readonly generated: RoomChanged['generated'];
}

/** The PINs as given, parsed, checked with those the room keeps, and completed with generated ones. */
function changeOf(context: RoomCommandContext, given: GivenPins, room: Room | undefined): Result<Change, readonly Problem[]> {
  const problems: Problem[] = [];
  const change: { host?: Pin | null; guest?: Pin | null } = {};
  const generated: { host?: string; guest?: string } = {};
  for (const [role, text] of [['host', given.hostPin], ['guest', given.guestPin]] as const) {
    if (text === null) change[role] = null;
    if (text == null) continue;
    const pin = parsePin(text, context.pinBounds);
    if (pin.ok) change[role] = pin.value;
    else problems.push({ ...pin.error, message: `${role}: ${pin.error.message}` });
  }
  const keeps = (role: PinRole, pin: Pin): boolean => room !== undefined && change[role] === undefined && context.rooms.identify(room, pin) === role;
  const ofMember = (pin: Pin): boolean => room !== undefined && typeof context.rooms.identify(room, pin) === 'object';
  const isTaken = (pin: Pin): boolean => ofMember(pin) || (['host', 'guest'] as const).some((role) => keeps(role, pin) || change[role]?.reveal() === pin.reveal());
  for (const role of given.generate ?? []) {
    if (change[role] !== undefined) continue;
    const pin = generatePin(context.randomBelow, isTaken, context.pinBounds);
    if (pin.ok) {
      change[role] = pin.value;
      generated[role] = pin.value.reveal();
    } else problems.push(pin.error);
  }
  if (problems.length > 0) return err(problems);
  const slot = (role: PinRole): PinSlot => {
    const pin = change[role];
    if (pin != null) return { kind: 'new', pin };
    return pin === undefined && room?.pins[role] !== undefined ? { kind: 'kept', is: (other) => keeps(role, other) } : { kind: 'none' };
  };
  const checked = checkPins(slot('host'), slot('guest'));
  return checked.ok ? ok({ pins: change, generated }) : err([checked.error]);
}

function viewOf(room: Room | RoomSummary): RoomView {
  const { name, aliases, language, muteGuestsOnJoin, participantLimit, mediaEncryption, pinHostControls, anonymous, owner, rolePermissions, rules, memberReuse, schedule, preconfigured } = room;
  return {
    id: room.id,
    ...{ name, aliases, language, muteGuestsOnJoin, mediaEncryption, pinHostControls, anonymous, rolePermissions, rules, memberReuse, preconfigured },
    ...(participantLimit === undefined ? {} : { participantLimit }),
    ...(owner === undefined ? {} : { owner }),
    ...(schedule === undefined ? {} : { schedule }),
    hasHostPin: room.pins.host !== undefined,
    hasGuestPin: room.pins.guest !== undefined,
    warnings: roomWarnings(room),
  };
}
