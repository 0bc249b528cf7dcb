import { Type } from 'typebox';
import { ok } from '../../lib/result.ts';
import { entryOf } from '../../manage/audit.ts';
import type { AuditStore } from '../../ports/audit.ts';
import { logLevels, type LogLevels } from '../../ports/log.ts';
import type { Readiness, Status } from '../../ports/status.ts';
import { answered } from '../errors.ts';
import { route, type Route } from '../route.ts';

export interface SystemRoutesOptions {
  readonly status: () => Promise<Status>;
  readonly readiness: () => Promise<Readiness>;
  /** What calls take up in every part. */
  readonly debugState: () => object;
  readonly logLevel: LogLevels;
  readonly audit: AuditStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const level = Type.Enum([...logLevels]);
const levelSchema = Type.Object({ level }, { additionalProperties: false });
const standing = Type.Enum(['up', 'down']);
const readySchema = Type.Object({ state: Type.Enum(['ready', 'not_ready']), stores: standing, signalling: standing, media: standing, calls: Type.Enum(['taken', 'draining']) });

export function systemRoutes({ status, readiness, debugState, logLevel, audit, now }: SystemRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/api/v1/system',
      needs: { privilege: 'administrator' },
      area: 'system',
      summary: 'The running process: addresses, rooms in use, calls, timers',
      answers: { 200: Type.Object({ version: Type.String(), state: Type.Enum(['running', 'draining']), uptimeSeconds: Type.Integer(), listening: Type.Array(Type.String()), api: Type.Optional(Type.String()), rooms: Type.Array(Type.Unknown()), calls: Type.Array(Type.Unknown()) }) },
      handle: async () => ok({ status: 200, body: await status() }),
    }),
    route({
      method: 'GET',
      url: '/api/v1/system/debug',
      needs: { privilege: 'administrator' },
      area: 'system',
      summary: 'What calls take up in every part; all zero without calls',
      answers: { 200: Type.Unknown() },
      handle: () => Promise.resolve(ok({ status: 200, body: debugState() })),
    }),
    route({
      method: 'GET',
      url: '/api/v1/system/log-level',
      needs: { privilege: 'administrator' },
      area: 'system',
      summary: 'Least severe lines that are logged',
      answers: { 200: levelSchema },
      handle: () => Promise.resolve(ok({ status: 200, body: { level: logLevel.level() } })),
    }),
    route({
      method: 'PUT',
      url: '/api/v1/system/log-level',
      needs: { privilege: 'administrator' },
      area: 'system',
      summary: 'Log more or less, until the next start',
      body: levelSchema,
      answers: { 200: levelSchema },
      handle: async ({ actor, body, from }) => {
        const noted = await audit.add(entryOf({ actor, from, at: now() }, 'system.logLevel', 'system', { before: { level: logLevel.level() }, after: body }));
        if (noted.ok) logLevel.setLevel(body.level);
        return answered(noted, () => ({ status: 200, body }));
      },
    }),
    route({
      method: 'GET',
      url: '/healthz',
      needs: 'public',
      area: 'system',
      summary: 'Whether the process is alive',
      answers: { 200: Type.Object({ state: Type.Literal('alive') }) },
      handle: () => Promise.resolve(ok({ status: 200, body: { state: 'alive' } })),
    }),
    route({
      method: 'GET',
      url: '/readyz',
      needs: 'public',
      area: 'system',
      summary: 'Whether new calls are taken: database, SIP and media servers are up, and the process is not draining',
      answers: { 200: readySchema, 503: readySchema },
      handle: async () => {
        const { stores, signalling, media, calls } = await readiness();
        const ready = stores === 'up' && signalling === 'up' && media === 'up' && calls === 'taken';
        return ok({ status: ready ? 200 : 503, body: { state: ready ? 'ready' : 'not_ready', stores, signalling, media, calls } });
      },
    }),
  ];
}
