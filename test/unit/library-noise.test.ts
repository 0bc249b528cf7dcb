import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { knownThrow } from '../../src/library-noise.ts';

const thrownIn = (file: string, error: Error): Error => Object.assign(error, { stack: `${error.message}\n    at handler (/somewhere/${file}:1:1)` });
const library = 'node_modules/drachtio-srf/lib/drachtio-agent.js';

describe('what nobody caught', () => {
  const cases: readonly (readonly [name: string, error: unknown, expected: 'known' | 'unknown'])[] = [
    ['D-15: a frame of an unknown type', thrownIn(library, new Error("invalid msg type: 'x', msg: ''")), 'known'],
    ['D-7: a stray % in an event', thrownIn('node_modules/drachtio-modesl/lib/esl/Parser.js', new URIError('URI malformed')), 'known'],
    ['D-6: no SIP profile of that name', thrownIn('node_modules/drachtio-fsmrf/lib/mediaserver.js', new Error('No x sip profile found on the media server: ...')), 'known'],
    ['D-39: a dialog that has gone', Object.assign(new Error('unable to find dialog'), { code: 'ENODIALOG' }), 'known'],
    ['the same words of our own code', thrownIn('src/call/call-session.ts', new Error('invalid msg type')), 'unknown'],
    ['any other error of a library', thrownIn(library, new TypeError('x is not a function')), 'unknown'],
    ['something that is no error', 'text', 'unknown'],
  ];
  for (const [name, error, expected] of cases) it(`${name}: ${expected}`, () => assert.equal(knownThrow(error), expected));
});
