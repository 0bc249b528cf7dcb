import { Type } from 'typebox';
import { Pin } from '../../domain/pin-format.ts';
import type { Simulator } from '../../manage/simulate.ts';
import { answered } from '../errors.ts';
import { route, type Route } from '../route.ts';

const stages = Type.Enum(['arrival', 'pin', 'place']);
const supposition = Type.Object({
  at: Type.String({ format: 'date-time' }),
  room: Type.Optional(Type.String()),
  conference: Type.Optional(Type.Object({ open: Type.Boolean(), locked: Type.Boolean(), participants: Type.Integer() }, { description: 'how it was taken to be' })),
  decisions: Type.Array(Type.Object({ stage: stages, rule: Type.String(), outcome: Type.String() })),
  result: Type.Enum(['attendant', 'rejected', 'ended', 'asked', 'lobby', 'conference'], { description: '`rejected`: before the answer; `ended`: after it; `asked`: at the PIN prompt' }),
  reason: Type.Optional(Type.String()),
  role: Type.Optional(Type.Enum(['moderator', 'speaker'])),
  member: Type.Optional(Type.String()),
  waitsFor: Type.Optional(Type.Enum(['start', 'host', 'unlock'])),
  permissions: Type.Optional(Type.Array(Type.String())),
  delaySeconds: Type.Optional(Type.Number({ description: 'before the prompt, because the room is guessed at' })),
});

export function policyRoutes({ simulator }: { readonly simulator: Simulator }): readonly Route[] {
  return [
    route({
      method: 'POST',
      url: '/api/v1/policy/simulate',
      needs: { privilege: 'administrator' },
      area: 'policy',
      summary: 'What would happen to such a call, now or at a time: by the rules of real calls; nothing is counted and nobody is called (N-02)',
      body: Type.Object(
        {
          alias: Type.String({ minLength: 1, maxLength: 128, description: 'what is dialled' }),
          at: Type.Optional(Type.String({ format: 'date-time', description: 'absent: now, in the conference as it is; at another time nobody is thought to be there' })),
          identity: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'user who has proved to be it' })),
          address: Type.Optional(Type.String({ minLength: 1, maxLength: 64, default: '127.0.0.1' })),
          assertedNumber: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'caller number, as a trusted peer asserts it' })),
          encrypted: Type.Optional(Type.Boolean({ default: true })),
          token: Type.Optional(Type.String({ maxLength: 128, description: 'of a link' })),
          pin: Type.Optional(Type.String({ pattern: '^[0-9]{1,20}$', description: 'keyed at the prompt' })),
          silence: Type.Optional(Type.Literal(true, { description: 'nothing is keyed at the prompt, or # alone' })),
        },
        { additionalProperties: false },
      ),
      answers: { 200: supposition },
      errors: ['user_unknown'],
      handle: async ({ body }) => {
        const { alias, at, identity, address, assertedNumber, encrypted, token, pin, silence } = body;
        const outcome = await simulator.simulate({
          alias,
          source: { address: address ?? '127.0.0.1', ...(identity === undefined ? {} : { identity }), ...(assertedNumber === undefined ? {} : { assertedNumber }) },
          media: encrypted === false ? 'clear' : 'encrypted',
          ...(at === undefined ? {} : { at: Date.parse(at) }),
          ...(token === undefined ? {} : { token }),
          ...(pin === undefined ? (silence === undefined ? {} : { keyed: { kind: 'nothing' } }) : { keyed: { kind: 'pin', pin: new Pin(pin) } }),
        });
        return answered(outcome, (body) => ({ status: 200, body }));
      },
    }),
  ];
}
