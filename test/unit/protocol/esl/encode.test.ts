import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { apiResponse, channelData, commandReply, disconnectNotice, eventJson, eventXml, jsonEvent, lingerNotice, plainEvent, urlEncode, writeEvent } from '../../../../src/protocol/esl/encode.ts';
import type { EslEvent } from '../../../../src/protocol/esl/event.ts';

const event = (headers: EslEvent['headers'], body?: string): EslEvent => ({ name: 'X', headers, ...(body === undefined ? {} : { body }) });

describe('ESL encoding', () => {
  const table: readonly (readonly [plain: string, encoded: string])[] = [
    ['m=audio 38510 RTP/AVP 0 101\r\n', 'm%3Daudio%2038510%20RTP/AVP%200%20101%0D%0A'],
    ['Sun, 22 Nov 2026 00:43:18 GMT', 'Sun,%2022%20Nov%202026%2000%3A43%3A18%20GMT'],
    ['fd00::2', 'fd00%3A%3A2'],
    ['nobody@127.0.0.1:5070', 'nobody%40127.0.0.1%3A5070'],
    ['100%', '100%25'],
    [`"#&+;<=>?[\\]^\`{|}`, '%22%23%26%2B%3B%3C%3D%3E%3F%5B%5C%5D%5E%60%7B%7C%7D'],
    [`a-z_.~!$'()*,/`, `a-z_.~!$'()*,/`],
    ['ü\u0000', '%C3%BC%00'],
  ];
  for (const [plain, encoded] of table) {
    it(`B.1: ${JSON.stringify(plain)} is ${encoded}`, () => assert.equal(urlEncode(plain), encoded));
  }

  it('D-7: a client can decode any value, whatever % it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(decodeURIComponent(urlEncode(text)), text)));
  });

  it('B.1: a command reply has no Content-Length, and stays on its line', () => {
    assert.equal(commandReply('+OK'), 'Content-Type: command/reply\nReply-Text: +OK\n\n');
    assert.equal(commandReply('-ERR a\nb'), 'Content-Type: command/reply\nReply-Text: -ERR a b\n\n');
    assert.equal(commandReply('+OK Job-UUID: j', { 'Job-UUID': 'j' }), 'Content-Type: command/reply\nReply-Text: +OK Job-UUID: j\nJob-UUID: j\n\n');
  });

  it('B.1: an api response counts bytes, and is never empty', () => {
    assert.equal(apiResponse('ü'), 'Content-Type: api/response\nContent-Length: 2\n\nü');
    assert.equal(apiResponse(''), 'Content-Type: api/response\nContent-Length: 14\n\n-ERR no reply\n');
  });

  it('B.4: CHANNEL_DATA has no Content-Length and no body; an empty value is _undef_', () => {
    const text = channelData(event([['Event-Name', 'CHANNEL_DATA'], ['variable_x', '']]));
    assert.equal(
      text,
      'Event-Name: CHANNEL_DATA\nvariable_x: _undef_\nContent-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n',
    );
  });

  it('B.1: JSON events are not encoded, keep their order, and no header name is special', () => {
    const json = eventJson(event([['b', '100% ü'], ['5', 'x'], ['__proto__', 'y'], ['list', ['p', 'q']]]));
    assert.equal(json, '{"b":"100% ü","5":"x","__proto__":"y","list":["p","q"]}');
    assert.equal(jsonEvent(event([['a', 'ü']])), 'Content-Length: 10\nContent-Type: text/event-json\n\n{"a":"ü"}');
  });

  it('an event with a body carries it as _body with its bytes counted', () => {
    assert.equal(eventJson(event([['a', 'b']], '+OK\n')), '{"a":"b","Content-Length":"4","_body":"+OK\\n"}');
    assert.equal(plainEvent(event([['a', 'b c']], '+OK\n')), 'Content-Length: 32\nContent-Type: text/event-plain\n\na: b%20c\nContent-Length: 4\n\n+OK\n');
  });

  it('B.4: the disconnect notice announces 67 bytes', () => {
    assert.equal(
      disconnectNotice('u1'),
      'Content-Type: text/disconnect-notice\nControlled-Session-UUID: u1\nContent-Disposition: disconnect\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n',
    );
  });

  it('XML: names that are none are left out, values are encoded, the body is escaped without its control characters', () => {
    assert.equal(
      eventXml(event([['A', '<&>"\u0001'], ['no name', 'x'], ['B', ['c', 'd']]], 'h<\u0001')),
      '<event>\n  <headers>\n    <A>%3C%26%3E%22%01</A>\n    <B>c</B>\n    <B>d</B>\n  </headers>\n  <Content-Length>3</Content-Length>\n  <body>h&lt;</body>\n</event>\n',
    );
  });

  it('an event in each format announces what it is and how long', () => {
    for (const format of ['plain', 'json', 'xml'] as const) {
      const text = writeEvent(event([['A', 'ü']]), format);
      const [head, body] = [text.slice(0, text.indexOf('\n\n')), text.slice(text.indexOf('\n\n') + 2)];
      assert.match(head, new RegExp(`Content-Type: text/event-${format}`));
      assert.match(head, new RegExp(`Content-Length: ${Buffer.byteLength(body)}(\n|$)`));
    }
  });

  it('the name of a header cannot end its line', () => {
    assert.equal(plainEvent(event([['a\nContent-Length', '1']])).split('\n\n')[1], 'a Content-Length: 1');
  });

  it('linger: a notice without a body', () => {
    assert.equal(lingerNotice('u1', 'a\nb', 30), 'Content-Type: text/disconnect-notice\nControlled-Session-UUID: u1\nContent-Disposition: linger\nChannel-Name: a b\nLinger-Time: 30\nContent-Length: 0\n\n');
  });
});
