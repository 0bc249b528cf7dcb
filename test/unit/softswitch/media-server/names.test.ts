import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import type { AudioSource } from '../../../../src/softswitch/engine/api.ts';
import { playlist } from '../../../../src/softswitch/media-server/audio-source.ts';
import { readSocketAddress } from '../../../../src/softswitch/media-server/socket-address.ts';
import { hangupCause, reasonHeader } from '../../../../src/softswitch/media-server/hangup-cause.ts';

describe('what playback names', () => {
  const file = (path: string): AudioSource => ({ kind: 'file', path });
  const table: readonly (readonly [argument: string, delimiter: string | undefined, items: readonly (readonly [string, readonly AudioSource[]])[]])[] = [
    ['/a/b.wav', undefined, [['/a/b.wav', [file('/a/b.wav')]]]],
    ['b.wav', undefined, [['b.wav', [file('/sounds/b.wav')]]]],
    ['{vol=3}/a/b.wav', undefined, [['{vol=3}/a/b.wav', [file('/a/b.wav')]]]],
    ['/a/b.wav@@800', undefined, [['/a/b.wav', [{ kind: 'file', path: '/a/b.wav', offsetSamples: 800 }]]]],
    ['/a.wav!/b.wav', '!', [['/a.wav', [file('/a.wav')]], ['/b.wav', [file('/b.wav')]]]],
    ['/a.wav!/b.wav', undefined, [['/a.wav!/b.wav', [file('/a.wav!/b.wav')]]]],
    ['file_string:///a.wav!/b.wav', '!', [['file_string:///a.wav!/b.wav', [file('/a.wav'), file('/b.wav')]]]],
    ['silence_stream://250', undefined, [['silence_stream://250', [{ kind: 'silence', ms: 250 }]]]],
    ['silence_stream://-1,1400', undefined, [['silence_stream://-1,1400', [{ kind: 'silence', ms: -1 }]]]],
    ['silence_stream://x', undefined, [['silence_stream://x', []]]],
    ['tone_stream://%(400,0,440)', undefined, [['tone_stream://%(400,0,440)', [{ kind: 'tone', hz: [440], onMs: 400, offMs: 0, loops: 1 }]]]],
    ['tone_stream://v=-20;%(100,50,350,440);loops=3', undefined, [['tone_stream://v=-20;%(100,50,350,440);loops=3', [{ kind: 'tone', hz: [350, 440], onMs: 100, offMs: 50, loops: 3 }]]]],
    [
      'tone_stream://%(1,2,300);%(3,4,400);loops=2',
      undefined,
      [['tone_stream://%(1,2,300);%(3,4,400);loops=2', [300, 400, 300, 400].map((hz) => ({ kind: 'tone', hz: [hz], onMs: hz === 300 ? 1 : 3, offMs: hz === 300 ? 2 : 4, loops: 1 }))]],
    ],
    ['tone_stream://', undefined, [['tone_stream://', []]]],
    ['local_stream://moh', undefined, [['local_stream://moh', []]]],
    ['', undefined, []],
  ];
  for (const [argument, delimiter, items] of table) {
    it(`${argument}${delimiter === undefined ? '' : ` by ${delimiter}`}`, () => {
      assert.deepEqual(playlist(argument, delimiter, '/sounds').map(({ path, sources }) => [path, sources]), items);
    });
  }
  it('never throws and is bounded', () => {
    fc.assert(fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (argument, delimiter) => assert.ok(playlist(argument, delimiter, '/s').length <= 128)));
  });
});

describe('hang-up causes, F-13', () => {
  const table = [
    ['', 'NORMAL_CLEARING', 'Q.850;cause=16;text="NORMAL_CLEARING"'],
    ['user_busy', 'USER_BUSY', 'Q.850;cause=17;text="USER_BUSY"'],
    ['17', 'USER_BUSY', 'Q.850;cause=17;text="USER_BUSY"'],
    ['bogus', 'NORMAL_CLEARING', 'Q.850;cause=16;text="NORMAL_CLEARING"'],
    ['MEDIA_TIMEOUT', 'MEDIA_TIMEOUT', 'SIP;cause=804;text="MEDIA_TIMEOUT"'],
  ] as const;
  for (const [text, cause, reason] of table) {
    it(`${text} is ${cause}`, () => assert.deepEqual([hangupCause(text), reasonHeader(hangupCause(text))], [cause, reason]));
  }
});

describe('where an outbound socket may go', () => {
  const table = [
    ['127.0.0.1:34359', { host: '127.0.0.1', port: 34359 }],
    ['[::1]:8084', { host: '::1', port: 8084 }],
    ['example.com:80', undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1:0', undefined],
    ['127.0.0.1:70000', undefined],
    ['', undefined],
  ] as const;
  for (const [text, address] of table) it(text === '' ? 'empty' : text, () => assert.deepEqual(readSocketAddress(text), address));
});
