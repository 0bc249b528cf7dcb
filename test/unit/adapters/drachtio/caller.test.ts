import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callerOf, type CallerFields } from '../../../../src/adapters/drachtio/caller.ts';
import { Networks } from '../../../../src/lib/networks.ts';

function request(source: string, headers: Readonly<Record<string, string>>): CallerFields {
  return {
    get: (name) => headers[name],
    getParsedHeader: () => ({ name: '"Ann"', uri: 'sip:ann@192.0.2.1' }),
    source_address: source,
    source_port: 5060,
    protocol: 'udp',
  };
}

const identity = '"The Boss" <sip:+4930123@carrier.example>, <tel:+4930123>';

describe('who calls', () => {
  const rows: readonly (readonly [string, string, readonly string[], Readonly<Record<string, string>>, readonly [name: string, number: string, privacy: string | undefined]])[] = [
    ['From, where nothing is asserted', '192.0.2.9', ['192.0.2.0/24'], {}, ['Ann', 'ann', undefined]],
    ['RFC 3325 §9.1: the identity a trusted peer asserts', '192.0.2.9', ['192.0.2.0/24'], { 'P-Asserted-Identity': identity }, ['The Boss', '+4930123', undefined]],
    ['RFC 3325 §5: not that of another peer', '198.51.100.1', ['192.0.2.0/24'], { 'P-Asserted-Identity': identity }, ['Ann', 'ann', undefined]],
    ['nor anybody\'s, where nobody is trusted', '192.0.2.9', [], { 'P-Asserted-Identity': identity }, ['Ann', 'ann', undefined]],
    ['a telephone number alone', '2001:db8::1', ['2001:db8::/32'], { 'P-Asserted-Identity': '<tel:+4930123>' }, ['+4930123', '+4930123', undefined]],
    ['From, where what is asserted is no address', '192.0.2.9', ['192.0.2.9/32'], { 'P-Asserted-Identity': '"Boss" <nonsense' }, ['Ann', 'ann', undefined]],
    ['RFC 3325 §9.3 Privacy: id: the operator knows, others do not', '192.0.2.9', ['192.0.2.9/32'], { 'P-Asserted-Identity': identity, Privacy: 'critical; ID' }, ['Anonymous', '+4930123', 'withheld']],
    ['RFC 3323 §4.2 Privacy: user, whoever says so', '198.51.100.1', [], { Privacy: 'user' }, ['Anonymous', 'ann', 'withheld']],
    ['Privacy: none', '198.51.100.1', [], { Privacy: 'none' }, ['Ann', 'ann', undefined]],
  ];
  for (const [name, source, trusted, headers, expected] of rows) {
    it(name, () => {
      const caller = callerOf(request(source, headers), new Networks(trusted));
      assert.deepEqual([caller.name, caller.number, caller.privacy], expected);
    });
  }

  it('D-34: no control character of an asserted name is shown', () => {
    const caller = callerOf(request('192.0.2.9', { 'P-Asserted-Identity': '"A\u0007B" <sip:1@example.org>' }), new Networks(['192.0.2.9/32']));
    assert.equal(caller.name, 'AB');
  });
});
