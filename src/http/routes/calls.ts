import { Readable } from 'node:stream';
import { Type, type TObject } from 'typebox';
import { ok } from '../../lib/result.ts';
import type { Calls } from '../../manage/calls.ts';
import { csvOf } from '../../manage/csv.ts';
import type { CdrCallQuery, CdrConferenceQuery } from '../../ports/cdr.ts';
import { answered } from '../errors.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Answer, type Route } from '../route.ts';
import { participantParams } from './live.ts';

export interface CallRoutesOptions {
  readonly calls: Calls;
  readonly pageSize: number;
}

const time = Type.String({ format: 'date-time' });
const optionalText = Type.Optional(Type.String());
const optionalTime = Type.Optional(time);
const state = Type.Enum(['active', 'ended']);
const callParams = Type.Object({ call: Type.String({ maxLength: 256 }) });

const callSchema = Type.Object({
  id: Type.String(),
  state,
  protocol: Type.Enum(['sip', 'h323']),
  protocolId: Type.String({ description: 'Call-ID, or its likeness in H.323' }),
  caller: Type.String(),
  alias: Type.String({ description: 'what was dialled' }),
  startedAt: time,
  room: optionalText,
  conference: optionalText,
  role: Type.Optional(Type.Enum(['moderator', 'speaker'])),
  rule: Type.Optional(Type.String({ description: 'the admission rule that let it in' })),
  answeredAt: optionalTime,
  joinedAt: optionalTime,
  endedAt: optionalTime,
  reason: optionalText,
  cause: Type.Optional(Type.String({ description: 'what the wire said' })),
  fault: optionalText,
  durationSeconds: Type.Optional(Type.Integer()),
});
const liveCallSchema = Type.Object({ ...callSchema.properties, endpoint: Type.Optional(Type.Unknown()), statistics: Type.Optional(Type.Unknown()) });

const conferenceSchema = Type.Object({
  id: Type.String(),
  state,
  room: Type.String(),
  startedAt: time,
  endedAt: optionalTime,
  reason: optionalText,
  durationSeconds: Type.Optional(Type.Integer()),
  peakParticipants: Type.Optional(Type.Integer()),
});

const explanation = Type.Object({
  items: Type.Array(Type.Object({ at: time, stage: Type.Enum(['arrival', 'pin', 'place', 'claim']), rule: Type.String(), outcome: Type.String(), inputs: Type.Record(Type.String(), Type.Unknown()) })),
});

const conferenceFilters = {
  room: Type.Optional(Type.String({ maxLength: 128 })),
  state: Type.Optional(state),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'started at or after' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'started before' })),
};
const callFilters = { ...conferenceFilters, conference: Type.Optional(Type.String({ maxLength: 128 })), caller: Type.Optional(Type.String({ maxLength: 128, description: 'part of the address' })) };

interface Filters {
  readonly room?: string;
  readonly state?: 'active' | 'ended';
  readonly from?: string;
  readonly to?: string;
  readonly conference?: string;
  readonly caller?: string;
}

function filtersOf({ room, state: standing, from, to, conference, caller }: Filters): Omit<CdrCallQuery, 'limit' | 'after'> {
  return {
    ...(room === undefined ? {} : { room }),
    ...(standing === undefined ? {} : { state: standing === 'active' ? 'open' : 'ended' }),
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
    ...(conference === undefined ? {} : { conference }),
    ...(caller === undefined ? {} : { caller }),
  };
}

const conferenceFiltersOf = (given: Filters): Omit<CdrConferenceQuery, 'limit' | 'after'> => filtersOf(given);

const columnsOf = (schema: TObject): readonly string[] => Object.keys(schema.properties);

const csv = (name: string, lines: AsyncIterable<string>): Answer => ({
  status: 200,
  type: 'text/csv; charset=utf-8; header=present',
  body: Readable.from(lines, { objectMode: false }),
  headers: { 'content-disposition': `attachment; filename="${name}.csv"` },
});

/** Those with at least limited control of every room see all calls. */
const needs = { privilege: 'limited_control' } as const;

/** Calls, under way and over: the records, and why each call was treated as it was. */
export function callRoutes({ calls, pageSize }: CallRoutesOptions): readonly Route[] {
  const listing = (url: '/api/v1/calls' | '/api/v1/cdr/calls', summary: string, only: Filters): Route =>
    route({
      method: 'GET',
      url,
      needs,
      area: 'records',
      summary,
      query: Type.Object({ ...pageQuery(pageSize), ...callFilters }, { additionalProperties: false }),
      answers: { 200: pageSchema(callSchema) },
      errors: ['cursor_invalid'],
      handle: async ({ query }) => {
        const page = await calls.list({ ...pageOf(query, pageSize), ...filtersOf({ ...only, ...query }) });
        return page.ok ? pageAnswer(page.value, query.fields, callSchema) : answered(page, () => ({ status: 200 }));
      },
    });

  return [
    listing('/api/v1/calls', 'Calls under way, newest first; with `state=ended` those that are over', { state: 'active' }),
    listing('/api/v1/cdr/calls', 'Records of calls, newest first', {}),
    route({
      method: 'GET',
      url: '/api/v1/calls/:call',
      needs,
      area: 'records',
      summary: 'A call; while it goes on, its endpoint and media, too',
      params: callParams,
      answers: { 200: liveCallSchema },
      errors: ['call_unknown'],
      handle: async ({ params }) => answered(await calls.get(params.call), (body) => ({ status: 200, body })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/calls/:call/explain',
      needs,
      area: 'records',
      summary: 'Why a call was treated as it was: each decision, its rule and what the rule read (N-02)',
      params: callParams,
      answers: { 200: explanation },
      errors: ['call_unknown'],
      handle: async ({ params }) => answered(await calls.explain(params.call), (items) => ({ status: 200, body: { items } })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/rooms/:id/participants/:call/explain',
      needs: { room: 'limited' },
      area: 'live',
      summary: 'Why a call to this room was treated as it was (N-02)',
      params: participantParams,
      answers: { 200: explanation },
      errors: ['call_unknown'],
      handle: async ({ params, room }) => answered(await calls.explain(params.call, room.id), (items) => ({ status: 200, body: { items } })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/cdr/calls.csv',
      needs,
      area: 'records',
      summary: 'Records of calls as CSV (RFC 4180), all of them; what a spreadsheet would take for a formula has a quote before it',
      query: Type.Object(callFilters, { additionalProperties: false }),
      answers: { 200: Type.String() },
      handle: ({ query }) => Promise.resolve(ok(csv('calls', csvOf(columnsOf(callSchema), (page) => calls.list({ ...page, ...filtersOf(query) }))))),
    }),
    route({
      method: 'GET',
      url: '/api/v1/cdr/conferences',
      needs,
      area: 'records',
      summary: 'Records of conferences, newest first',
      query: Type.Object({ ...pageQuery(pageSize), ...conferenceFilters }, { additionalProperties: false }),
      answers: { 200: pageSchema(conferenceSchema) },
      errors: ['cursor_invalid'],
      handle: async ({ query }) => {
        const page = await calls.conferences({ ...pageOf(query, pageSize), ...conferenceFiltersOf(query) });
        return page.ok ? pageAnswer(page.value, query.fields, conferenceSchema) : answered(page, () => ({ status: 200 }));
      },
    }),
    route({
      method: 'GET',
      url: '/api/v1/cdr/conferences.csv',
      needs,
      area: 'records',
      summary: 'Records of conferences as CSV, all of them',
      query: Type.Object(conferenceFilters, { additionalProperties: false }),
      answers: { 200: Type.String() },
      handle: ({ query }) => Promise.resolve(ok(csv('conferences', csvOf(columnsOf(conferenceSchema), (page) => calls.conferences({ ...page, ...conferenceFiltersOf(query) }))))),
    }),
  ];
}
