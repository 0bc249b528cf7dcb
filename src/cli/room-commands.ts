import { z } from 'zod';
import type { ControlAnswer, ControlHandlers } from '../adapters/control-socket/protocol.ts';
import { normaliseAlias, roomWarnings, type PinRole, type Room, type RoomSettings } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Origin } from '../manage/audit.ts';
import type { PinsGiven } from '../manage/room-pins.ts';
import type { RoomChanged as Changed, Rooms } from '../manage/rooms.ts';
import type { RoomStore, RoomSummary } from '../ports/rooms.ts';

/**
 * What the command line does to rooms: in the running process when there is one, asked over the control socket, so that what is
 * under way there hears of it; else by the command line itself. The same use cases in both.
 */
export interface RoomCommandContext {
  readonly rooms: Rooms;
  readonly store: Pick<RoomStore, 'byAlias' | 'list'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

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
  const origin = (): Origin => ({ actor: { kind: 'local' }, from: '', at: context.now() });
  return {
    'room.add': (params) => parsed(addParams, params, async ({ hostPin, guestPin, generate, ...given }) => shown(await context.rooms.add(origin(), { ...defined({ ...given, name: given.name ?? given.aliases[0] }), pins: pinsOf({ hostPin, guestPin, generate }) }))),
    'room.list': (params) => parsed(z.null(), params, () => list(context)),
    'room.set': (params) => parsed(setParams, params, (given) => set(context, origin(), given)),
    'room.setPin': (params) => parsed(setPinParams, params, (given) => setPin(context, origin(), given)),
    'room.remove': (params) => parsed(removeParams, params, (given) => remove(context, origin(), given.alias)),
  };
}

async function parsed<T>(schema: z.ZodType<T>, params: unknown, command: (given: T) => Promise<ControlAnswer>): Promise<ControlAnswer> {
  const given = schema.safeParse(params);
  if (given.success) return command(given.data);
  return err([{ code: 'bad_parameters', message: 'the request is not as expected', advice: 'use the command line of the same version as the process' }]);
}

async function list({ store }: RoomCommandContext): Promise<ControlAnswer> {
  const views: RoomView[] = [];
  let next: { readonly after?: string } | undefined = {};
  while (next !== undefined) {
    const page = await store.list({ ...next, limit: pageSize });
    if (!page.ok) return err([page.error]);
    views.push(...page.value.items.map(viewOf));
    next = page.value.next === undefined ? undefined : { after: page.value.next };
  }
  return ok(views);
}

async function set(context: RoomCommandContext, origin: Origin, { alias, ...given }: SetParams): Promise<ControlAnswer> {
  const room = await find(context, alias);
  if (!room.ok) return room;
  const named = defined(given);
  if (Object.keys(named).length === 0) return err([{ code: 'nothing_to_change', message: 'no setting is named', advice: 'say what to set' }]);
  return shown(await context.rooms.change(origin, room.value.id, undefined, named));
}

async function setPin(context: RoomCommandContext, origin: Origin, given: SetPinParams): Promise<ControlAnswer> {
  const room = await find(context, given.alias);
  if (!room.ok) return room;
  const pins = pinsOf(given);
  if (Object.keys(pins).length === 0) return err([{ code: 'nothing_to_change', message: 'no PIN is named', advice: 'say which PIN to set, generate or remove' }]);
  return shown(await context.rooms.change(origin, room.value.id, undefined, { pins }));
}

async function remove(context: RoomCommandContext, origin: Origin, alias: string): Promise<ControlAnswer> {
  const room = await find(context, alias);
  if (!room.ok) return room;
  const removed = await context.rooms.remove(origin, [room.value.id]);
  return removed.ok ? ok(viewOf(room.value)) : removed;
}

async function find({ store }: RoomCommandContext, alias: string): Promise<Result<Room, readonly Problem[]>> {
  const room = await store.byAlias(alias);
  if (!room.ok) return err([room.error]);
  // Of several that share it, the oldest.
  const [first] = room.value;
  if (first !== undefined) return ok(first);
  return err([{ code: 'room_unknown', message: `no room has the alias ${JSON.stringify(normaliseAlias(alias))}`, advice: 'see `room list` for the rooms there are' }]);
}

type GivenPins = Pick<SetPinParams, 'hostPin' | 'guestPin' | 'generate'>;

/** A PIN that is given or removed is not generated. */
function pinsOf({ hostPin, guestPin, generate = [] }: GivenPins): PinsGiven {
  const pin = (role: PinRole, given: string | null | undefined): string | null | undefined => (given === undefined && generate.includes(role) ? 'generate' : given);
  return defined({ host: pin('host', hostPin), guest: pin('guest', guestPin) });
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

const defined = <T extends object>(given: T): Defined<T> => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;

const shown = (changed: Result<Changed, readonly Problem[]>): ControlAnswer => (changed.ok ? ok({ room: viewOf(changed.value.room), generated: changed.value.generated } satisfies RoomChanged) : changed);

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
