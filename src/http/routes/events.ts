import { Type } from 'typebox';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Actor } from '../../manage/actor.ts';
import type { EventFeed } from '../../manage/event-feed.ts';
import { EventSight } from '../../manage/event-sight.ts';
import { eventView } from '../../manage/event-view.ts';
import type { EventStore, StoredEvent } from '../../ports/events.ts';
import type { LivePort } from '../../ports/live.ts';
import type { RoomStore } from '../../ports/rooms.ts';
import { failure, retryLater, type Failure } from '../errors.ts';
import { EventStream } from '../event-stream.ts';
import { route, type Answer, type Route } from '../route.ts';

export interface EventRoutesOptions {
  readonly events: EventStore;
  readonly feed: EventFeed;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly live: LivePort;
  readonly streams: Set<EventStream>;
  readonly pageSize: number;
  /** Milliseconds an event stream goes on before its client shows again who he is. */
  readonly streamMs: number;
  readonly scheduler: Scheduler;
}

const mostStreams = 200;
/** Pages that are looked through for one answer. */
const mostLookedThrough = 5;

const eventSchema = Type.Object({
  id: Type.Integer({ description: 'counts all events' }),
  seq: Type.Optional(Type.Integer({ description: 'counts those of the room without a gap' })),
  type: Type.String(),
  at: Type.String({ format: 'date-time' }),
  room: Type.Optional(Type.String()),
  call: Type.Optional(Type.String()),
  data: Type.Object({}),
});
const number = Type.Integer({ minimum: 0 });
const room = Type.Optional(Type.String({ maxLength: 128 }));
const types = Type.Optional(Type.String({ maxLength: 2_048, pattern: '^[a-zA-Z.]+(,[a-zA-Z.]+)*$', description: 'separated by commas; default: all' }));

const typesOf = (given: string | undefined): readonly string[] | undefined => given?.split(',');
const hidden: Failure = failure({ code: 'room_unknown', message: 'there is no such room', advice: 'list the rooms for their ids', field: 'room' });

/** What happened: read, and told as it happens. Each is shown what it may know of (`manage/event-sight.ts`). */
export function eventRoutes(options: EventRoutesOptions): readonly Route[] {
  const { events, pageSize } = options;
  return [
    route({
      method: 'GET',
      url: '/api/v1/events',
      needs: 'actor',
      area: 'events',
      summary: 'What happened, oldest first; `next` is the `after` to go on with, also when there is nothing yet',
      query: Type.Object(
        {
          after: Type.Optional(number),
          afterSeq: Type.Optional(Type.Integer({ minimum: 0, description: 'with `room`: in place of `after`' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageSize, default: Math.min(50, pageSize) })),
          room,
          types,
        },
        { additionalProperties: false },
      ),
      answers: {
        200: Type.Object({
          items: Type.Array(eventSchema),
          next: Type.Integer({ description: 'an id; with `afterSeq` a sequence number' }),
          missed: Type.Optional(Type.Object({ oldest: Type.Integer() }, { description: 'events before this one are not kept any more' })),
        }),
      },
      errors: ['room_unknown'],
      handle: async ({ actor, query }) => {
        const sight = new EventSight(actor, options.rooms);
        const limit = query.limit ?? Math.min(50, pageSize);
        if (query.room !== undefined && (await sight.of(query.room)) === 'none') return err(hidden);
        if (query.afterSeq !== undefined) return afterSeq(events, sight, query.room, query.afterSeq, limit);
        const range = await events.range();
        if (!range.ok) return err(failure(range.error));
        const { oldest } = range.value;
        const after = query.after ?? 0;
        const wanted = { limit: pageSize, ...(query.room === undefined ? {} : { room: query.room }), ...(query.types === undefined ? {} : { types: typesOf(query.types) ?? [] }) };
        const items: StoredEvent[] = [];
        let next = after;
        for (let looked = 0; looked < mostLookedThrough && items.length < limit; looked++) {
          const page = await events.after(next, wanted);
          if (!page.ok) return err(failure(page.error));
          const seen = (await sight.visible(page.value)).slice(0, limit - items.length);
          items.push(...seen);
          const isFull = items.length >= limit;
          const last = isFull ? items.at(-1) : page.value.at(-1);
          if (last !== undefined) next = last.id;
          if (isFull || page.value.length < pageSize) break;
        }
        return ok({ status: 200, body: { items: items.map(eventView), next, ...(query.after !== undefined && after < oldest - 1 ? { missed: { oldest } } : {}) } });
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/events/stream',
      needs: 'actor',
      area: 'events',
      summary: 'Events as they happen (server-sent events); goes on after `Last-Event-ID` or `after`, else from now on',
      query: Type.Object({ after: Type.Optional(number), room, types, levels: Type.Optional(Type.Boolean({ default: false, description: 'with `room`: audio levels too (CO-33), as `level`' })) }, { additionalProperties: false }),
      answers: { 200: Type.String({ description: 'text/event-stream' }) },
      errors: ['room_unknown', 'streams_busy', 'invalid'],
      endless: true,
      handle: async ({ actor, query, header }) => stream(options, actor, query, header('last-event-id')),
    }),
  ];
}

async function afterSeq(events: EventStore, sight: EventSight, roomId: string | undefined, seq: number, limit: number): Promise<Result<Answer, Failure>> {
  if (roomId === undefined) return err(failure({ code: 'invalid', message: 'afterSeq counts the events of a room', advice: 'give room, too', field: 'room' }));
  const page = await events.afterInRoom(roomId, seq, limit);
  if (!page.ok) return err(failure(page.error));
  const items = await sight.visible(page.value);
  return ok({ status: 200, body: { items: items.map(eventView), next: page.value.at(-1)?.seq ?? seq } });
}

interface StreamQuery {
  readonly after?: number;
  readonly room?: string;
  readonly types?: string;
  readonly levels?: boolean;
}

async function stream({ events, feed, rooms, live, streams, streamMs, scheduler }: EventRoutesOptions, actor: Actor, query: StreamQuery, lastEventId: string | undefined): Promise<Result<Answer, Failure>> {
  if (query.levels === true && query.room === undefined) return err(failure({ code: 'invalid', message: 'levels are those of one room', advice: 'give room, too', field: 'levels' }));
  if (lastEventId !== undefined && !/^\d{1,15}$/.test(lastEventId)) return err(failure({ code: 'invalid', message: 'Last-Event-ID is none of ours', advice: 'send it as it was received, or not at all', field: 'Last-Event-ID' }));
  const sight = new EventSight(actor, rooms);
  if (query.room !== undefined && (await sight.of(query.room)) === 'none') return err(hidden);
  if (streams.size >= mostStreams) return err(retryLater({ code: 'streams_busy', message: 'too many event streams are open', advice: 'close some, or read /api/v1/events from time to time' }, 10));
  const range = await events.range();
  if (!range.ok) return err(failure(range.error));
  const after = lastEventId === undefined ? query.after : Number(lastEventId);
  const opened: EventStream = new EventStream({
    feed,
    sight,
    live,
    scheduler,
    after: after ?? feed.newest,
    oldest: range.value.oldest,
    room: query.room,
    types: query.types === undefined ? undefined : new Set(typesOf(query.types)),
    levels: query.levels === true ? 'sent' : 'left_out',
    longestMs: streamMs,
    onClosed: () => streams.delete(opened),
  });
  streams.add(opened);
  return ok({ status: 200, type: 'text/event-stream; charset=utf-8', body: opened, headers: { 'x-accel-buffering': 'no' } });
}
