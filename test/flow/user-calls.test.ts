import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../src/adapters/system/log.ts';
import { UserCall } from '../../src/call/user-call.ts';
import type { EndReason } from '../../src/domain/reasons.ts';
import { loadConfig, shippedConfig } from '../../src/config/load.ts';
import { policyOf } from '../../src/config/policy.ts';
import { validateKeypad } from '../../src/domain/keypad.ts';
import type { Binding } from '../../src/domain/registrar.ts';
import { ok, type Result } from '../../src/lib/result.ts';
import type { CdrRecord } from '../../src/ports/cdr.ts';
import type { CallTarget, UserCallHandlers, UserCallLeg } from '../../src/ports/user-call.ts';
import { FakeClock, settle } from '../fakes/clock.ts';

/** The caller and the telephones, written down as they are told. */
class FakeUserCallLeg implements UserCallLeg {
  readonly id = 'call';
  readonly protocolId = 'sip-call';
  readonly caller = { name: 'Alice', number: 'alice', uri: 'sip:alice@example.com', source: { address: '192.0.2.1', port: 5060, transport: 'udp' } };
  readonly offer: UserCallLeg['offer'];
  readonly told: string[] = [];
  handlers: UserCallHandlers | undefined;

  constructor(offer: UserCallLeg['offer']) {
    this.offer = offer;
  }

  listen(handlers: UserCallHandlers): void {
    this.handlers = handlers;
  }

  invite(branch: number, { uri, hop }: CallTarget): void {
    this.told.push(`invite ${branch} ${uri} by ${hop.kind}`);
  }

  cancel(branch: number): void {
    this.told.push(`cancel ${branch}`);
  }

  ring(): void {
    this.told.push('ring');
  }

  connect(branch: number): Promise<Result<void, 'gone'>> {
    this.told.push(`connect ${branch}`);
    return Promise.resolve(ok(undefined));
  }

  end(reason: EndReason): Promise<void> {
    this.told.push(`end ${reason}`);
    return Promise.resolve();
  }
}

/** Milliseconds, by the configuration that is shipped. */
function shippedLongest(): number {
  const config = loadConfig({ environment: {}, workingDirectory: '.', shippedConfig, checkKeypad: validateKeypad });
  assert.ok(config.ok);
  return policyOf(config.value).ending.longestConnectionMs;
}

function begin(hosts: readonly string[], offer: UserCallLeg['offer'] = 'usable', longestMs = 3_600_000) {
  const clock = new FakeClock();
  const leg = new FakeUserCallLeg(offer);
  const records: CdrRecord[] = [];
  const gone: string[] = [];
  let closed = 0;
  const contacts = hosts.map((host): Binding => ({ key: host, uri: `sip:bob@${host}`, host, parameters: '', callId: '', cseq: 1, expiresAt: Infinity, updatedAt: 0, path: [], source: { address: '192.0.2.2', port: 5060, transport: 'udp' }, userAgent: '' }));
  const call = new UserCall({
    leg,
    alias: 'bob',
    contacts,
    from: { name: 'alice', display: 'Alice' },
    ringingMs: 60_000,
    longestMs,
    cdr: { record: (record) => void records.push(record) },
    scheduler: clock,
    log: createLogger('silent'),
    onFlowFailed: ({ host }) => void gone.push(host),
    onClosed: () => void (closed += 1),
  });
  call.start();
  /** `callClosed callee_busy SIP 486`, and so on. */
  const written = (): readonly string[] => records.map((record) => (record.type === 'callClosed' ? `${record.type} ${record.reason} ${record.cause}` : record.type));
  return { clock, leg, call, written, gone, closed: () => closed };
}

describe('a call to a user', () => {
  it('rings all telephones, connects the first to answer, and ends with a side; the record says so', async () => {
    const { clock, leg, written, closed } = begin(['192.0.2.2', '10.0.0.7']);
    leg.handlers?.onRinging(1);
    leg.handlers?.onAnswered(1);
    await settle();
    leg.handlers?.onEnded('callee_hung_up');
    assert.deepEqual(leg.told, ['invite 0 sip:bob@192.0.2.2 by contact', 'invite 1 sip:bob@10.0.0.7 by flow', 'ring', 'cancel 0', 'connect 1', 'end callee_hung_up']);
    assert.deepEqual(written(), ['callOpened', 'callAnswered', 'callClosed callee_hung_up BYE']);
    assert.deepEqual([closed(), clock.pending], [1, 0]);
  });

  it('RFC 5626 §5.3: a telephone whose connection is gone (430) is told of, and is one that does not answer', () => {
    const { leg, written, gone } = begin(['10.0.0.7', '10.0.0.8']);
    leg.handlers?.onFailed(1, 430);
    assert.deepEqual([gone, leg.told.length], [['10.0.0.8'], 2]);
    leg.handlers?.onFailed(0, 480);
    assert.deepEqual([gone, written().at(-1)], [['10.0.0.8'], 'callClosed callee_unavailable SIP 480']);
  });

  it('no telephone: 480 at once', () => {
    const { leg, written } = begin([]);
    assert.deepEqual([leg.told, written()], [['end callee_unavailable'], ['callOpened', 'callClosed callee_unavailable SIP 480']]);
  });

  it('an offer that cannot be passed on: no telephone rings', () => {
    const { leg, written } = begin(['192.0.2.2'], 'bad_offer');
    assert.ok(!leg.told.some((told) => told.startsWith('invite')));
    assert.deepEqual([leg.told.at(-1), written()], ['end bad_offer', ['callOpened', 'callClosed bad_offer SIP 400']]);
  });

  it('registrar.ringing: rung long enough', async () => {
    const { clock, leg, written } = begin(['192.0.2.2']);
    await clock.advance(60_000);
    assert.deepEqual(leg.told.slice(1), ['cancel 0', 'end no_answer']);
    assert.equal(written().at(-1), 'callClosed no_answer SIP 480');
    assert.equal(clock.pending, 0);
  });

  it('PX-43: cut when it has lasted long enough, counted from the answer', async () => {
    const { clock, leg, written } = begin(['192.0.2.2']);
    await clock.advance(30_000);
    leg.handlers?.onAnswered(0);
    await clock.advance(3_599_999);
    assert.equal(leg.told.at(-1), 'connect 0');
    await clock.advance(1);
    assert.equal(written().at(-1), 'callClosed max_duration BYE');
  });

  it('PX-42, PX-43: 12 h by the configuration that is shipped', async () => {
    const { clock, leg, written } = begin(['192.0.2.2'], 'usable', shippedLongest());
    leg.handlers?.onAnswered(0);
    await clock.advance(12 * 3_600_000 - 1);
    assert.equal(leg.told.at(-1), 'connect 0');
    await clock.advance(1);
    assert.deepEqual([written().at(-1), clock.pending], ['callClosed max_duration BYE', 0]);
  });

  it('PX-40, PX-41: once answered the longest connection is all that is waited for; no rule of rooms, no count of packets', async () => {
    const { clock, leg, call, written } = begin(['192.0.2.2'], 'usable', shippedLongest());
    leg.handlers?.onAnswered(0);
    await settle();
    assert.deepEqual([...call.timers.keys()], ['longestConnection']);
    // Beyond a lone participant, a room of guests only and silence.
    await clock.advance(5 * 3_600_000);
    assert.deepEqual([written().at(-1), [...call.timers.keys()]], ['callAnswered', ['longestConnection']]);
    call.end('shutdown');
  });

  it('ended by the program, whatever comes afterwards: closed once', async () => {
    const { clock, leg, call, written, closed } = begin(['192.0.2.2']);
    call.end('shutdown');
    leg.handlers?.onAnswered(0);
    leg.handlers?.onEnded('caller_cancelled');
    await clock.advance(100_000);
    assert.deepEqual([written().at(-1), closed()], ['callClosed shutdown SIP 503', 1]);
  });
});
