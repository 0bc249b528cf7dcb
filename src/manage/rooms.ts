import type { RoomEvent } from '../domain/events.ts';
import type { PinBounds } from '../domain/pin-format.ts';
import { judgeOwner } from '../domain/privilege.ts';
import { validateRoom, type Room, type RoomId, type RoomSettings } from '../domain/room.ts';
import { clash } from '../domain/schedule.ts';
import { normaliseUserName } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { UserStore } from '../ports/users.ts';
import { privilegeOf } from './actor.ts';
import { changed, entryOf, timeText, type Origin } from './audit.ts';
import { failedBy, problemsOf, type Problems } from './problems.ts';
import { settingsOf, settingsWith, type RoomGiven } from './room-given.ts';
import type { RoomNews } from './room-news.ts';
import { planPins, type PinPlan, type PinsGiven } from './room-pins.ts';
import { Turns } from './turns.ts';

export interface RoomsOptions {
  readonly rooms: RoomStore;
  readonly users: Pick<UserStore, 'byName'>;
  readonly pinBounds: PinBounds;
  /** Of a room made without naming one. */
  readonly language: string;
  /** Languages there are prompts for. */
  readonly languages: readonly string[];
  /** Of a room made without saying. */
  readonly mediaEncryption: RoomSettings['mediaEncryption'];
  /** PX-17: a room made without a host PIN gets one. */
  readonly autoHostPin: boolean;
  /** Aliases that lead to the attendant. */
  readonly reservedAliases: readonly string[];
  /** Of the configuration, in seconds; no room goes beyond it. 0: none. */
  readonly longestConnection: number;
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
  readonly onChange: (news: RoomNews) => void;
}

/** `generated`: the PINs made by this very change, in clear, this once. */
export interface RoomChanged {
  readonly room: Room;
  readonly generated: PinPlan['generated'];
}

/** So far ahead it is looked whether two rooms that share an alias are ever active at once. */
export const planningHorizonMs = 366 * 86_400_000;

/** Rooms, as who may manage them makes, changes and removes them. What is checked must still be true when it is written: one change at a time. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #turns = new Turns();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** CO-02: who makes it owns it, unless another owner is given (CO-43). */
  add(origin: Origin, given: RoomGiven): Promise<Result<RoomChanged, Problems>> {
    return this.#turns.take(async () => {
      const { rooms, language, mediaEncryption, autoHostPin, onChange } = this.#options;
      const { actor } = origin;
      const settings = settingsOf({ ...(actor.kind === 'user' ? { owner: actor.name } : {}), ...given }, { language, mediaEncryption });
      const valid = settings.ok ? this.#validate(settings.value) : settings;
      const pins = this.#plan(autoHostPin && given.pins?.host == null ? { ...given.pins, host: 'generate' } : given.pins, undefined);
      if (!valid.ok || !pins.ok) return failedBy(problemsOf(valid, pins)) ?? err([internal]);
      const owner = await this.#judgeOwner(origin, undefined, valid.value.owner);
      if (!owner.ok) return owner;
      const added = await rooms.add(valid.value, pins.value.pins, (room) => ({
        audit: entryOf(origin, 'room.add', objectOf(room.id), { after: auditView(room) }),
        events: [{ type: 'room.created', at: origin.at, roomId: room.id, data: { name: room.name, aliases: room.aliases, owner: room.owner ?? null } }],
      }));
      if (!added.ok) return err([await this.#explain(added.error, valid.value, undefined, origin.at)]);
      onChange({ type: 'added', room: added.value });
      return ok({ room: added.value, generated: pins.value.generated });
    });
  }

  /** PX-21: all of it or nothing. `version`: the one that was read, to change nothing else; absent, the last change wins. */
  change(origin: Origin, id: RoomId, version: number | undefined, given: RoomGiven): Promise<Result<RoomChanged, Problems>> {
    return this.#turns.take(async () => {
      const { rooms, onChange } = this.#options;
      const found = await rooms.byId(id);
      if (!found.ok) return err([found.error]);
      const before = found.value;
      if (before === undefined) return err([unknown]);
      if (version !== undefined && version !== before.version) return err([changedMeanwhile]);
      const settings = settingsWith(settingsIn(before), given);
      const valid = settings.ok ? this.#validate(settings.value) : settings;
      const pins = this.#plan(given.pins, before);
      if (!valid.ok || !pins.ok) return failedBy(problemsOf(valid, pins)) ?? err([internal]);
      const owner = await this.#judgeOwner(origin, before.owner, valid.value.owner);
      if (!owner.ok) return owner;
      const done = await rooms.change(id, before.version, { settings: valid.value, pins: pins.value.pins }, (after, was) => ({
        audit: entryOf(origin, 'room.change', objectOf(id), { before: auditView(was), after: auditView(after, was) }),
        events: changedEvents(after, was, origin.at),
      }));
      if (!done.ok) return err([await this.#explain(done.error, valid.value, id, origin.at)]);
      onChange({ type: 'changed', room: done.value });
      return ok({ room: done.value, generated: pins.value.generated });
    });
  }

  /** Those that are not there are passed over. Answers the ids of those that were. */
  async remove(origin: Origin, ids: readonly RoomId[]): Promise<Result<readonly RoomId[], Problems>> {
    const { rooms, onChange } = this.#options;
    const removed = await rooms.remove([...new Set(ids)], (gone) => ({
      audit: entryOf(origin, 'room.remove', gone.map(({ id }) => objectOf(id)).join(' '), { before: Object.fromEntries(gone.map((room) => [room.id, auditView(room)])) }),
      events: gone.map(({ id, name }): RoomEvent => ({ type: 'room.removed', at: origin.at, roomId: id, data: { name } })),
    }));
    if (!removed.ok) return err([removed.error]);
    for (const room of removed.value) onChange({ type: 'removed', room });
    return ok(removed.value.map(({ id }) => id));
  }

  #validate(settings: RoomSettings): Result<RoomSettings, readonly Problem[]> {
    const { reservedAliases, longestConnection, languages } = this.#options;
    const valid = validateRoom(settings, reservedAliases, longestConnection);
    if (!valid.ok || languages.includes(valid.value.language)) return valid;
    return err([{ code: 'language_unknown', message: `there are no prompts in ${valid.value.language}`, advice: `choose one of: ${languages.join(', ')}`, field: 'language' }]);
  }

  #plan(given: PinsGiven | undefined, room: Room | undefined): Result<PinPlan, readonly Problem[]> {
    const { rooms, pinBounds, randomBelow } = this.#options;
    return planPins({ rooms, bounds: pinBounds, randomBelow }, given ?? {}, room);
  }

  /** CO-41 to CO-43. */
  async #judgeOwner({ actor }: Origin, before: string | undefined, name: string | undefined): Promise<Result<void, Problems>> {
    if (name === before) return ok(undefined);
    const found = name === undefined ? ok(undefined) : await this.#options.users.byName(normaliseUserName(name));
    if (!found.ok) return err([found.error]);
    const by = { user: actor.kind === 'user' ? actor.name : '', privilege: privilegeOf(actor) };
    // Who may not choose is told that, whoever the name is of.
    const owner = found.value ?? (name === undefined ? undefined : { name, privilege: by.privilege });
    const verdict = judgeOwner(by, before, owner);
    if (verdict === 'owner_not_permitted') return err([{ code: verdict, message: 'the owner of a room is chosen by who has full control of all rooms', advice: 'leave out the owner, or ask an administrator', field: 'owner' }]);
    if (name !== undefined && found.value === undefined) return err([{ code: 'owner_unknown', message: 'there is no such user', advice: 'name a user who may create rooms, or null', field: 'owner' }]);
    if (verdict === 'owner_unfit') return err([{ code: verdict, message: 'this user may not own rooms', advice: 'name a user who may create rooms, or null', field: 'owner' }]);
    return ok(undefined);
  }

  /** COD-10: of two scheduled rooms that share an alias, when they get into each other's way. */
  async #explain(problem: Problem, settings: RoomSettings, id: RoomId | undefined, now: number): Promise<Problem> {
    const { schedule } = settings;
    if (problem.code !== 'alias_taken') return problem;
    for (const [index, alias] of settings.aliases.entries()) {
      const sharing = await this.#options.rooms.byAlias(alias);
      if (!sharing.ok) continue;
      const others = sharing.value.filter((other) => other.id !== id);
      const field = `aliases[${index}]`;
      for (const other of others) {
        if (schedule === undefined || other.schedule === undefined) return { ...problem, field };
        const occurrence = clash(schedule, other.schedule, now, planningHorizonMs);
        if (occurrence === undefined) continue;
        return {
          code: 'alias_in_use_then',
          message: `another room has the alias ${JSON.stringify(alias)} during the occurrence that begins at ${timeText(occurrence.start)}, early entry included`,
          advice: 'choose another alias, or another time',
          field,
        };
      }
    }
    return problem;
  }
}

const unknown: Problem = { code: 'room_unknown', message: 'there is no such room', advice: 'list the rooms for their ids' };
const changedMeanwhile: Problem = { code: 'version_conflict', message: 'it was changed by somebody else meanwhile', advice: 'read it again and repeat the change' };
const internal: Problem = { code: 'internal', message: 'the room was refused without a reason', advice: 'this is a defect: report it' };

const objectOf = (id: RoomId): string => `room:${id}`;

const others: ReadonlySet<string> = new Set(['id', 'pins', 'version', 'createdAt', 'members'] satisfies (keyof Room)[]);

/** The settings alone. */
const settingsIn = (room: Room): RoomSettings => Object.fromEntries(Object.entries(room).filter(([name]) => !others.has(name))) as unknown as RoomSettings;

/** For the audit log: of a PIN only whether there is one, or that it is another one. */
function auditView(room: Room, before?: Room): object {
  const pin = (role: 'host' | 'guest'): string => {
    const [is, was] = [room.pins[role]?.hash, before?.pins[role]?.hash];
    return is === undefined ? 'none' : before === undefined || was === undefined || is === was ? 'set' : changed;
  };
  return { ...settingsIn(room), hostPin: pin('host'), guestPin: pin('guest') };
}

function changedEvents(after: Room, before: Room, at: number): readonly RoomEvent[] {
  const [is, was] = [settingsIn(after), settingsIn(before)].map((settings) => new Map<string, unknown>(Object.entries(settings)));
  const fields = [...new Set([...(is?.keys() ?? []), ...(was?.keys() ?? [])])].filter((name) => JSON.stringify(is?.get(name)) !== JSON.stringify(was?.get(name)));
  const pins = (['host', 'guest'] as const).filter((role) => after.pins[role]?.hash !== before.pins[role]?.hash).map((role) => `${role}Pin`);
  const names = [...fields, ...pins];
  if (names.length === 0) return [];
  return [{ type: 'room.changed', at, roomId: after.id, data: { changed: names, ...(fields.includes('owner') ? { owner: after.owner ?? null } : {}) } }];
}
