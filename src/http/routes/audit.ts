import { Type } from 'typebox';
import { listAudit } from '../../manage/audit.ts';
import type { AuditStore } from '../../ports/audit.ts';
import { answered } from '../errors.ts';
import { pageAnswer, pageOf, pageQuery, pageSchema } from '../paging.ts';
import { route, type Route } from '../route.ts';

const time = Type.String({ format: 'date-time' });
const entrySchema = Type.Object({
  seq: Type.Integer(),
  at: time,
  actor: Type.String(),
  from: Type.String({ description: 'address; empty for the command line' }),
  action: Type.String(),
  object: Type.String(),
  before: Type.Optional(Type.Unknown()),
  after: Type.Optional(Type.Unknown()),
});

export function auditRoutes({ audit, pageSize }: { readonly audit: AuditStore; readonly pageSize: number }): readonly Route[] {
  const text = Type.Optional(Type.String({ maxLength: 256 }));
  return [
    route({
      method: 'GET',
      url: '/api/v1/audit',
      needs: { privilege: 'administrator' },
      area: 'records',
      summary: 'Who changed what, from where; newest first',
      query: Type.Object({ ...pageQuery(pageSize), actor: text, action: text, object: text, from: Type.Optional(time), to: Type.Optional(time) }, { additionalProperties: false }),
      answers: { 200: pageSchema(entrySchema) },
      errors: ['cursor_invalid'],
      handle: async ({ query }) => {
        const { actor, action, object, from, to } = query;
        const page = await listAudit(audit, {
          ...pageOf(query, pageSize),
          ...(actor === undefined ? {} : { actor }),
          ...(action === undefined ? {} : { action }),
          ...(object === undefined ? {} : { object }),
          ...(from === undefined ? {} : { from: Date.parse(from) }),
          ...(to === undefined ? {} : { to: Date.parse(to) }),
        });
        return page.ok ? pageAnswer(page.value, query.fields, entrySchema) : answered(page, () => ({ status: 200 }));
      },
    }),
  ];
}
