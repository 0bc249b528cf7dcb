import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listValues } from '../../../src/protocol/sip/lists.ts';
import type { SipMessage } from '../../../src/protocol/sip/message.ts';
import { headerValue, headerValues } from '../../../src/protocol/sip/message.ts';
import { parseNameAddr } from '../../../src/protocol/sip/name-addr.ts';
import { parseUri } from '../../../src/protocol/sip/uri.ts';
import type { Oracle } from '../support/torture.ts';
import { tortureTests } from '../support/torture.ts';
import { messages } from './messages.ts';

const requestUri = (message: SipMessage): string => (message.kind === 'request' ? message.uri : '');
const userOf = (uri: string): string | undefined => {
  const parsed = parseUri(uri);
  return parsed === undefined || parsed.scheme === 'tel' ? undefined : parsed.user;
};

/** The application's own refusal of an INVITE. */
const SEEN_INVITE = [499];

const oracles: Readonly<Record<string, Oracle>> = {
  wsinv: {
    wants: 'well-formed: folded lines, escapes, white space, leading zeros; an unknown header keeps its value (its To-tag is of no dialog: 481)',
    statuses: [481],
    parsed: ({ message, cseq, fromTag, toTag, via }) => {
      assert.deepEqual(cseq, { number: 9, method: 'INVITE' });
      assert.deepEqual([fromTag, toTag], ['98asjd8', '1918181833n']);
      assert.equal(via.params.get('branch'), '390skdjuw');
      assert.equal(listValues(message, 'Via').length, 3);
      assert.equal(parseNameAddr(headerValue(message, 'From') ?? '')?.display, 'J Rosenberg \\"');
      assert.equal(headerValue(message, 'NewFangledHeader'), 'newfangled value continued newfangled value');
      assert.equal(headerValue(message, 'UnknownHeaderWithUnusualValue'), ';;,,;;,;');
      assert.equal(listValues(message, 'Contact').length, 1);
      assert.equal(message.body.length, 150);
    },
  },
  intmeth: {
    wants: 'well-formed, with every character a token may have; a method unknown to an endpoint: 405',
    statuses: [405],
    parsed: ({ message }) => assert.equal(message.kind === 'request' ? message.method : '', "!interesting-Method0123456789_*+`.%indeed'~"),
  },
  esc01: {
    wants: 'well-formed; %40 in a user part is not the @ of the URI',
    app: ['INVITE'],
    statuses: SEEN_INVITE,
    parsed: ({ message }) => assert.equal(userOf(requestUri(message)), 'sips%3Auser%40example.com'),
  },
  escnull: {
    wants: 'well-formed: %00 is a character as any other, the two Contacts are two',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => assert.deepEqual(headerValues(message, 'Contact').map((value) => userOf(parseNameAddr(value)?.uri ?? '')), ['%00', '%00%00']),
  },
  esc02: {
    wants: 'well-formed: a method is not unescaped, RE%47IST%45R is no REGISTER',
    statuses: [405],
    parsed: ({ message }) => assert.equal(message.kind === 'request' ? message.method : '', 'RE%47IST%45R'),
  },
  lwsdisp: {
    wants: 'well-formed: no space between display name and <',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ message }) => assert.equal(parseNameAddr(headerValue(message, 'From') ?? '')?.display, 'caller'),
  },
  longreq: {
    wants: 'well-formed: long values',
    app: ['INVITE'],
    statuses: SEEN_INVITE,
    parsed: ({ message, via }) => {
      assert.equal(listValues(message, 'Via').length, 34);
      assert.ok((via.params.get('branch') ?? '').length > 100 || via.host.length > 0);
    },
  },
  dblreq: {
    wants: 'UDP: what follows the body is no message of its own; in a stream it is (an INVITE without Contact here)',
    app: ['REGISTER'],
    statuses: [299, 400],
  },
  semiuri: {
    wants: 'well-formed: a semicolon in a user part begins no parameter',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ message }) => assert.equal(userOf(requestUri(message)), 'user;par=u%40example.net'),
  },
  transports: {
    wants: 'well-formed: five transports in Via, one unknown',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ message }) => assert.equal(listValues(message, 'Via').length, 5),
  },
  mpart01: {
    wants: 'well-formed: multipart with binary in it',
    app: ['MESSAGE'],
    statuses: [299],
    parsed: ({ message }) => assert.match(headerValue(message, 'Content-Type') ?? '', /^multipart\/mixed/),
  },
  unreason: {
    wants: 'well-formed response: reason phrase in UTF-8; it answers nothing of ours',
    parsed: ({ message }) => assert.match(message.kind === 'response' ? message.reason : '', /^= 2\*\*3 \* 5\*\*2 но сто девяносто девять - простое$/),
  },
  noreason: {
    wants: 'well-formed response: an empty reason phrase',
    parsed: ({ message }) => assert.deepEqual(message.kind === 'response' ? [message.status, message.reason] : [], [100, '']),
  },
  badinv01: { wants: '400: empty parameters and list elements', statuses: [400] },
  clerr: { wants: 'UDP: 400, the datagram is shorter than it says; a stream waits for the rest' },
  ncl: { wants: '400: negative Content-Length', statuses: [400] },
  scalar02: { wants: '400: numbers beyond their range', statuses: [400] },
  scalarlg: { wants: 'a response with numbers beyond their range is discarded' },
  quotbal: { wants: '400: a quote that does not close', statuses: [400] },
  ltgtruri: { wants: '400: a Request-URI in angle brackets', statuses: [400] },
  lwsruri: { wants: '400: white space in the Request-URI', statuses: [400] },
  lwsstart: { wants: '400: more than one space in the request line', statuses: [400] },
  trws: { wants: '400: white space after the version', statuses: [400] },
  escruri: { wants: '400: headers in the Request-URI', statuses: [400] },
  baddate: { wants: 'a Date in another zone may be ignored: accepted', app: ['INVITE'], statuses: SEEN_INVITE },
  regbadct: { wants: '400: a Contact with headers outside angle brackets', statuses: [400] },
  badaspec: { wants: 'spaces around an address in brackets: what is meant is clear, accepted', app: ['OPTIONS'], statuses: [299] },
  baddn: { wants: 'an unquoted comma in a display name: what is meant is clear, accepted', app: ['OPTIONS'], statuses: [299] },
  badvers: { wants: '505: an unknown protocol version', statuses: [505] },
  mismatch01: { wants: '400: the method of CSeq is another', statuses: [400] },
  mismatch02: { wants: '400 (or 501): the method of CSeq is another, the method unknown', statuses: [400] },
  bigcode: { wants: 'a response with an impossible status is discarded' },
  badbranch: { wants: 'a branch of only the cookie: taken as RFC 2543 had it, not refused', app: ['OPTIONS'], statuses: [299] },
  insuf: { wants: '400: without Call-ID, From and To', statuses: [400] },
  unkscm: { wants: '416: unknown scheme of the Request-URI', statuses: [416] },
  novelsc: { wants: '416: a scheme that is known, but not for this', statuses: [416] },
  unksm2: { wants: 'unknown schemes in To and Contact: the registrar’s business', app: ['REGISTER'], statuses: [299] },
  bext01: { wants: '420 naming each option in Unsupported; Proxy-Require is not an endpoint’s business', statuses: [420] },
  invut: { wants: 'an unknown body type: the application’s 415', app: ['INVITE'], statuses: SEEN_INVITE },
  regaut01: { wants: 'an unknown authorization scheme: the registrar’s business', app: ['REGISTER'], statuses: [299] },
  multi01: { wants: '400: several values where one may be', statuses: [400] },
  mcl01: { wants: '400: two Content-Lengths that differ', statuses: [400] },
  bcast: { wants: 'a response whose Via is not ours is discarded, and sent on to nobody' },
  zeromf: { wants: 'Max-Forwards 0 is no matter at its destination', app: ['OPTIONS'], statuses: [299] },
  cparam01: {
    wants: 'a parameter after a bare URI is the Contact’s',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => assert.ok(parseNameAddr(headerValue(message, 'Contact') ?? '')?.params.has('unknownparam')),
  },
  cparam02: {
    wants: 'a parameter in angle brackets is the URI’s',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => {
      const contact = parseNameAddr(headerValue(message, 'Contact') ?? '');
      assert.equal(contact?.params.size, 0);
      assert.ok(parseUri(contact.uri)?.params.has('unknownparam'));
    },
  },
  regescrt: {
    wants: 'headers inside a Contact’s URI are part of it',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => assert.match(parseNameAddr(headerValue(message, 'Contact') ?? '')?.uri ?? '', /\?Route=%3C/),
  },
  sdp01: { wants: 'no acceptable answer format: the application’s 406', app: ['INVITE'], statuses: SEEN_INVITE },
  inv2543: { wants: 'RFC 2543: may be accepted; ours wants a Contact: 400', statuses: [400] },
};

describe('RFC 4475 torture messages', { timeout: 120_000 }, () => {
  tortureTests(messages, oracles);

  it('all 49 cases of the RFC are here, each with its oracle', (context) => {
    assert.equal(messages.length, 49);
    assert.deepEqual(Object.keys(oracles).sort(), messages.map(({ file }) => file).sort());
    context.diagnostic(`RFC 4475: ${messages.length} cases`);
  });
});
