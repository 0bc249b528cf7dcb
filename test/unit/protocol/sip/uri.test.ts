import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { formatNameAddr, parseNameAddr } from '../../../../src/protocol/sip/name-addr.ts';
import { splitOutsideQuotes } from '../../../../src/protocol/sip/lists.ts';
import { formatUri, parseUri } from '../../../../src/protocol/sip/uri.ts';
import { formatVia, parseVia, stampVia } from '../../../../src/protocol/sip/via.ts';

describe('parseUri', () => {
  const good = [
    'sip:alice@atlanta.example',
    'sip:alice:secret@atlanta.example;transport=tcp',
    'sips:1212@gateway.example',
    'sip:p1;lr',
    'sip:localhost',
    'sip:[2001:db8::1]:5070;lr',
    'sip:10.0.0.1:5060',
    'sip:a%40b@h?subject=project%20x',
    'sip:user;par=u%40example.net@example.com',
    'tel:+1-201-555-0123',
    'tel:7042;phone-context=example.com',
  ];
  for (const text of good) {
    it(text, () => {
      const uri = parseUri(text);
      assert.ok(uri !== undefined);
      assert.equal(formatUri(uri), text);
    });
  }
  it('parts of one with everything', () => {
    const uri = parseUri('SIP:bob@[::1]:5061;LR;transport=TCP?h=v');
    assert.ok(uri?.scheme === 'sip');
    assert.deepEqual([uri.user, uri.host, uri.port, uri.params.has('lr'), uri.params.get('transport'), uri.headers], ['bob', '::1', 5061, true, 'TCP', 'h=v']);
  });
  for (const text of ['', 'sip:', 'alice@b', 'http://x', 'sip:@b', 'sip:a@b:0', 'sip:a@b:70000', 'sip:a@b c', 'sip:a@[::1', 'sip:a@<b>', 'tel:', 'sip:a@b:x']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseUri(text), undefined));
  }
  it('any text: a result, never a throw', () => fc.assert(fc.property(fc.string(), (text) => void parseUri(`sip:${text}`))));
});

describe('parseNameAddr', () => {
  it('RFC 3261 §20.10: parameters without brackets are the header’s', () => {
    const value = parseNameAddr('sip:a@b;tag=1');
    assert.deepEqual([value?.uri, value?.params.get('tag')], ['sip:a@b', '1']);
  });
  it('with brackets they are the URI’s', () => {
    const value = parseNameAddr('Bob <sip:a@b;x=y>;tag=1');
    assert.deepEqual([value?.display, value?.uri, value?.params.get('tag')], ['Bob', 'sip:a@b;x=y', '1']);
  });
  it('quotes, escapes and separators in the name', () => {
    const value = parseNameAddr('"a \\"b\\" <sip:x>, ;" <sip:a@b>');
    assert.deepEqual([value?.display, value?.uri], ['a "b" <sip:x>, ;', 'sip:a@b']);
  });
  for (const text of ['', '<sip:a', '"x', '"x" sip:a@b', 'nobody', '<>', '<sip:a> x']) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseNameAddr(text), undefined));
  it('what is formatted is parsed to the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-z0-9]{1,8}$/), (display, tag) => {
        const value = { display, uri: 'sip:a@b', params: new Map([['tag', tag]]) };
        assert.deepEqual(parseNameAddr(formatNameAddr(value)), value);
      }),
    );
  });
});

describe('Via', () => {
  it('IPv6, white space, parameters', () => {
    const via = parseVia('SIP / 2.0 / UDP [2001:db8::9:1] : 5060 ;branch=z9hG4bKas3;received=192.0.2.1');
    assert.ok(via !== undefined);
    assert.equal(formatVia(via), 'SIP/2.0/UDP [2001:db8::9:1]:5060;branch=z9hG4bKas3;received=192.0.2.1');
  });
  for (const text of ['', 'UDP x', 'SIP/2.0/UDP', 'SIP/1.0/UDP x', 'SIP/2.0/UDP x:99999']) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseVia(text), undefined));
  it('RFC 3261 §18.2.1, RFC 3581 §4: received when the address differs, rport when asked', () => {
    const stamp = (text: string): string => {
      const via = parseVia(text);
      assert.ok(via !== undefined);
      return formatVia(stampVia(via, { host: '192.0.2.9', port: 4711 }));
    };
    assert.equal(stamp('SIP/2.0/UDP 192.0.2.9;branch=b'), 'SIP/2.0/UDP 192.0.2.9;branch=b');
    assert.equal(stamp('SIP/2.0/UDP host.example;branch=b'), 'SIP/2.0/UDP host.example;branch=b;received=192.0.2.9');
    assert.equal(stamp('SIP/2.0/UDP 10.0.0.1:5060;rport;branch=b'), 'SIP/2.0/UDP 10.0.0.1:5060;rport=4711;branch=b;received=192.0.2.9');
  });
});

describe('splitOutsideQuotes', () => {
  it('commas in quotes and brackets do not separate', () => {
    assert.deepEqual(splitOutsideQuotes('"a, \\" b" <sip:x,y>, <sip:z>,, c', ','), ['"a, \\" b" <sip:x,y>', '<sip:z>', 'c']);
  });
});
