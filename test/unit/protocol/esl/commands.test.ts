import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { createEslReader, type EslCommand } from '../../../../src/protocol/esl/commands.ts';

const encoder = new TextEncoder();

function read(...pieces: readonly string[]): readonly EslCommand[] {
  const reader = createEslReader({ maxCommandBytes: 1_000 });
  return pieces.flatMap((piece) => {
    const result = reader.push(encoder.encode(piece));
    assert.ok(result.ok);
    return [...result.value];
  });
}

describe('ESL commands', () => {
  const table: readonly (readonly [name: string, wire: string, command: EslCommand])[] = [
    ['auth', 'auth ClueCon\n\n', { verb: 'auth', password: 'ClueCon' }],
    ['connect', 'connect\n\n', { verb: 'connect' }],
    ['exit', 'exit\n\n', { verb: 'exit' }],
    ['event json', 'event json CUSTOM a::b\n\n', { verb: 'event', format: 'json', words: ['CUSTOM', 'a::b'] }],
    ['event without a format is plain', 'event HEARTBEAT\n\n', { verb: 'event', format: 'plain', words: ['HEARTBEAT'] }],
    ['nixevent', 'nixevent HEARTBEAT\n\n', { verb: 'nixevent', words: ['HEARTBEAT'] }],
    ['filter', 'filter Unique-ID abc\n\n', { verb: 'filter', header: 'Unique-ID', value: 'abc' }],
    ['filter delete', 'filter delete Unique-ID abc\n\n', { verb: 'filter delete', header: 'Unique-ID', value: 'abc' }],
    ['filter delete all', 'filter delete all\n\n', { verb: 'filter delete', header: 'all', value: '' }],
    ['api keeps its inner spaces', 'api conference  x list\n\n', { verb: 'api', command: 'conference  x list' }],
    ['api without a command', 'api\n\n', { verb: 'unknown' }],
    ['bgapi with a job', 'bgapi status\nJob-UUID: j1\n\n', { verb: 'bgapi', command: 'status', jobUuid: 'j1' }],
    ['userauth', 'userauth joe@x:Clue:Con\n\n', { verb: 'auth', password: 'Clue:Con' }],
    ['event xml', 'event xml ALL\n\n', { verb: 'event', format: 'xml', words: ['ALL'] }],
    ['myevents', 'myevents json\n\n', { verb: 'myevents', uuid: '', format: 'json' }],
    ['myevents of a channel', 'myevents u1\n\n', { verb: 'myevents', uuid: 'u1', format: undefined }],
    ['sendevent keeps the names of its headers', 'sendevent custom\nEvent-Subclass: a::b\nContent-Length: 2\n\nhi', { verb: 'sendevent', name: 'CUSTOM', headers: [['Event-Subclass', 'a::b'], ['Content-Length', '2']], body: 'hi' }],
    ['linger', 'linger\n\n', { verb: 'linger', seconds: undefined }],
    ['linger for a time', 'linger 30\n\n', { verb: 'linger', seconds: 30 }],
    ['nolinger', 'nolinger\n\n', { verb: 'nolinger' }],
    ['divert_events', 'divert_events on\n\n', { verb: 'divert_events', value: 'on' }],
    ['log', 'log debug\n\n', { verb: 'log', level: 'debug' }],
    ['nolog', 'nolog\n\n', { verb: 'nolog' }],
    ['getvar', 'getvar uuid\n\n', { verb: 'getvar', name: 'uuid' }],
    ['api as fs_cli sends it', 'api status\nconsole_execute: true\n\n', { verb: 'api', command: 'status' }],
    ['an unknown word', 'bogus x\n\n', { verb: 'unknown' }],
    [
      'sendmsg execute',
      'sendmsg u1\nexecute-app-name: set\nexecute-app-arg: a=b: c\ncall-command: execute\nEvent-UUID: e1\n\n',
      { verb: 'sendmsg', uuid: 'u1', message: { kind: 'execute', app: 'set', argument: 'a=b: c', eventUuid: 'e1' } },
    ],
    [
      'sendmsg execute with an empty argument, as the library hangs up',
      'sendmsg u1\nexecute-app-name: hangup\nexecute-app-arg: \ncall-command: execute\nEvent-UUID: e1\n\n',
      { verb: 'sendmsg', uuid: 'u1', message: { kind: 'execute', app: 'hangup', argument: '', eventUuid: 'e1' } },
    ],
    ['sendmsg hangup', 'sendmsg u1\ncall-command: hangup\nhangup-cause: USER_BUSY\n\n', { verb: 'sendmsg', uuid: 'u1', message: { kind: 'hangup', cause: 'USER_BUSY' } }],
    [
      'an argument as body',
      'sendmsg u1\ncall-command: execute\nexecute-app-name: playback\ncontent-length: 5\n\na.wav',
      { verb: 'sendmsg', uuid: 'u1', message: { kind: 'execute', app: 'playback', argument: 'a.wav', eventUuid: undefined } },
    ],
  ];
  for (const [name, wire, command] of table) {
    it(`B.1: ${name}`, () => assert.deepEqual(read(wire), [command]));
    it(`B.1: ${name}, with CR LF`, () => assert.deepEqual(read(wire.replace(/\n/g, '\r\n')), [command]));
  }

  it('B.1: line ends before a command are skipped', () => {
    assert.deepEqual(read('\r\n\n\nexit\n\n'), [{ verb: 'exit' }]);
  });

  it('B.1: commands come one after the other from one read', () => {
    assert.deepEqual(
      read('connect\n\nexit\n\nnoevents\n\n').map(({ verb }) => verb),
      ['connect', 'exit', 'noevents'],
    );
  });

  it('a cut anywhere changes nothing', () => {
    const wire = table.map(([, text]) => text).join('');
    const whole = read(wire);
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), wire.length];
        const pieces = places.slice(1).map((end, index) => wire.slice(places[index], end));
        assert.deepEqual(read(...pieces), whole);
      }),
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const reader = createEslReader({ maxCommandBytes: 300 });
        for (const chunk of chunks) reader.push(chunk);
      }),
    );
  });

  it('a command that never ends is refused, and everything after it', () => {
    const reader = createEslReader({ maxCommandBytes: 100 });
    assert.deepEqual(reader.push(encoder.encode('x'.repeat(101))), { ok: false, error: { code: 'esl_command_too_long' } });
    assert.deepEqual(reader.push(encoder.encode('\n\nexit\n\n')), { ok: false, error: { code: 'esl_command_too_long' } });
  });

  it('a body announced longer than allowed is refused before it comes', () => {
    const reader = createEslReader({ maxCommandBytes: 100 });
    assert.equal(reader.push(encoder.encode('sendmsg x\ncontent-length: 999999999\n\n')).ok, false);
  });
});
