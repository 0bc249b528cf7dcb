import { Type, type Static } from 'typebox';
import type { NumberRuleSettings } from '../../domain/number-rules.ts';
import type { NumberRuleGiven, NumberRules, NumberRuleView } from '../../manage/number-rules.ts';
import { answered } from '../errors.ts';
import { etag, ifMatch } from '../etag.ts';
import { route, type Answer, type Route } from '../route.ts';

export interface NumberRuleRoutesOptions {
  readonly numberRules: NumberRules;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const names = Type.Union([Type.Literal('all'), Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 1_000 })]);
const settings = {
  name: Type.String({ minLength: 1, maxLength: 50 }),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'lower ones are asked first; 100 where none is given' })),
  match: Type.Object({ kind: Type.Enum(['prefix', 'pattern']), text: Type.String({ minLength: 1, maxLength: 128 }) }, { additionalProperties: false, description: 'what a number begins with, or a pattern of the whole number such as 0\\d{5,15}' }),
  strip: Type.Optional(Type.Integer({ minimum: 0, maximum: 64, description: 'characters dropped from the beginning of the number' })),
  prepend: Type.Optional(Type.String({ maxLength: 32, description: 'put before the number then' })),
  target: Type.String({ minLength: 1, maxLength: 256, description: 'SIP URI; {number} in its user part is the number by then' }),
  dtmf: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'keyed after the answer: digits, `,` for 2 s, {number}' })),
  username: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'who we are where the target asks (digest)' })),
  grant: Type.Optional(Type.Object({ users: Type.Optional(names), rooms: Type.Optional(names), anyone: Type.Optional(Type.Boolean()) }, { additionalProperties: false, description: 'who may dial by the rule; nobody where nobody is given' })),
};
const bodySchema = Type.Object({ ...settings, password: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Null()], { description: 'of username; absent keeps it, null removes it' })) }, { additionalProperties: false });
const ruleSchema = Type.Object({ id: Type.String(), ...settings, hasPassword: Type.Boolean() });
const params = Type.Object({ rule: Type.String({ maxLength: 64, description: 'its id' }) });
const problems = ['rule_name_invalid', 'rule_priority_invalid', 'rule_match_invalid', 'rule_strip_invalid', 'rule_prepend_invalid', 'rule_target_invalid', 'rule_dtmf_invalid', 'rule_username_invalid', 'rule_grant_invalid'];
const needs = { privilege: 'administrator' } as const;

export function numberRuleRoutes({ numberRules, now }: NumberRuleRoutesOptions): readonly Route[] {
  const shown = (status: 200 | 201, { version, ...rule }: NumberRuleView): Answer => ({
    status,
    body: rule,
    headers: { etag: etag(version), ...(status === 201 ? { location: `/api/v1/number-rules/${rule.id}` } : {}) },
  });
  return [
    route({
      method: 'GET',
      url: '/api/v1/number-rules',
      needs,
      area: 'system',
      summary: 'List what may be dialled beyond rooms and users',
      answers: { 200: Type.Object({ items: Type.Array(ruleSchema) }) },
      handle: async () => answered(await numberRules.list(), (rules) => ({ status: 200, body: { items: rules } })),
    }),
    route({
      method: 'POST',
      url: '/api/v1/number-rules',
      needs,
      area: 'system',
      summary: 'Let numbers be dialled: to a trunk, or to another conference service',
      body: bodySchema,
      answers: { 201: ruleSchema },
      errors: problems,
      idempotent: true,
      handle: async ({ actor, body, from }) => answered(await numberRules.add({ actor, from, at: now() }, givenOf(body)), (rule) => shown(201, rule)),
    }),
    route({
      method: 'PUT',
      url: '/api/v1/number-rules/:rule',
      needs,
      area: 'system',
      summary: 'Replace a number rule',
      params,
      body: bodySchema,
      answers: { 200: ruleSchema },
      errors: [...problems, 'number_rule_unknown', 'version_conflict'],
      handle: async ({ actor, params: { rule }, body, from, header }) => {
        const version = ifMatch(header('if-match'));
        if (!version.ok) return version;
        return answered(await numberRules.change({ actor, from, at: now() }, rule, version.value, givenOf(body)), (changed) => shown(200, changed));
      },
    }),
    route({
      method: 'DELETE',
      url: '/api/v1/number-rules/:rule',
      needs,
      area: 'system',
      summary: 'Remove a number rule',
      params,
      answers: { 204: null },
      errors: ['number_rule_unknown'],
      handle: async ({ actor, params: { rule }, from }) => answered(await numberRules.remove({ actor, from, at: now() }, rule), () => ({ status: 204 })),
    }),
  ];
}

/** What is not given grants nothing and changes nothing. */
function givenOf({ password, priority = 100, strip = 0, prepend = '', grant = {}, dtmf, username, ...given }: Static<typeof bodySchema>): NumberRuleGiven {
  const { users = [], rooms = [], anyone = false } = grant;
  const whole: NumberRuleSettings = { ...given, priority, strip, prepend, ...(dtmf === undefined ? {} : { dtmf }), ...(username === undefined ? {} : { username }), grant: { users, rooms, anyone } };
  return { settings: whole, password };
}
