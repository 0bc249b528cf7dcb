import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { headerValue } from '../../../../src/protocol/sip/message.ts';
import type { SipRequest, SipResponse } from '../../../../src/protocol/sip/message.ts';
import { Advertised } from '../../../../src/softswitch/sip-stack/advertised.ts';
import { contactHeader, viaHeader, withOwnAddress } from '../../../../src/softswitch/sip-stack/addressing.ts';
import type { ClientTransaction, Flow, ResponseListener, Transport } from '../../../../src/softswitch/sip-stack/api.ts';
import { LargeRequests, sendWithFailover } from '../../../../src/softswitch/sip-stack/failover.ts';
import type { Ways } from '../../../../src/softswitch/sip-stack/failover.ts';
import { LocalAddresses } from '../../../../src/softswitch/sip-stack/local-address.ts';
import { bySrvOrder } from '../../../../src/softswitch/sip-stack/locate.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

const flow = (transport: Transport, host: string): Flow => ({ transport, listener: 0, local: { host: '192.0.2.1', port: 5060 }, remote: { host, port: 5060 } });
const A = flow('udp', '198.51.100.1');
const B = flow('udp', '198.51.100.2');
const A_TCP = flow('tcp', '198.51.100.1');
const request: SipRequest = { kind: 'request', method: 'INVITE', uri: 'sip:bob@example.com', headers: [viaHeader(A, 'z9hG4bKa'), contactHeader(A, 'sip:bob@example.com'), { name: 'Call-ID', value: 'x' }], body: '' };

/** What is answered, way by way: `local` ones are the stack's own; what the user hears, and where the request went. */
function run(ways: Ways, answers: readonly (readonly [number, 'network' | 'local'])[]): { readonly heard: number[]; readonly went: string[]; readonly sent: SipRequest[] } {
  const [heard, went, sent]: [number[], string[], SipRequest[]] = [[], [], []];
  const listeners: ResponseListener[] = [];
  const begin = (message: SipRequest, way: Flow, listener: ResponseListener): ClientTransaction => {
    went.push(`${way.transport} ${way.remote.host}`);
    sent.push(message);
    listeners.push(listener);
    return { request: { message, flow: way, bytes: 0 }, cancel: () => ({ ok: true, value: { message, flow: way, bytes: 0 } }) };
  };
  sendWithFailover({ begin, branch: () => 'z9hG4bKnext', onMove: () => undefined }, request, A, ways, { onResponse: ({ message }) => heard.push(message.status) });
  for (const [status, origin] of answers) {
    const message: SipResponse = { kind: 'response', status, reason: '', headers: [], body: '' };
    listeners.at(-1)?.onResponse({ message, flow: A, bytes: 0 }, origin, undefined);
  }
  return { heard, went, sent };
}

describe('failover (RFC 3263 §4.3, RFC 3261 §18.1.1)', () => {
  const cases: readonly (readonly [string, Ways, readonly (readonly [number, 'network' | 'local'])[], readonly string[], readonly number[]])[] = [
    ['an answer ends it', [A, B], [[486, 'network']], ['udp 198.51.100.1'], [486]],
    ['503: the next', [A, B], [[503, 'network'], [200, 'network']], ['udp 198.51.100.1', 'udp 198.51.100.2'], [200]],
    ['refused: the next', [A, B], [[503, 'local'], [200, 'network']], ['udp 198.51.100.1', 'udp 198.51.100.2'], [200]],
    ['no answer: the next', [A, B], [[408, 'local'], [200, 'network']], ['udp 198.51.100.1', 'udp 198.51.100.2'], [200]],
    ['a 408 of the peer is an answer', [A, B], [[408, 'network']], ['udp 198.51.100.1'], [408]],
    ['the last one’s failure is told', [A, B], [[503, 'local'], [408, 'local']], ['udp 198.51.100.1', 'udp 198.51.100.2'], [408]],
    ['it rang: it stays', [A, B], [[180, 'network'], [503, 'network']], ['udp 198.51.100.1'], [180, 503]],
    ['TCP refused: UDP to the same place', [A_TCP, A, B], [[503, 'local'], [200, 'network']], ['tcp 198.51.100.1', 'udp 198.51.100.1'], [200]],
    ['TCP heard but silent, or 503: not the same place again', [A_TCP, A, B], [[408, 'local'], [200, 'network']], ['tcp 198.51.100.1', 'udp 198.51.100.2'], [200]],
  ];
  for (const [name, ways, answers, went, heard] of cases) {
    it(name, () => {
      const result = run(ways, answers);
      assert.deepEqual([result.went, result.heard], [went, heard]);
    });
  }
  it('§18.1.1: another transport changes Via and our own Contact', () => {
    const [first] = run([A_TCP, A], []).sent;
    assert.ok(first);
    assert.equal(headerValue(first, 'Via'), 'SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bKnext');
    assert.equal(headerValue(first, 'Contact'), '<sip:192.0.2.1:5060;transport=tcp>');
  });
  it('§18.1.1: above 1300 bytes TCP comes first, but not for ten minutes after it was refused', () => {
    let now = 0;
    const large = new LargeRequests(() => now);
    const byTcp = ({ remote }: Flow): Flow => flow('tcp', remote.host);
    const kinds = (bytes: number): string => large.ways(bytes, [A, B], byTcp).map((way) => `${way.transport} ${way.remote.host.at(-1)}`).join(', ');
    assert.equal(kinds(1300), 'udp 1, udp 2');
    assert.equal(kinds(1301), 'tcp 1, udp 1, tcp 2, udp 2');
    large.moved(A_TCP, A);
    assert.equal(kinds(1301), 'udp 1, tcp 2, udp 2');
    now = 600_000;
    assert.equal(kinds(1301), 'tcp 1, udp 1, tcp 2, udp 2');
    assert.equal(large.ways(5000, [A], () => undefined).length, 1);
  });
});

describe('RFC 2782: the order of SRV records', () => {
  const record = (priority: number, weight: number, name: string) => ({ priority, weight, port: 5060, name });

  it('priority before weight', () => assert.deepEqual(bySrvOrder([record(2, 100, 'c'), record(1, 0, 'a'), record(1, 5, 'b')], () => 0.99).map(({ name }) => name), ['b', 'a', 'c']));
  it('weights are shares', () => {
    const records = [record(1, 1, 'a'), record(1, 3, 'b')];
    // Every tenth of a thousand draws, evenly spread: a is drawn first with 2 of 5 numbers (0, 1), b with 3.
    const first = Array.from({ length: 1000 }, (_, index) => bySrvOrder(records, () => index / 1000)[0]?.name);
    assert.equal(first.filter((name) => name === 'a').length, 400);
  });
  it('every record once, whatever is drawn', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ priority: fc.nat(3), weight: fc.nat(100), port: fc.nat(9), name: fc.string() }), { maxLength: 10 }), fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }), (records, draws) => {
        let next = 0;
        const ordered = bySrvOrder(records, () => draws[next++ % draws.length] ?? 0);
        assert.equal(new Set(ordered).size, records.length);
        assert.deepEqual(ordered.map(({ priority }) => priority), records.map(({ priority }) => priority).sort((a, b) => a - b));
      }),
      { seed: 2782 },
    );
  });
});

describe('the address a peer is told', () => {
  const nat = { externalAddress: '203.0.113.9', localNetworks: ['10.0.0.0/8'] };
  const told = (peer: string, options = nat): string | undefined => {
    let found: string | undefined;
    new Advertised(new LocalAddresses(new ManualScheduler()), options).find(peer, '10.1.1.1', (local) => (found = local));
    return found;
  };

  for (const [peer, expected] of [['198.51.100.7', '203.0.113.9'], ['10.2.2.2', '10.1.1.1'], ['127.0.0.1', '10.1.1.1'], ['2001:db8::1', '10.1.1.1']] as const) {
    it(`${peer}: ${expected}`, () => assert.equal(told(peer), expected));
  }
  it('a name stands for both families', () => assert.equal(told('2001:db8::1', { ...nat, externalAddress: 'sip.example.com' }), 'sip.example.com'));
  it('localhost in a Contact gets the transport, too, unless it has one', () => {
    const own = (value: string, transport: Transport): string | undefined => withOwnAddress([{ name: 'Contact', value }], flow(transport, 'x'))[0]?.value;
    assert.equal(own('<sip:100@localhost>', 'udp'), '<sip:100@192.0.2.1:5060>');
    assert.equal(own('<sip:100@localhost;x=y>', 'tls'), '<sip:100@192.0.2.1:5060;transport=tls;x=y>');
    assert.equal(own('sip:100@localhost', 'wss'), '<sip:100@192.0.2.1:5060;transport=ws>');
    assert.equal(own('<sip:100@localhost;transport=udp>', 'tcp'), '<sip:100@192.0.2.1:5060;transport=udp>');
    assert.equal(withOwnAddress([{ name: 'From', value: '<sip:100@localhost>' }], flow('tls', 'x'))[0]?.value, '<sip:100@192.0.2.1:5060>');
  });
});
