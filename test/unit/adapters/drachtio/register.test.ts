import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { challengeValue, parseCredentials } from '../../../../src/adapters/drachtio/digest-headers.ts';
import { parseRegister } from '../../../../src/adapters/drachtio/register.ts';

const headers = { To: '<sip:alice@example.com>', 'Call-ID': 'c1', CSeq: '7 REGISTER', Contact: '<sip:alice@192.0.2.1:5062>' };

function read(change: Readonly<Record<string, string | undefined>>) {
  const all: Readonly<Record<string, string | undefined>> = { ...headers, ...change };
  return parseRegister({ uri: 'sip:example.com', get: (name) => all[name], source_address: '192.0.2.1', source_port: 5062, protocol: 'udp' });
}

function contacts(value: string) {
  const found = read({ Contact: value })?.contacts;
  return found?.kind === 'list' ? found.list : [];
}

describe('a REGISTER read', () => {
  it('the whole of it', () =>
    assert.deepEqual(read({ Contact: '"A" <sip:alice@192.0.2.1:5062;ob>;q=0.5;expires=90', Expires: '600', Path: '<sip:p1;lr>, <sip:p2;lr>', 'User-Agent': 'tel' }), {
      user: 'alice',
      credentials: [],
      callId: 'c1',
      cseq: 7,
      contacts: { kind: 'list', list: [{ key: 'sip:alice@192.0.2.1:5062', uri: 'sip:alice@192.0.2.1:5062;ob', host: '192.0.2.1', parameters: ';q=0.5', expires: 90 }] },
      expires: 600,
      path: ['sip:p1;lr', 'sip:p2;lr'],
      source: { address: '192.0.2.1', port: 5062, transport: 'udp' },
      userAgent: 'tel',
    }));

  it('no Contact is a query, * is all', () => {
    assert.deepEqual(read({ Contact: undefined })?.contacts, { kind: 'query' });
    assert.deepEqual(read({ Contact: '*' })?.contacts, { kind: 'all' });
  });

  const bad: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
    ['no To', { To: undefined }],
    ['a To that is none', { To: 'alice' }],
    ['no Call-ID', { 'Call-ID': undefined }],
    ['a CSeq of another method', { CSeq: '7 INVITE' }],
    ['* beside another contact', { Contact: '*, <sip:a@b>' }],
    ['a contact nobody can call', { Contact: '<mailto:a@b>' }],
    ['a contact that is none', { Contact: '<sip:a@b' }],
    ['a contact too long', { Contact: `<sip:${'a'.repeat(600)}@b>` }],
    ['too many contacts', { Contact: Array.from({ length: 101 }, (_, index) => `<sip:a${index}@b>`).join(',') }],
    ['a Path that is none', { Path: '<sip:p;lr>, nonsense' }],
    ['too long a Path', { Path: Array.from({ length: 9 }, () => '<sip:p;lr>').join(',') }],
  ];
  for (const [name, change] of bad) it(`${name}: refused`, () => assert.equal(read(change), undefined));

  it('RFC 3261 §20.19: a time that cannot be read is none', () => {
    assert.equal(read({ Expires: 'soon' })?.expires, undefined);
    assert.equal(contacts('<sip:a@b>;expires=-1')[0]?.expires, undefined);
  });

  const same: readonly (readonly [string, string, string])[] = [
    ['RFC 3261 §19.1.4: the case of the host', '<sip:a@B.example>', '<sip:a@b.example>'],
    ['§19.1.4: an escape', '<sip:%61@b>', '<sip:a@b>'],
    ['§19.1.4: parameters that only one has', '<sip:a@b;x=1>', '<sip:a@b>'],
    ['RFC 5626 §6: the same device and flow at another address', '<sip:a@b>;reg-id=1;+sip.instance="<urn:uuid:1>"', '<sip:a@c>;+sip.instance="<urn:uuid:1>";reg-id=1'],
  ];
  for (const [name, one, other] of same) it(`one contact: ${name}`, () => assert.equal(contacts(one)[0]?.key, contacts(other)[0]?.key));

  const different: readonly (readonly [string, string, string])[] = [
    ['RFC 3261 §19.1.4: the case of the user', '<sip:A@b>', '<sip:a@b>'],
    ['§19.1.4: a port said and none', '<sip:a@b:5060>', '<sip:a@b>'],
    ['§19.1.4: the transport', '<sip:a@b;transport=tcp>', '<sip:a@b>'],
    ['sip and sips', '<sips:a@b>', '<sip:a@b>'],
    ['RFC 5626 §4.2: another flow of a device', '<sip:a@b>;reg-id=1;+sip.instance="<urn:uuid:1>"', '<sip:a@b>;reg-id=2;+sip.instance="<urn:uuid:1>"'],
  ];
  for (const [name, one, other] of different) it(`two contacts: ${name}`, () => assert.notEqual(contacts(one)[0]?.key, contacts(other)[0]?.key));

  it('whatever is sent: a request or none, never a throw, and bounded', () =>
    fc.assert(
      fc.property(fc.record({ To: fc.string(), Contact: fc.string(), Path: fc.string(), Authorization: fc.string(), CSeq: fc.string(), Expires: fc.string() }, { requiredKeys: [] }), (change) => {
        const found = read(change);
        assert.ok(found === undefined || JSON.stringify(found).length < 100_000);
      }),
    ));
});

describe('credentials', () => {
  const digest = 'Digest username="al\\"ice", realm="a, b", nonce="n", uri="sip:example.com", response="r", algorithm=MD5, cnonce="c", qop=auth, nc=00000001';

  it('RFC 7616 §3.4: read, quotes and commas inside', () =>
    assert.deepEqual(parseCredentials(digest, 'sip:example.com'), [{ username: 'al"ice', realm: 'a, b', nonce: 'n', uri: 'sip:example.com', response: 'r', algorithm: 'MD5', qop: 'auth', cnonce: 'c', nc: '00000001' }]));

  it('several headers, joined by the library, and other schemes', () => {
    const both = parseCredentials(`Basic abc,${digest},Bearer x=y,DIGEST realm=other, uri="sip:example.com"`, 'sip:example.com');
    assert.deepEqual(both.map(({ realm }) => realm), ['a, b', 'other']);
  });

  it('RFC 7616 §2.4: without an algorithm MD5', () => assert.equal(parseCredentials('Digest uri="sip:x"', 'sip:x')[0]?.algorithm, 'MD5'));

  it('RFC 7616 §3.4.6: made for another resource, left out; the host a proxy may have changed', () => {
    assert.equal(parseCredentials('Digest uri="sip:bob@x"', 'sip:carol@x').length, 0);
    assert.equal(parseCredentials('Digest uri="sip:bob@x"', 'sip:bob@192.0.2.1:5070;lr').length, 1);
  });

  it('a bounded number', () => assert.equal(parseCredentials(Array.from({ length: 50 }, () => 'Digest uri="sip:x"').join(','), 'sip:x').length, 8));
});

describe('RFC 8760 §2.3: challenges', () => {
  it('one header each, most wanted first', () =>
    assert.deepEqual(challengeValue('WWW-Authenticate', { realm: 'v"x', algorithms: ['SHA-256', 'MD5'], nonce: 'n', why: 'stale' }).split('\r\n'), [
      'Digest realm="v\\"x", nonce="n", algorithm=SHA-256, qop="auth", stale=true',
      'WWW-Authenticate: Digest realm="v\\"x", nonce="n", algorithm=MD5, qop="auth", stale=true',
    ]));
});
