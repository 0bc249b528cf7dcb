import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routeDial, type DialPlan } from '../../../src/domain/dial-route.ts';
import type { NumberRule } from '../../../src/domain/number-rules.ts';

const trunk: NumberRule = { id: 'r', version: 1, name: 'Trunk', priority: 1, match: { kind: 'prefix', text: '+' }, strip: 0, prepend: '', target: 'sip:{number}@trunk.example', grant: { users: [], rooms: ['mine'], anyone: false } };
const plan: DialPlan = { rules: [trunk], isUser: (name) => name === 'bob', isOurs: (host, port) => host === 'here.example' && (port ?? 5060) === 5060 };
const mine = { kind: 'room', room: 'mine' } as const;
const told = (uri: string, room = 'mine'): string => {
  const route = routeDial(uri, { kind: 'room', room }, plan);
  return route.kind === 'user' ? `user ${route.user}` : route.kind === 'none' ? route.why : `${route.kind} ${route.uri}`;
};

describe('where calls of a conference lead', () => {
  for (const [uri, expected] of [
    ['bob', 'user bob'],
    ['sip:Bob@here.example', 'user bob'],
    ['bob@here.example;transport=tcp', 'user bob'],
    ['+4930123', 'number sip:+4930123@trunk.example'],
    ['tel:+49-30-(123)', 'number sip:+4930123@trunk.example'],
    ['sip:+4930123@here.example', 'number sip:+4930123@trunk.example'],
    ['sip:eve@elsewhere.example', 'address sip:eve@elsewhere.example'],
    ['sip:eve@here.example:5062', 'address sip:eve@here.example:5062'],
    ['sip:bob@here.example:5060', 'user bob'],
    ['sip:elsewhere.example', 'address sip:elsewhere.example'],
    ['1000', 'unroutable'],
    ['sip:1000@here.example', 'unroutable'],
    ['sip:eve@elsewhere.example?Subject=x', 'unroutable'],
    ['sip:', 'unroutable'],
    ['sip:a b@c', 'unroutable'],
  ] as const) {
    it(`${uri}: ${expected}`, () => assert.equal(told(uri), expected));
  }

  it('a number is granted by room', () => assert.equal(told('+4930123', 'other'), 'not_permitted'));

  it('toll fraud: the trunk of a rule is not called by its address', () => {
    for (const uri of ['sip:900123@trunk.example', 'sip:900123@TRUNK.example:5062', '900123@trunk.example']) assert.equal(told(uri), 'not_permitted');
  });

  it('without rules a number leads nowhere', () => assert.deepEqual(routeDial('+4930123', mine, { ...plan, rules: [] }), { kind: 'none', why: 'unroutable' }));
});
