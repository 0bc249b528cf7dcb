import { Type } from 'typebox';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Actor } from '../../manage/actor.ts';
import { hasFullControl, type RoomReader } from '../../manage/room-reader.ts';
import type { RoomChanged, Rooms } from '../../manage/rooms.ts';
import { occurrenceView } from '../../manage/schedule-view.ts';
import type { Problems } from '../../manage/problems.ts';
import type { RoomStore } from '../../ports/rooms.ts';
import { answered, failure, type Failure } from '../errors.ts';
import { etag, ifMatch } from '../etag.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Answer, type Route } from '../route.ts';
import { aliasesField, occurrenceSchema, pinsSchema, roomErrors, roomFields, roomSchema, roomWithPins } from './room-schemas.ts';

export interface RoomRoutesOptions {
  readonly rooms: Rooms;
  readonly reader: RoomReader;
  readonly store: Pick<RoomStore, 'byId' | 'guestPin'>;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const identified = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const closed = { additionalProperties: false } as const;
const longestIds = 8_192;
const usualHorizonMs = 366 * 86_400_000;

export function roomRoutes({ rooms, reader, store, pageSize, now }: RoomRoutesOptions): readonly Route[] {
  const changed = async (actor: Actor, outcome: Result<RoomChanged, Problems>, status: 200 | 201): Promise<Result<Answer, Failure>> => {
    if (!outcome.ok) return answered(outcome, () => ({ status }));
    const { room, generated } = outcome.value;
    const view = await reader.show(actor, room, now());
    return answered(view, (shown) => ({
      status,
      body: { ...shown, ...(Object.keys(generated).length === 0 ? {} : { pins: generated }) },
      headers: { etag: etag(room.version), ...(status === 201 ? { location: `/api/v1/rooms/${room.id}` } : {}) },
    }));
  };

  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms',
      needs: 'actor',
      area: 'rooms',
      summary: 'List the rooms you may know of, in order of creation; links are shown room by room',
      query: Type.Object(
        {
          ...pageQuery(pageSize),
          alias: Type.Optional(Type.String({ maxLength: 128, description: 'only rooms that have it' })),
          name: Type.Optional(Type.String({ maxLength: 50, description: 'part of the name' })),
          owner: Type.Optional(Type.String({ maxLength: 64 })),
          member: Type.Optional(Type.String({ maxLength: 64, description: 'name of a user who is a member' })),
        },
        closed,
      ),
      answers: { 200: pageSchema(roomSchema) },
      errors: ['cursor_invalid'],
      handle: async ({ actor, query }) => {
        const { alias, name, owner, member, fields } = query;
        const page = await reader.list(
          actor,
          { ...pageOf(query, pageSize), ...(alias === undefined ? {} : { alias }), ...(name === undefined ? {} : { name }), ...(owner === undefined ? {} : { owner }), ...(member === undefined ? {} : { member }) },
          now(),
        );
        return page.ok ? pageAnswer(page.value, fields, roomSchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'POST',
      url: '/api/v1/rooms',
      needs: { privilege: 'creation' },
      area: 'rooms',
      summary: 'Make a room',
      body: Type.Object({ ...roomFields, aliases: aliasesField }, closed),
      answers: { 201: roomWithPins },
      errors: roomErrors,
      idempotent: true,
      handle: async ({ actor, body, from }) => changed(actor, await rooms.add({ actor, from, at: now() }, body), 201),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/rooms',
      needs: { privilege: 'creation' },
      area: 'rooms',
      summary: 'Remove several rooms you have full control of, all or none',
      query: Type.Object({ ids: Type.String({ minLength: 1, maxLength: longestIds, description: 'separated by commas' }) }, closed),
      answers: { 200: Type.Object({ removed: Type.Array(Type.String()), unknown: Type.Array(Type.String()) }) },
      handle: async ({ actor, query, from }) => {
        const ids = [...new Set(query.ids.split(',').map((id) => id.trim()).filter((id) => id !== ''))];
        const allowed = await mayRemove(store, actor, ids);
        if (!allowed.ok) return allowed;
        return answered(await rooms.remove({ actor, from, at: now() }, ids), (removed) => ({ status: 200, body: { removed, unknown: ids.filter((id) => !removed.includes(id)) } }));
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id',
      needs: { room: 'seen', permission: 'canJoinMeeting' },
      area: 'rooms',
      summary: 'A room, as much of it as you may see (CO-40)',
      params: identified,
      answers: { 200: roomSchema },
      handle: async ({ actor, room }) => answered(await reader.show(actor, room, now()), (view) => ({ status: 200, body: view, headers: { etag: etag(room.version) } })),
    }),
    route({
      method: 'PATCH',
      url: '/api/v1/rooms/:id',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Change a room, PINs included, all of it or nothing (PX-21)',
      params: identified,
      body: Type.Object({ ...roomFields, aliases: Type.Optional(aliasesField) }, { ...closed, minProperties: 1 }),
      answers: { 200: roomWithPins },
      errors: [...roomErrors, 'version_conflict'],
      handle: async ({ actor, room, body, from, header }) => {
        const version = ifMatch(header('if-match'));
        if (!version.ok) return version;
        return changed(actor, await rooms.change({ actor, from, at: now() }, room.id, version.value, body), 200);
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/rooms/:id',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Remove a room; its conference ends',
      params: identified,
      answers: { 204: null },
      handle: async ({ actor, room, from }) => answered(await rooms.remove({ actor, from, at: now() }, [room.id]), () => ({ status: 204 })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/pins',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Which PINs the room has; the guest PIN in clear, the host PIN never',
      params: identified,
      answers: { 200: Type.Object({ hasHostPin: Type.Boolean(), hasGuestPin: Type.Boolean(), guest: Type.Optional(Type.String()) }) },
      handle: async ({ room }) => {
        const guest = await store.guestPin(room.id);
        return answered(guest, (pin) => ({
          status: 200,
          body: { hasHostPin: room.pins.host !== undefined, hasGuestPin: room.pins.guest !== undefined, ...(pin === undefined ? {} : { guest: pin.reveal() }) },
          headers: { etag: etag(room.version) },
        }));
      },
    }),
    route({
      method: 'PATCH',
      url: '/api/v1/rooms/:id/pins',
      needs: { room: 'full' },
      area: 'rooms',
      summary: 'Set, generate or remove the PINs (PX-01, PX-19..21)',
      params: identified,
      body: Type.Object(pinsSchema.properties, { ...closed, minProperties: 1 }),
      answers: { 200: roomWithPins },
      errors: ['pin_not_digits', 'pin_too_short', 'pin_too_long', 'guest_pin_needs_host_pin', 'pins_equal', 'version_conflict'],
      handle: async ({ actor, room, body, from, header }) => {
        const version = ifMatch(header('if-match'));
        if (!version.ok) return version;
        return changed(actor, await rooms.change({ actor, from, at: now() }, room.id, version.value, { pins: body }), 200);
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/occurrences',
      needs: { room: 'seen', permission: 'canJoinMeeting' },
      area: 'rooms',
      summary: 'When a scheduled room runs: the running occurrence and those to come',
      params: identified,
      query: Type.Object(
        {
          from: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'default: now' })),
          to: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'default: a year later; two years at most' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
        },
        closed,
      ),
      answers: { 200: Type.Object({ items: Type.Array(occurrenceSchema) }) },
      errors: ['not_scheduled'],
      handle: ({ actor, room, query }) => {
        const from = query.from === undefined ? now() : Date.parse(query.from);
        const to = query.to === undefined ? from + usualHorizonMs : Date.parse(query.to);
        return Promise.resolve(answered(reader.occurrences(actor, room, from, to, query.limit ?? 50), (items) => ({ status: 200, body: { items: items.map(occurrenceView) } })));
      },
    }),
  ];
}

/** What one may not remove keeps all the others. */
async function mayRemove(store: Pick<RoomStore, 'byId'>, actor: Actor, ids: readonly string[]): Promise<Result<void, Failure>> {
  for (const [index, id] of ids.entries()) {
    const found = await store.byId(id);
    if (!found.ok) return err(failure(found.error));
    if (found.value !== undefined && !hasFullControl(actor, found.value)) return err(failure({ code: 'not_permitted', message: 'you have no full control of this room', advice: 'leave it out; nothing was removed', field: `ids[${index}]` }));
  }
  return ok(undefined);
}
