import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { RoomId } from '../../domain/room.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Recordings } from '../../manage/recordings.ts';
import type { RecordingQuery } from '../../ports/recordings.ts';
import { byteRange } from '../byte-range.ts';
import { answered, failure, type Failure } from '../errors.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema, type PageGiven } from '../paging.ts';
import { route, type Answer, type Route } from '../route.ts';
import { roomParams } from './live.ts';

export interface RecordingRoutesOptions {
  readonly recordings: Recordings;
  readonly pageSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const time = Type.String({ format: 'date-time' });
const state = Type.Enum(['active', 'paused', 'complete', 'failed']);
const recordingSchema = Type.Object({ id: Type.String(), room: Type.String(), conference: Type.String(), startedAt: time, endedAt: Type.Optional(time), bytes: Type.Integer(), state });
const ofRoom = Type.Object({ id: Type.String({ maxLength: 128 }), recording: Type.String({ maxLength: 128 }) });
const ofAll = Type.Object({ recording: Type.String({ maxLength: 128 }) });
const audio = Type.String({ description: 'audio/wav' });

const everywhere = { privilege: 'full_control' } as const;
const retrieve = { room: 'full', permission: 'canRetrieveRecordings' } as const;
const remove = { room: 'full', permission: 'canDeleteRecordings' } as const;

/** Recordings outlive their room: under `/recordings` are those of all rooms, for who has full control of all. */
export function recordingRoutes({ recordings, pageSize, now }: RecordingRoutesOptions): readonly Route[] {
  const filters = { ...pageQuery(pageSize), state: Type.Optional(state) };

  const list = async (query: PageGiven & Pick<RecordingQuery, 'state' | 'room'>): Promise<Result<Answer, Failure>> => {
    const { state: standing, room } = query;
    const page = await recordings.list({ ...pageOf(query, pageSize), ...(standing === undefined ? {} : { state: standing }), ...(room === undefined ? {} : { room }) });
    return page.ok ? pageAnswer(page.value, query.fields, recordingSchema) : answered(page, () => ({ status: 200 }));
  };

  const get = async (id: string, room: RoomId | undefined): Promise<Result<Answer, Failure>> => answered(await recordings.get(id, room), (body) => ({ status: 200, body }));

  const media = async (id: string, room: RoomId | undefined, header: (name: string) => string | undefined): Promise<Result<Answer, Failure>> => {
    const opened = await recordings.open(id, room);
    if (!opened.ok) return err(failure(opened.error));
    const file = opened.value;
    const { bytes, name } = file;
    // RFC 9110 §13.1.5: no validator of ours was ever given, so a conditional range is a request for everything.
    const range = header('if-range') === undefined ? byteRange(header('range'), bytes) : ({ kind: 'whole' } as const);
    if (range.kind === 'unsatisfiable') {
      await file.close();
      return err({ ...failure({ code: 'range_unsatisfiable', message: 'the recording is not that long', advice: `ask for bytes below ${bytes}`, field: 'Range' }), headers: { 'content-range': `bytes */${bytes}` } });
    }
    const [first, last] = range.kind === 'part' ? [range.first, range.last] : [0, bytes - 1];
    const headers = { 'accept-ranges': 'bytes', 'content-disposition': `attachment; filename="${name}"`, 'content-length': String(Math.max(0, last - first + 1)) };
    if (bytes === 0) {
      await file.close();
      return ok({ status: 200, type: 'audio/wav', body: '', headers });
    }
    const body = Readable.from(file.read(first, last), { objectMode: false });
    return ok(range.kind === 'part' ? { status: 206, type: 'audio/wav', body, headers: { ...headers, 'content-range': `bytes ${first}-${last}/${bytes}` } } : { status: 200, type: 'audio/wav', body, headers });
  };

  const drop = async (origin: Parameters<Recordings['remove']>[0], id: string, room: RoomId | undefined): Promise<Result<Answer, Failure>> => answered(await recordings.remove(origin, id, room), () => ({ status: 204 }));

  return [
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/recordings',
      needs: retrieve,
      area: 'recordings',
      summary: 'Recordings of the room, newest first',
      params: roomParams,
      query: Type.Object(filters, { additionalProperties: false }),
      answers: { 200: pageSchema(recordingSchema) },
      errors: ['cursor_invalid'],
      handle: ({ room, query }) => list({ ...query, room: room.id }),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/recordings/:recording',
      needs: retrieve,
      area: 'recordings',
      summary: 'A recording',
      params: ofRoom,
      answers: { 200: recordingSchema },
      errors: ['recording_unknown'],
      handle: ({ room, params }) => get(params.recording, room.id),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/recordings/:recording/media',
      needs: retrieve,
      area: 'recordings',
      summary: 'The sound of a recording; takes Range',
      params: ofRoom,
      answers: { 200: audio, 206: audio },
      errors: ['recording_unknown', 'recording_under_way', 'recording_file_missing', 'range_unsatisfiable'],
      endless: true,
      handle: ({ room, params, header }) => media(params.recording, room.id, header),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/rooms/:id/recordings/:recording',
      needs: remove,
      area: 'recordings',
      summary: 'Delete a recording and its file',
      params: ofRoom,
      answers: { 204: null },
      errors: ['recording_unknown', 'recording_under_way'],
      handle: ({ actor, room, params, from }) => drop({ actor, from, at: now() }, params.recording, room.id),
    }),
    route({
      method: 'GET',
      url: '/api/v1/recordings',
      needs: everywhere,
      area: 'recordings',
      summary: 'Recordings of all rooms, those that are gone included; newest first',
      query: Type.Object({ ...filters, room: Type.Optional(Type.String({ maxLength: 128 })) }, { additionalProperties: false }),
      answers: { 200: pageSchema(recordingSchema) },
      errors: ['cursor_invalid'],
      handle: ({ query }) => list(query),
    }),
    route({
      method: 'GET',
      url: '/api/v1/recordings/:recording',
      needs: everywhere,
      area: 'recordings',
      summary: 'A recording of any room',
      params: ofAll,
      answers: { 200: recordingSchema },
      errors: ['recording_unknown'],
      handle: ({ params }) => get(params.recording, undefined),
    }),
    route({
      method: 'GET',
      url: '/api/v1/recordings/:recording/media',
      needs: everywhere,
      area: 'recordings',
      summary: 'The sound of a recording of any room; takes Range',
      params: ofAll,
      answers: { 200: audio, 206: audio },
      errors: ['recording_unknown', 'recording_under_way', 'recording_file_missing', 'range_unsatisfiable'],
      endless: true,
      handle: ({ params, header }) => media(params.recording, undefined, header),
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/recordings/:recording',
      needs: everywhere,
      area: 'recordings',
      summary: 'Delete a recording of any room, and its file',
      params: ofAll,
      answers: { 204: null },
      errors: ['recording_unknown', 'recording_under_way'],
      handle: ({ actor, params, from }) => drop({ actor, from, at: now() }, params.recording, undefined),
    }),
  ];
}
