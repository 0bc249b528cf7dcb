import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listValues } from '../../../src/protocol/sip/lists.ts';
import type { SipMessage } from '../../../src/protocol/sip/message.ts';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { parseNameAddr } from '../../../src/protocol/sip/name-addr.ts';
import type { SipUri } from '../../../src/protocol/sip/uri.ts';
import { parseUri } from '../../../src/protocol/sip/uri.ts';
import { parseVia } from '../../../src/protocol/sip/via.ts';
import type { Oracle } from '../support/torture.ts';
import { tortureTests } from '../support/torture.ts';
import { messages } from './messages.ts';

function uri(text: string): SipUri {
  const parsed = parseUri(text);
  if (parsed === undefined || parsed.scheme === 'tel') assert.fail(`no SIP URI: ${text}`);
  return parsed;
}

function place(text: string): readonly [host: string, port: number | undefined] {
  const { host, port } = uri(text);
  return [host, port];
}

const target = (message: SipMessage): string => (message.kind === 'request' ? message.uri : '');
const SEEN_INVITE = [499];

const oracles: Readonly<Record<string, Oracle>> = {
  'ipv6-good': {
    wants: 'an IPv6 reference in Request-URI, Via and Contact',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message, via }) => {
      assert.deepEqual(place(target(message)), ['2001:db8::10', undefined]);
      assert.deepEqual([via.host, via.port], ['2001:db8::9:1', undefined]);
      assert.deepEqual(place(parseNameAddr(headerValue(message, 'Contact') ?? '')?.uri ?? ''), ['2001:db8::1', undefined]);
    },
  },
  'ipv6-bad': { wants: '400: an IPv6 address without its brackets', statuses: [400] },
  'port-ambiguous': {
    wants: 'the last group of an address is no port',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => assert.deepEqual(place(target(message)), ['2001:db8::10:5070', undefined]),
  },
  'port-unambiguous': {
    wants: 'a port after the brackets',
    app: ['REGISTER'],
    statuses: [299],
    parsed: ({ message }) => assert.deepEqual(place(target(message)), ['2001:db8::10', 5070]),
  },
  'via-received-param-with-delim': {
    wants: 'received with brackets is tolerated (a BYE of no dialog: 481)',
    statuses: [481],
    parsed: ({ via }) => assert.equal(via.params.get('received'), '[2001:db8::9:255]'),
  },
  'via-received-param-no-delim': {
    wants: 'received without brackets, as the grammar has it',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ via }) => assert.equal(via.params.get('received'), '2001:db8::9:255'),
  },
  'ipv6-in-sdp': {
    wants: 'IPv6 addresses in the SDP reach the application as they are',
    app: ['INVITE'],
    statuses: SEEN_INVITE,
    parsed: ({ message }) => assert.match(message.body, /^c=IN IP6 2001:db8::20\r$/m),
  },
  'mult-ip-in-header': {
    wants: 'Vias of both families (a BYE of no dialog: 481)',
    statuses: [481],
    parsed: ({ message }) => assert.deepEqual(listValues(message, 'Via').map((value) => parseVia(value)?.host), ['2001:db8::9:1', '192.0.2.1', '2001:db8::9:255']),
  },
  'mult-ip-in-sdp': {
    wants: 'both families in one SDP reach the application as they are',
    app: ['INVITE'],
    statuses: SEEN_INVITE,
    parsed: ({ message }) => assert.match(message.body, /IN IP4 192\.0\.2\.1\r\n[^]*IN IP6 2001:db8::1\r\n/),
  },
  'ipv4-mapped-ipv6': {
    wants: 'IPv4-mapped IPv6 addresses',
    app: ['INVITE'],
    statuses: SEEN_INVITE,
    parsed: ({ message, via }) => {
      assert.deepEqual([via.host, via.port], ['::ffff:192.0.2.10', 19823]);
      assert.deepEqual(place(parseNameAddr(headerValue(message, 'Contact') ?? '')?.uri ?? ''), ['::ffff:192.0.2.2', undefined]);
    },
  },
  'ipv6-bug-abnf-3-colons': {
    wants: 'three colons, which the grammar of RFC 3261 allowed, are tolerated',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ message }) => assert.equal(uri(target(message)).host, '2001:db8:::192.0.2.1'),
  },
  'ipv6-correct-abnf-2-colons': {
    wants: 'two colons are right',
    app: ['OPTIONS'],
    statuses: [299],
    parsed: ({ message }) => assert.equal(uri(target(message)).host, '2001:db8::192.0.2.1'),
  },
};

describe('RFC 5118 IPv6 torture messages', { timeout: 60_000 }, () => {
  tortureTests(messages, oracles);

  it('all 12 messages of §4.1 to §4.10 are here, each with its oracle', (context) => {
    assert.equal(messages.length, 12);
    assert.deepEqual(Object.keys(oracles).sort(), messages.map(({ file }) => file).sort());
    context.diagnostic(`RFC 5118: ${messages.length} messages`);
  });
});
