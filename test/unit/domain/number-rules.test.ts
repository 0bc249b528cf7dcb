import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostOfTarget, inOrder, routeNumber, validateNumberRule, type Dialler, type NumberRule } from '../../../src/domain/number-rules.ts';

const rule = (change: Partial<NumberRule> = {}): NumberRule => ({
  id: 'r',
  version: 1,
  name: 'Trunk',
  priority: 100,
  match: { kind: 'prefix', text: '0' },
  strip: 1,
  prepend: '+49',
  target: 'sip:{number}@trunk.example;transport=tcp',
  grant: { users: ['alice'], rooms: [], anyone: false },
  ...change,
});
const alice: Dialler = { kind: 'user', name: 'alice' };

describe('number rules', () => {
  it('toll fraud: without a rule nobody dials anything, and a rule without grants serves nobody', () => {
    assert.deepEqual(routeNumber([], '030123', alice), { kind: 'no_rule' });
    const nobody = rule({ grant: { users: [], rooms: [], anyone: false } });
    for (const by of [alice, { kind: 'anybody' }, { kind: 'room', room: 'x' }] as const) assert.deepEqual(routeNumber([nobody], '030123', by), { kind: 'not_permitted' });
  });

  for (const [what, grant, by, granted] of [
    ['the user named', { users: ['alice'], rooms: [], anyone: false }, alice, true],
    ['another user', { users: ['alice'], rooms: [], anyone: false }, { kind: 'user', name: 'bob' }, false],
    ['all users', { users: 'all', rooms: [], anyone: false }, { kind: 'user', name: 'bob' }, true],
    ['all users, a stranger', { users: 'all', rooms: 'all', anyone: false }, { kind: 'anybody' }, false],
    ['the room named', { users: [], rooms: ['x'], anyone: false }, { kind: 'room', room: 'x' }, true],
    ['another room', { users: 'all', rooms: ['x'], anyone: false }, { kind: 'room', room: 'y' }, false],
    ['anyone', { users: [], rooms: [], anyone: true }, { kind: 'anybody' }, true],
  ] as const) {
    it(`granted to ${what}: ${granted}`, () => assert.equal(routeNumber([rule({ grant })], '030123', by).kind === 'granted', granted));
  }

  it('drops and prepends, and fills in the target and the keys of a conference service', () => {
    const verdict = routeNumber([rule({ match: { kind: 'pattern', text: '88\\d{4,}' }, strip: 2, prepend: '', target: 'sip:meet@service.example', dtmf: ',{number}#' })], '88123456', alice);
    assert.ok(verdict.kind === 'granted');
    assert.deepEqual([verdict.route.uri, verdict.route.dtmf], ['sip:meet@service.example', ',123456#']);
    const trunk = routeNumber([rule()], '030123', alice);
    assert.ok(trunk.kind === 'granted');
    assert.equal(trunk.route.uri, 'sip:+4930123@trunk.example;transport=tcp');
  });

  it('the first that matches and is granted, in the order of priority', () => {
    const rules = inOrder([rule({ id: 'late', priority: 9 }), rule({ id: 'others', priority: 1, grant: { users: ['bob'], rooms: [], anyone: false } }), rule({ id: 'mine', priority: 2 })]);
    const verdict = routeNumber(rules, '030123', alice);
    assert.equal(verdict.kind === 'granted' && verdict.route.rule.id, 'mine');
  });

  it('what cannot stand in a URI, or is too long, is no number', () => {
    for (const number of ['0;x=y', '0@evil.example', '0 1', '0#', `0${'1'.repeat(64)}`]) assert.equal(routeNumber([rule({ match: { kind: 'prefix', text: '0' } })], number, alice).kind, 'no_rule');
  });

  it('keys that could not all be sent: the rule does not serve', () => {
    assert.equal(routeNumber([rule({ dtmf: '{number}#' })], '0abc', alice).kind, 'no_rule');
  });

  for (const [what, change, code] of [
    ['an empty name', { name: ' ' }, 'rule_name_invalid'],
    ['a priority out of range', { priority: -1 }, 'rule_priority_invalid'],
    ['a pattern that is none', { match: { kind: 'pattern', text: '(a+)+' } }, 'rule_match_invalid'],
    ['a prefix with a space', { match: { kind: 'prefix', text: '0 1' } }, 'rule_match_invalid'],
    ['half a character dropped', { strip: 0.5 }, 'rule_strip_invalid'],
    ['something that changes the URI put before', { prepend: '1@' }, 'rule_prepend_invalid'],
    ['a target that is no URI', { target: 'trunk.example' }, 'rule_target_invalid'],
    ['a host made of the number', { target: 'sip:x@{number}.example' }, 'rule_target_invalid'],
    ['a line end in the target', { target: 'sip:x@trunk.example\r\nX: y' }, 'rule_target_invalid'],
    ['letters to be keyed', { dtmf: 'xyz' }, 'rule_dtmf_invalid'],
    ['a user name with a control', { username: 'a\nb' }, 'rule_username_invalid'],
    ['too many granted', { grant: { users: Array.from({ length: 1_001 }, (_, i) => `u${i}`), rooms: [], anyone: false } }, 'rule_grant_invalid'],
  ] as const) {
    it(`refused: ${what}`, () => {
      const valid = validateNumberRule(rule(change));
      assert.deepEqual(valid.ok ? [] : valid.error.map((problem) => problem.code), [code]);
    });
  }

  it('a whole rule is valid', () => assert.ok(validateNumberRule(rule({ dtmf: ',{number}#', username: 'us' })).ok));

  it('hosts of targets', () => {
    assert.deepEqual(['sip:a@Trunk.Example:5061;x=y', 'sips:10.0.0.1', 'sip:a@[::1]:5060', 'tel:123', 'sip:a@b c'].map(hostOfTarget), ['trunk.example', '10.0.0.1', '[::1]', undefined, undefined]);
  });
});
