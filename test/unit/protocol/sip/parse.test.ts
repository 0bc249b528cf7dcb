import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import type { SipMessage } from '../../../../src/protocol/sip/message.ts';
import { headerValue } from '../../../../src/protocol/sip/message.ts';
import { listValues } from '../../../../src/protocol/sip/lists.ts';
import type { ParseFailure } from '../../../../src/protocol/sip/parse.ts';
import { parseFragment, parseMessage } from '../../../../src/protocol/sip/parse.ts';
import { serialize } from '../../../../src/protocol/sip/serialize.ts';

const LIMITS = { headerCount: 40, headerLineBytes: 1000 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string) => parseMessage(bytes(text), LIMITS);

const HEAD = [
  'INVITE sip:1000@example.org SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776;rport',
  'Max-Forwards: 70',
  'From: "Alice \\"A\\" é" <sip:alice@192.0.2.1>;tag=1928',
  'To: <sip:1000@example.org>',
  'Call-ID: a84b4c76e66710',
  'CSeq: 314159 INVITE',
];
const INVITE = [...HEAD, 'Content-Length: 4', '', 'v=0\n'].join('\r\n');

describe('parseMessage', () => {
  it('a request and the parts every receiver needs', () => {
    const parsed = parse(INVITE);
    assert.ok(parsed.ok);
    const { message, via, cseq, callId, fromTag, toTag } = parsed.value;
    assert.equal(message.kind === 'request' ? `${message.method} ${message.uri}` : '', 'INVITE sip:1000@example.org');
    assert.deepEqual([via.host, via.port, via.params.get('branch'), via.params.has('rport')], ['192.0.2.1', 5060, 'z9hG4bK776', true]);
    assert.deepEqual([cseq, callId, fromTag, toTag], [{ number: 314159, method: 'INVITE' }, 'a84b4c76e66710', '1928', undefined]);
    assert.equal(message.body, 'v=0\n');
  });

  it('RFC 3261 §7.3.1, §7.3.3: folding, compact forms, any case, white space before the colon, bare LF', () => {
    const parsed = parse('SIP/2.0 200\nv: SIP / 2.0 / TCP first.example:4000\n ;branch=z9hG4bK1\nVIA : SIP/2.0/UDP second, SIP/2.0/UDP third\nf:sip:a@b;tag=1\nT: sip:c@d;tag=2\ni: x\nCseq:  7   BYE\nl: 0\n\n');
    assert.ok(parsed.ok);
    const { message, via, toTag } = parsed.value;
    assert.deepEqual(message.headers.map(({ name }) => name), ['Via', 'Via', 'From', 'To', 'Call-ID', 'CSeq', 'Content-Length']);
    assert.deepEqual([via.transport, via.host, via.port, via.params.get('branch'), toTag], ['TCP', 'first.example', 4000, 'z9hG4bK1', '2']);
    assert.equal(listValues(message, 'via').length, 3);
  });

  it('§18.3: bytes of a datagram beyond Content-Length are ignored, without it the rest is body', () => {
    const over = parse(`${INVITE}rubbish`);
    assert.equal(over.ok && over.value.message.body, 'v=0\n');
    const without = parse([...HEAD, '', 'v=0\n and more'].join('\r\n'));
    assert.equal(without.ok && without.value.message.body, 'v=0\n and more');
  });

  const wrong = (change: (lines: string[]) => string[]): string => [...change(HEAD), '', ''].join('\r\n');
  const replace = (start: string, line: string) => wrong((lines) => lines.map((old) => (old.startsWith(start) ? line : old)));
  const failures: readonly (readonly [string, string, ParseFailure['code'], 400 | 505, answerable: boolean])[] = [
    ['nothing', '', 'not_sip', 400, false],
    ['no start line', 'hello\r\n\r\n', 'not_sip', 400, false],
    ['a broken status line', 'SIP/2.0 9999 Hm\r\n\r\n', 'bad_start_line', 400, false],
    ['another version', replace('INVITE', 'INVITE sip:x SIP/3.0'), 'bad_version', 505, true],
    ['no Via', wrong((lines) => lines.filter((line) => !line.startsWith('Via'))), 'missing_header', 400, false],
    ['no To', wrong((lines) => lines.filter((line) => !line.startsWith('To'))), 'missing_header', 400, true],
    ['no CSeq', wrong((lines) => lines.filter((line) => !line.startsWith('CSeq'))), 'missing_header', 400, false],
    ['two spaces in the request line', replace('INVITE', 'INVITE  sip:x SIP/2.0'), 'bad_start_line', 400, true],
    ['an empty Via parameter (§25.1)', replace('Via', 'Via: SIP/2.0/UDP 192.0.2.15;;branch=z9hG4bKa'), 'missing_header', 400, true],
    ['a From without URI', replace('From', 'From: Alice'), 'missing_header', 400, true],
    ['an open quote', replace('From', 'From: "Alice <sip:a@b>;tag=1'), 'missing_header', 400, true],
    ['CSeq of another method', replace('CSeq', 'CSeq: 1 BYE'), 'bad_header', 400, true],
    ['CSeq too large (§8.1.1.5)', replace('CSeq', 'CSeq: 2147483648 INVITE'), 'missing_header', 400, true],
    ['two Call-IDs', wrong((lines) => [...lines, 'Call-ID: other']), 'bad_header', 400, true],
    ['Max-Forwards beyond 255', replace('Max-Forwards', 'Max-Forwards: 256'), 'bad_header', 400, true],
    ['a line without a name', wrong((lines) => [...lines, ': value']), 'bad_header', 400, true],
    ['too many headers', wrong((lines) => [...lines, ...new Array<string>(50).fill('X-A: b')]), 'too_many_headers', 400, true],
    ['a line too long', wrong((lines) => [...lines, `X-A: ${'b'.repeat(2000)}`]), 'line_too_long', 400, true],
    ['a folded line too long', wrong((lines) => [...lines, 'X-A: b', ...new Array<string>(600).fill(' bb')]), 'line_too_long', 400, true],
    ['a negative length', wrong((lines) => [...lines, 'Content-Length: -1']), 'bad_body_length', 400, true],
    ['a length beyond the datagram', wrong((lines) => [...lines, 'Content-Length: 9']), 'bad_body_length', 400, true],
    ['no empty line', HEAD.join('\r\n'), 'bad_body_length', 400, true],
  ];
  for (const [name, text, code, status, answerable] of failures) {
    it(`refuses ${name}: ${code}, ${status}${answerable ? '' : ', unanswerable'}`, () => {
      const parsed = parse(text);
      assert.ok(!parsed.ok);
      assert.deepEqual([parsed.error.code, parsed.error.status, parsed.error.request !== undefined], [code, status, answerable]);
    });
  }

  it('never offers to answer an ACK', () => {
    const parsed = parse(INVITE.replace(/INVITE/g, 'ACK').replace('Max-Forwards: 70', 'Max-Forwards: x'));
    assert.ok(!parsed.ok);
    assert.equal(parsed.error.request, undefined);
  });

  it('cut at every byte: a failure, never a throw, never a whole message', () => {
    const whole = bytes(INVITE);
    for (let end = 0; end < whole.length; end += 1) assert.equal(parseMessage(whole.subarray(0, end), LIMITS).ok, false, `cut at ${end}`);
  });

  it('any bytes: a result, never a throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (data) => void parseMessage(data, LIMITS)));
  });

  it('a valid message with any one byte changed: a result, never a throw', () => {
    const whole = bytes(INVITE);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = whole.slice();
        changed[at] = value;
        parseMessage(changed, LIMITS);
      }),
    );
  });

  it('what is serialised is parsed to the same message', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9.-]{1,12}$/);
    const value = fc.stringMatching(/^[\x21-\x7e](?:[\x20-\x7eäé]{0,20}[\x21-\x7e])?$/);
    fc.assert(
      fc.property(token, fc.array(value, { maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 60 }), (method, values, body) => {
        const message: SipMessage = {
          kind: 'request',
          method,
          uri: 'sip:x@example.org',
          headers: [
            { name: 'Via', value: 'SIP/2.0/UDP h;branch=z9hG4bK1' },
            { name: 'From', value: '<sip:a@b>;tag=1' },
            { name: 'To', value: '<sip:c@d>' },
            { name: 'Call-ID', value: 'id' },
            { name: 'CSeq', value: `1 ${method}` },
            ...values.map((text, index) => ({ name: `X-${index}`, value: text })),
          ],
          body,
        };
        const parsed = parse(serialize(message));
        assert.ok(parsed.ok);
        const { headers, ...rest } = parsed.value.message;
        assert.deepEqual({ ...rest, headers: headers.filter(({ name }) => name !== 'Content-Length') }, message);
      }),
    );
  });
});

describe('serialize', () => {
  it('CR, LF and NUL cannot end a header line (D-34)', () => {
    const text = serialize({ kind: 'response', status: 200, reason: 'O\r\nK', headers: [{ name: 'X-A', value: 'a\r\nX-B: b\0' }], body: '' });
    assert.equal(text, 'SIP/2.0 200 O K\r\nX-A: a X-B: b \r\nContent-Length: 0\r\n\r\n');
  });
  it('Content-Length counts bytes', () => assert.match(serialize({ kind: 'response', status: 200, reason: 'OK', headers: [], body: 'hi \u{1F600} é' }), /Content-Length: 10\r\n/));
});

describe('parseFragment', () => {
  it('what a drachtio client writes: no Via, lower case names, a wrong Content-Length', () => {
    const parsed = parseFragment('SIP/2.0 200 OK\r\ncseq: 1 INVITE\r\nx-Room: 7\r\nContent-Length: 1\r\n\r\nv=0\r\n\r\n', LIMITS);
    assert.ok(parsed.ok);
    assert.deepEqual([headerValue(parsed.value, 'CSeq'), parsed.value.body], ['1 INVITE', 'v=0\r\n\r\n']);
    assert.deepEqual(parsed.value.headers.map(({ name }) => name), ['CSeq', 'x-Room', 'Content-Length']);
  });
  it('any text: a result, never a throw', () => fc.assert(fc.property(fc.string(), (text) => void parseFragment(text, LIMITS))));
});
