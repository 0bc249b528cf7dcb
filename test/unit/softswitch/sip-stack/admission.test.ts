import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Admission, TokenBucket } from '../../../../src/softswitch/sip-stack/admission.ts';
import { DEFAULT_LIMITS } from '../../../../src/softswitch/sip-stack/limits.ts';
import { addressBytes, isLoopback, Networks, sourceOf } from '../../../../src/softswitch/sip-stack/networks.ts';

describe('networks', () => {
  const networks = new Networks(['10.0.0.0/8', '192.0.2.16/28', '2001:db8::/32', 'nonsense', '10.0.0.0/99', '1.2.3.4']);
  for (const [address, inside] of [['10.255.0.1', true], ['11.0.0.1', false], ['192.0.2.31', true], ['192.0.2.32', false], ['2001:db8:1::1', true], ['2001:db9::1', false], ['1.2.3.4', false], ['fe80::1%eth0', false]] as const) {
    it(`${address} is ${inside ? 'in' : 'out'}`, () => assert.equal(networks.has(address), inside));
  }
  for (const [address, source] of [['192.0.2.1', '192.0.2.1'], ['2001:db8:0:1::5', '2001:db8:0:1'], ['2001:0DB8:0000:0001:ffff:1:2:3', '2001:db8:0:1'], ['::1', '0:0:0:0'], ['fe80::1%eth0', 'fe80:0:0:0']] as const) {
    it(`the source of ${address} is ${source}`, () => assert.equal(sourceOf(address), source));
  }
  it('bytes of addresses', () => {
    assert.deepEqual([...addressBytes('192.0.2.1')], [192, 0, 2, 1]);
    assert.equal(Buffer.from(addressBytes('2001:db8::1:ff')).toString('hex'), '20010db800000000000000000001' + '00ff');
    assert.equal(addressBytes('::').length, 16);
  });
  it('loopback', () => assert.deepEqual(['127.0.0.1', '127.9.9.9', '::1', '10.0.0.1'].map(isLoopback), [true, true, true, false]));
});

describe('TokenBucket', () => {
  it('gives its burst at once, then its rate; says how long to wait', () => {
    const bucket = new TokenBucket(10, 3);
    assert.deepEqual([0, 0, 0, 0].map((now) => bucket.take(now)), [0, 0, 0, 100]);
    assert.deepEqual([50, 99, 100, 101].map((now) => bucket.take(now)), [50, 1, 0, 99]);
  });
  it('never holds more than its burst; a clock set back costs nothing', () => {
    const bucket = new TokenBucket(10, 2);
    assert.deepEqual([1_000_000, 1_000_000, 1_000_000].map((now) => bucket.take(now)), [0, 0, 100]);
    assert.equal(bucket.take(5), 100);
    assert.equal(bucket.take(105), 0);
  });
});

describe('Admission', () => {
  const idle = { transactions: 0, dialogs: 0 };
  const make = (limits: Partial<typeof DEFAULT_LIMITS> = {}): { admission: Admission; counts: string[]; move: (ms: number) => void } => {
    let now = 0;
    const counts: string[] = [];
    const admission = new Admission({ limits: { ...DEFAULT_LIMITS, ...limits }, scheduler: { now: () => now }, loopLag: () => 0, count: (what) => counts.push(what) });
    return { admission, counts, move: (ms) => (now += ms) };
  };

  it('the defaults leave a gateway with 100 new calls a second alone, six messages each', () => {
    const { admission, counts, move } = make();
    for (let call = 0; call < 3000; call += 1) {
      assert.equal(admission.request('INVITE', '192.0.2.1', idle), 'admit');
      for (let message = 0; message < 6; message += 1) assert.equal(admission.message('192.0.2.1'), 0);
      move(10);
    }
    assert.deepEqual(counts, []);
  });
  it('one source with 150 new calls a second for half a minute, ten messages each, is left alone', () => {
    const { admission, counts, move } = make();
    for (let tenth = 0; tenth < 300; tenth += 1) {
      for (let call = 0; call < 15; call += 1) {
        assert.equal(admission.request('INVITE', '192.0.2.1', idle), 'admit');
        for (let message = 0; message < 10; message += 1) assert.equal(admission.message('192.0.2.1'), 0);
      }
      move(100);
    }
    assert.deepEqual(counts, []);
  });
  it('a flood of requests that begin no call, from everywhere, takes half the transactions: calls are let in', () => {
    const { admission } = make({ transactions: 100 });
    const at = (transactions: number): readonly string[] => ['OPTIONS', 'MESSAGE', 'INVITE'].map((method) => admission.request(method, '192.0.2.1', { transactions, dialogs: 0 }));
    assert.deepEqual([49, 50, 89, 90].map(at), [['admit', 'admit', 'admit'], ['overload', 'overload', 'admit'], ['overload', 'overload', 'admit'], ['overload', 'overload', 'overload']]);
  });
  it('sources do not share; all of an IPv6 /64 is one', () => {
    const { admission } = make({ invitesPerSource: 1 });
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']) assert.equal(admission.request('INVITE', address, idle), 'admit');
    assert.deepEqual(['192.0.2.1', '192.0.2.1', '2001:db8::3'].map((address) => admission.request('INVITE', address, idle)), ['admit', 'rate', 'rate']);
  });
  it('a source that goes on asking is not forgiven by the flood of others', () => {
    const { admission } = make({ invitesPerSource: 1 });
    for (let count = 0; count < 2; count += 1) admission.request('INVITE', '192.0.2.1', idle);
    for (let forged = 0; forged < 100_000; forged += 1) {
      admission.message(`10.${forged >> 16}.${(forged >> 8) & 255}.${forged & 255}`);
      if (forged % 1000 === 0) assert.equal(admission.request('INVITE', '192.0.2.1', idle), 'rate');
    }
  });
  it('methods do not share, and only INVITE, REGISTER and OPTIONS have bounds of their own', () => {
    const { admission } = make({ invitesPerSource: 1, registersPerSource: 1, optionsPerSource: 1 });
    for (const method of ['INVITE', 'REGISTER', 'OPTIONS']) assert.deepEqual([1, 2, 3].map(() => admission.request(method, '192.0.2.1', idle)), ['admit', 'admit', 'rate'], method);
    for (let count = 0; count < 100; count += 1) assert.equal(admission.request('MESSAGE', '192.0.2.1', idle), 'admit');
  });
  it('a full machine: at nine tenths of the transactions nothing new, of the dialogs no call', () => {
    const { admission } = make({ transactions: 10, dialogs: 10 });
    const verdicts = (transactions: number, dialogs: number): string[] => ['INVITE', 'OPTIONS'].map((method) => admission.request(method, '127.0.0.1', { transactions, dialogs }));
    assert.deepEqual(verdicts(4, 8), ['admit', 'admit']);
    assert.deepEqual(verdicts(9, 0), ['overload', 'overload']);
    assert.deepEqual(verdicts(0, 9), ['overload', 'admit']);
  });
  it('two hundred thousand forged sources take bounded memory; silent ones are forgotten', () => {
    const { admission, move } = make();
    for (let forged = 0; forged < 200_000; forged += 1) admission.message(`10.${forged >> 16}.${(forged >> 8) & 255}.${forged & 255}`);
    assert.ok(admission.sources > 32_768 && admission.sources <= 65_536, String(admission.sources));
    for (let minute = 0; minute < 2; minute += 1) {
      move(60_000);
      admission.message('192.0.2.1');
    }
    assert.equal(admission.sources, 1);
  });
});
