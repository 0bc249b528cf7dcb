import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { nextHop, register, secondsLeft, type Binding, type Contact, type RegisterRequest, type RegisterVerdict, type RegistrarRules } from '../../../src/domain/registrar.ts';

const now = 1_000_000;
const rules: RegistrarRules = { minExpires: 60, maxExpires: 7_200, defaultExpires: 3_600, contactsPerUser: 3 };
const source = { address: '192.0.2.1', port: 5060, transport: 'udp' };

const contact = (name: string, expires?: number): Contact => ({ key: name, uri: `sip:${name}`, host: name, parameters: '', expires });
const list = (...contacts: Contact[]): RegisterRequest['contacts'] => ({ kind: 'list', list: contacts });

function request(contacts: RegisterRequest['contacts'], change: Partial<RegisterRequest> = {}): RegisterRequest {
  return { callId: 'c', cseq: 2, contacts, expires: undefined, path: [], source, userAgent: '', ...change };
}

function binding(name: string, change: Partial<Binding> = {}): Binding {
  return { key: name, uri: `sip:${name}`, host: name, parameters: '', callId: 'c', cseq: 1, expiresAt: now + 100_000, updatedAt: now - 1, path: [], source, userAgent: '', ...change };
}

/** `a=3600 b=10`: contacts with their seconds; or what was refused. */
function shown(verdict: RegisterVerdict): string {
  if (verdict.kind !== 'changed' && verdict.kind !== 'unchanged') return verdict.kind;
  return [`${verdict.kind}:`, ...verdict.bindings.map((each) => `${each.key}=${secondsLeft(each, now)}`)].join(' ');
}

describe('RFC 3261 §10.3: what a REGISTER does', () => {
  const [a, b] = [binding('a'), binding('b', { callId: 'other', cseq: 99 })];
  const rows: readonly (readonly [string, readonly Binding[], RegisterRequest, string])[] = [
    ['§10.2.3 no Contact asks for the bindings', [a, b], request({ kind: 'query' }), 'unchanged: a=100 b=100'],
    ['a query leaves out what is over', [a, binding('b', { expiresAt: now })], request({ kind: 'query' }), 'unchanged: a=100'],
    ['a query with an old CSeq is answered', [a], request({ kind: 'query' }, { cseq: 0 }), 'unchanged: a=100'],
    ['§10.2.2 * with Expires 0 removes all', [a, b], request({ kind: 'all' }, { expires: 0 }), 'changed:'],
    ['step 6: * without Expires 0', [a], request({ kind: 'all' }, { expires: 60 }), 'bad_wildcard'],
    ['step 6: * without Expires', [a], request({ kind: 'all' }), 'bad_wildcard'],
    ['step 6: * that is older than a binding of its Call-ID', [a], request({ kind: 'all' }, { expires: 0, cseq: 1 }), 'out_of_order'],
    ['step 7: a contact without a time', [], request(list(contact('a'))), 'changed: a=3600'],
    ['step 7: the time of the header', [], request(list(contact('a')), { expires: 600 }), 'changed: a=600'],
    ['step 7: the time of the contact goes before the header', [], request(list(contact('a', 90), contact('b')), { expires: 600 }), 'changed: a=90 b=600'],
    ['a longer time than ours is shortened', [], request(list(contact('a', 999_999))), 'changed: a=7200'],
    ['too brief a time', [], request(list(contact('a', 59))), 'too_brief'],
    ['the shortest time', [], request(list(contact('a', 60))), 'changed: a=60'],
    ['one too brief of two: nothing is done', [], request(list(contact('a', 600), contact('b', 5))), 'too_brief'],
    ['§10.2.2 a contact with 0 is removed', [a, b], request(list(contact('a', 0))), 'changed: b=100'],
    ['one that is not there is removed all the same', [a], request(list(contact('x', 0))), 'changed: a=100'],
    ['a contact known is renewed', [a, b], request(list(contact('a', 600))), 'changed: b=100 a=600'],
    ['step 7: same Call-ID, CSeq not higher', [a], request(list(contact('a')), { cseq: 1 }), 'out_of_order'],
    ['step 7: removal, same Call-ID, CSeq not higher', [a], request(list(contact('a', 0)), { cseq: 1 }), 'out_of_order'],
    ['step 7: another Call-ID, any CSeq', [b], request(list(contact('b', 600)), { cseq: 1 }), 'changed: b=600'],
    ['one out of order of two: nothing is done', [a], request(list(contact('x'), contact('a')), { cseq: 1 }), 'out_of_order'],
    ['more contacts in one request than a user may have', [], request(list(contact('a'), contact('b'), contact('x'), contact('y'))), 'too_many_contacts'],
    ['one more than a user may have: the one heard of least recently gives way', [binding('a', { updatedAt: 3 }), binding('b', { updatedAt: 1 }), binding('x', { updatedAt: 2 })], request(list(contact('y', 60))), 'changed: a=100 x=100 y=60'],
    ['the same contact twice: the later one', [], request(list(contact('a', 600), contact('a', 700))), 'changed: a=700'],
  ];
  for (const [name, before, asked, expected] of rows) it(name, () => assert.equal(shown(register(before, asked, rules, now)), expected));

  it('RFC 3261 §10.2.8: an hour is never too brief', () => {
    assert.equal(shown(register([], request(list(contact('a', 3_600))), { ...rules, minExpires: 5_000 }, now)), 'changed: a=3600');
  });

  it('what comes of any requests: never too many, none over, none longer than allowed', () =>
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), expires: fc.option(fc.integer({ min: 0, max: 9_000 }), { nil: undefined }), cseq: fc.nat(20), after: fc.nat(500_000) }), { maxLength: 30 }), (steps) => {
        let bindings: readonly Binding[] = [];
        let at = now;
        for (const { name, expires, cseq, after } of steps) {
          at += after;
          const verdict = register(bindings, request(list(contact(name, expires)), { cseq }), rules, at);
          if (verdict.kind !== 'changed') continue;
          bindings = verdict.bindings;
          assert.ok(bindings.length <= rules.contactsPerUser);
          assert.equal(new Set(bindings.map(({ key }) => key)).size, bindings.length);
          for (const { expiresAt } of bindings) assert.ok(expiresAt > at && expiresAt <= at + rules.maxExpires * 1_000);
        }
      }),
    ));
});

describe('where a call to a contact goes first', () => {
  const at = { host: '192.0.2.1', path: [], source, parameters: '' };
  const rows: readonly (readonly [string, Parameters<typeof nextHop>[0], ReturnType<typeof nextHop>])[] = [
    ['its own address, where it registered from there', at, { kind: 'contact' }],
    ['behind a NAT: the way its REGISTER came', { ...at, host: '10.0.0.7' }, { kind: 'flow', flow: source }],
    ['RFC 5626 §5.3 with a reg-id: its flow', { ...at, parameters: ';+sip.instance="<urn:uuid:1>";reg-id=1' }, { kind: 'flow', flow: source }],
    ['RFC 7118 §5 a browser: its flow', { ...at, source: { ...source, transport: 'ws' } }, { kind: 'flow', flow: { ...source, transport: 'ws' } }],
    ['RFC 3327 §5.4 through proxies: all of them', { ...at, host: '10.0.0.7', path: ['sip:p1;lr', 'sip:p2;lr'] }, { kind: 'path', uris: ['sip:p1;lr', 'sip:p2;lr'] }],
  ];
  for (const [name, given, expected] of rows) it(name, () => assert.deepEqual(nextHop(given), expected));
});
