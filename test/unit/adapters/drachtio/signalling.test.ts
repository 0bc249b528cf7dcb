import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { displayName, headerText, shownText } from '../../../../src/adapters/drachtio/header-text.ts';
import { dialledAt } from '../../../../src/adapters/drachtio/signalling.ts';

describe('where to dial', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['udp/192.0.2.7:5060,tcp/192.0.2.7:5060', ['sip:192.0.2.7:5060']],
    // drachtio-server names TCP first (F-4).
    ['tcp/192.0.2.7:5070,udp/192.0.2.7:5070', ['sip:192.0.2.7:5070']],
    ['udp/192.0.2.7:5060,tcp/192.0.2.7:5062', ['sip:192.0.2.7:5060', 'sip:192.0.2.7:5062;transport=tcp']],
    ['udp/[2001:db8::1]:5060', ['sip:[2001:db8::1]:5060']],
    ['', []],
    ['nonsense', []],
  ];
  for (const [hostPorts, expected] of cases) it(JSON.stringify(hostPorts), () => assert.deepEqual(dialledAt(hostPorts), expected));
});

describe('D-34: text of strangers', () => {
  it('no control character gets into a header, whatever it was', () =>
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\r\n\0]/.test(headerText(text)) && !/[\r\n\0]/.test(displayName(text)) && shownText(text).length <= 128)));

  it('a display name is shown without its quotes', () => {
    assert.equal(displayName('"Ann \\"the boss\\" B."'), 'Ann "the boss" B.');
    assert.equal(displayName('Ann'), 'Ann');
  });
});
