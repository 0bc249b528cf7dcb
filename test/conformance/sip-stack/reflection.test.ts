/** RFC 3261 §17.2.1, §13.3.1.4 with a forged source address: what one request makes us send to somebody who asked for nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SipMessage } from '../../../src/protocol/sip/message.ts';
import { SDP, UdpPeer } from '../support/sip-peer.ts';
import type { Call } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

/** INVITEs of a source not proven whose answers are repeated by timer at a time. */
const BOUND = 4;
/** Timer G, or that of a 2xx, until Timer H: 0.5, 1.5, 3.5, 7.5, and then every 4 s up to 31.5. */
const COPIES = 10;

describe('reflection', { timeout: 20_000 }, () => {
  /** An INVITE answered with `status`. */
  async function answered(running: RunningStack, peer: UdpPeer, status: number): Promise<Call> {
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    (await running.requests.next()).respond({ status, ...(status < 300 ? { body: SDP } : {}) });
    await peer.response(status, call);
    return call;
  }

  /** What comes, unasked, while all timers run out. */
  async function unasked(running: RunningStack, peer: UdpPeer): Promise<readonly string[]> {
    const before = new Set(peer.inbox.all);
    running.scheduler.advance(200_000);
    // What was sent before this answer has come before it.
    const fence = peer.newCall();
    peer.send('OPTIONS', fence);
    await peer.response(200, fence);
    return peer.inbox.all.filter((item) => !before.has(item)).map(nameOf);
  }

  const nameOf = (item: SipMessage): string => (item.kind === 'response' ? String(item.status) : item.method);
  const copies = (name: string, count: number): string[] => new Array<string>(count).fill(name);

  it('§17.2.1 never acknowledged: four 486 at a time are repeated by timer, the others go once', async () => {
    const running = await startStack({ limits: { exempt: [] } });
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 10; count += 1) await answered(running, peer, 486);
    assert.deepEqual(await unasked(running, peer), copies('486', BOUND * COPIES));
    assert.equal(running.counter('notRepeated'), 10 - BOUND);
    // They were four at a time: the next ones are repeated again.
    await answered(running, peer, 486);
    assert.deepEqual(await unasked(running, peer), copies('486', COPIES));
    await peer.close();
    await running.stack.close();
  });

  it('§17.2.1 an answer that is not repeated by timer is sent again when its INVITE comes again, and takes its ACK', async () => {
    const running = await startStack({ limits: { exempt: [] } });
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < BOUND; count += 1) await answered(running, peer, 486);
    const call = await answered(running, peer, 486);
    peer.send('INVITE', call, { body: SDP, toTag: undefined });
    await peer.response(486, call);
    peer.send('ACK', call);
    const fence = peer.newCall();
    peer.send('OPTIONS', fence);
    await peer.response(200, fence);
    // Timer I.
    running.scheduler.advance(5000);
    assert.equal(running.stack.debugState().serverTransactions, BOUND + 1);
    await peer.close();
    await running.stack.close();
  });

  it('§13.3.1.4 never acknowledged: four 200 at a time are repeated and ended with a BYE, the others go once, and nothing after them', async () => {
    const running = await startStack({ limits: { exempt: [] } });
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 10; count += 1) await answered(running, peer, 200);
    const seen = await unasked(running, peer);
    assert.equal(seen.filter((name) => name === '200').length, BOUND * COPIES);
    const ended = await Promise.all(Array.from({ length: 10 }, () => running.ended.next()));
    assert.deepEqual(ended.map(({ reason }) => reason), new Array(10).fill('ack_timeout'));
    assert.equal(running.stack.debugState().dialogs, 0);
    assert.equal(new Set(peer.inbox.all.filter((item) => item.kind === 'request').map((item) => item.headers.find(({ name }) => name === 'Call-ID')?.value)).size, BOUND);
    await peer.close();
    await running.stack.close();
  });

  for (const status of [200, 486]) {
    it(`the ACK of a ${status} with our tag shows that our messages arrive: there is no bound after it`, async () => {
      const running = await startStack({ limits: { exempt: [] } });
      const peer = await UdpPeer.open(running.at('udp'));
      const call = await answered(running, peer, status);
      peer.send('ACK', call, status < 300 ? { branch: `${call.branch}-ack` } : {});
      for (let count = 0; count < 8; count += 1) await answered(running, peer, 486);
      assert.equal((await unasked(running, peer)).filter((name) => name === '486').length, 8 * COPIES);
      await peer.close();
      await running.stack.close();
    });
  }

  it('an ACK with a guessed tag ends the repetition of its answer, and shows nothing', async () => {
    const running = await startStack({ limits: { exempt: [] } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = await answered(running, peer, 486);
    peer.send('ACK', call, { toTag: 'guessed' });
    for (let count = 0; count < 8; count += 1) await answered(running, peer, 486);
    assert.deepEqual(await unasked(running, peer), copies('486', BOUND * COPIES));
    await peer.close();
    await running.stack.close();
  });

  it('networks that are exempt have no such bound', async () => {
    const running = await startStack();
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 8; count += 1) await answered(running, peer, 486);
    assert.deepEqual(await unasked(running, peer), copies('486', 8 * COPIES));
    await peer.close();
    await running.stack.close();
  });
});
