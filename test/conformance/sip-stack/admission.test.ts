/** What one source, and all together, may ask for: rates, connections, and 503 before the machine is at its end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

/** A call that is up. */
async function establish(running: RunningStack, peer: UdpPeer | TcpPeer): Promise<Call> {
  const call = peer.newCall();
  peer.send('INVITE', call, { body: SDP });
  const transaction = await running.requests.next();
  transaction.respond({ status: 200, body: SDP });
  await peer.response(200, call);
  peer.send('ACK', call, { branch: `${call.branch}-ack` });
  await running.acks.next();
  return call;
}

/** Sends a request in the call and has it answered. */
async function inCall(running: RunningStack, peer: UdpPeer | TcpPeer, call: Call, method: string, cseq: number): Promise<void> {
  peer.send(method, call, { cseq, branch: `${call.branch}-${cseq}`, body: method === 'INVITE' ? SDP : '' });
  const transaction = await running.requests.next();
  transaction.respond({ status: 200 });
  await peer.response(200, call);
}

describe('admission', { timeout: 20_000 }, () => {
  it('more new calls than a source may begin: 503 with Retry-After, no transaction; its calls are untouched, other methods and later ones too', async () => {
    const running = await startStack({ limits: { exempt: [], invitesPerSource: 1, registersPerSource: 1, optionsPerSource: 1 } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = await establish(running, peer);
    const second = await establish(running, peer);
    const third = peer.newCall();
    peer.send('INVITE', third, { body: SDP });
    assert.equal(headerValue(await peer.response(503, third), 'Retry-After'), '5');
    const before = running.stack.debugState().serverTransactions;
    for (let count = 0; count < 20; count += 1) peer.send('INVITE', peer.newCall(), { body: SDP });
    for (let count = 0; count < 20; count += 1) await peer.response(503);
    assert.equal(running.stack.debugState().serverTransactions, before);
    assert.equal(running.counter('rateRefused'), 21);
    await inCall(running, peer, call, 'INVITE', 2);
    peer.send('ACK', call, { cseq: 2, branch: `${call.branch}-ack2` });
    await running.acks.next();
    await inCall(running, peer, call, 'BYE', 3);
    await inCall(running, peer, second, 'BYE', 2);
    const ask = peer.newCall();
    peer.send('OPTIONS', ask);
    await peer.response(200, ask);
    running.scheduler.advance(1000);
    await establish(running, peer);
    await peer.close();
    await running.stack.close();
  });
  it('a retransmission is no new call', async () => {
    const running = await startStack({ limits: { exempt: [], invitesPerSource: 1 } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = peer.newCall();
    for (let count = 0; count < 10; count += 1) peer.send('INVITE', call, { body: SDP });
    (await running.requests.next()).respond({ status: 486 });
    await peer.response(486, call);
    assert.equal(running.counter('rateRefused'), 0);
    await peer.close();
    await running.stack.close();
  });
  it('an exempt network has no bounds, others go on having them', async () => {
    const running = await startStack({ limits: { exempt: ['10.0.0.0/8', '127.0.0.0/8'], invitesPerSource: 1, messagesPerSource: 1, connectionsPerSource: 1 } });
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 5; count += 1) await establish(running, peer);
    await peer.close();
    await running.stack.close();
  });
  it('UDP: more messages than a source may send are dropped, unread; later ones are heard', async () => {
    const running = await startStack({ limits: { exempt: [], messagesPerSource: 5 } });
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 30; count += 1) peer.send('OPTIONS', peer.newCall());
    await until(() => running.counter('rateDropped') === 20);
    for (let count = 0; count < 10; count += 1) await peer.response(200);
    running.scheduler.advance(200);
    const call = peer.newCall();
    peer.send('OPTIONS', call);
    await peer.response(200, call);
    await peer.close();
    await running.stack.close();
  });
  it('TCP: more messages than a source may send are read later, none is lost', async () => {
    const running = await startStack({ limits: { exempt: [], messagesPerSource: 5 } });
    const peer = await TcpPeer.connect(running.at('tcp'));
    for (let count = 0; count < 11; count += 1) peer.send('OPTIONS', peer.newCall());
    for (let count = 0; count < 11; count += 1) await peer.response(200);
    const late = peer.newCall();
    peer.send('OPTIONS', late);
    assert.equal(running.counter('rateDelayed'), 1);
    // Another source is served meanwhile.
    const other = createConnection({ ...running.at('tcp'), localAddress: '127.0.0.2' });
    other.write(peer.requestText('OPTIONS', peer.newCall()));
    await once(other, 'data');
    other.destroy();
    assert.equal(running.counter('received'), 12);
    running.scheduler.advance(1000);
    await peer.response(200, late);
    await peer.close();
    await running.stack.close();
  });
  it('connections of one source, and half-open ones, are bounded; those that speak are not half-open', async () => {
    const running = await startStack({ limits: { exempt: [], connectionsPerSource: 3, halfOpenConnections: 2 } });
    const open: TcpPeer[] = [];
    for (let count = 0; count < 3; count += 1) {
      const peer = await TcpPeer.connect(running.at('tcp'));
      const call = peer.newCall();
      peer.send('OPTIONS', call);
      await peer.response(200, call);
      open.push(peer);
    }
    await (await TcpPeer.connect(running.at('tcp'))).closed;
    assert.equal(running.counter('connectionsRefused'), 1);
    await Promise.all(open.map((peer) => peer.close()));
    await until(() => running.stack.debugState().connections === 0);
    const silent = [await TcpPeer.connect(running.at('tcp')), await TcpPeer.connect(running.at('tcp'))];
    await (await TcpPeer.connect(running.at('tcp'))).closed;
    assert.equal(running.counter('connectionsRefused'), 2);
    running.scheduler.advance(10_000);
    await Promise.all(silent.map((peer) => peer.closed));
    assert.equal(running.counter('connectionsSilent'), 2);
    await running.stack.close();
  });
  it('slow loris: a message a byte at a time has 10 s, whatever trickles in; each message has its own', async () => {
    const running = await startStack();
    const peer = await TcpPeer.connect(running.at('tcp'));
    const call = peer.newCall();
    peer.send('OPTIONS', call);
    await peer.response(200, call);
    for (let second = 0; second < 9; second += 1) {
      const timers = running.scheduler.pending;
      peer.sendRaw('X');
      if (second === 0) await until(() => running.scheduler.pending > timers);
      running.scheduler.advance(1000);
    }
    assert.equal(running.stack.debugState().connections, 1);
    running.scheduler.advance(1000);
    await peer.closed;
    await running.stack.close();
  });
  it('an event loop that stays behind: new requests 503, calls go on; when it recovers, all is as before', async () => {
    let lag = 0;
    const running = await startStack({ loopLag: { read: () => lag, close: () => undefined } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = await establish(running, peer);
    lag = 101;
    for (const method of ['INVITE', 'OPTIONS', 'REGISTER', 'MESSAGE']) {
      const refused = peer.newCall();
      peer.send(method, refused, { body: method === 'INVITE' ? SDP : '' });
      assert.equal(headerValue(await peer.response(503, refused), 'Retry-After'), '5');
    }
    await inCall(running, peer, call, 'INFO', 2);
    await inCall(running, peer, call, 'BYE', 3);
    assert.equal(running.counter('overload'), 4);
    lag = 0;
    await establish(running, peer);
    await peer.close();
    await running.stack.close();
  });
  it('transactions at nine tenths: new requests 503, calls go on up to all of them', async () => {
    const running = await startStack({ limits: { transactions: 10 } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = await establish(running, peer);
    await until(() => running.stack.debugState().serverTransactions <= 1);
    while (running.stack.debugState().serverTransactions < 9) {
      peer.send('INVITE', peer.newCall(), { body: SDP });
      await running.requests.next();
    }
    const refused = peer.newCall();
    peer.send('INVITE', refused, { body: SDP });
    await peer.response(503, refused);
    await inCall(running, peer, call, 'INFO', 2);
    await peer.close();
    await running.stack.close();
  });
  it('RFC 3261 §9.2: a CANCEL that cancels nothing: 481, without a transaction', async () => {
    const running = await startStack();
    const peer = await UdpPeer.open(running.at('udp'));
    for (let count = 0; count < 20; count += 1) {
      const call = peer.newCall();
      peer.send('CANCEL', call);
      await peer.response(481, call);
    }
    assert.equal(running.stack.debugState().serverTransactions, 0);
    await peer.close();
    await running.stack.close();
  });
  it('connections refused in their hundreds are one line of the log, later one with their number', async () => {
    const running = await startStack({ limits: { exempt: [], connectionsPerSource: 1 } });
    const peer = await TcpPeer.connect(running.at('tcp'));
    for (let count = 0; count < 5; count += 1) await (await TcpPeer.connect(running.at('tcp'))).closed;
    assert.equal(running.log.lines.length, 1);
    running.scheduler.advance(9_999);
    await (await TcpPeer.connect(running.at('tcp'))).closed;
    running.scheduler.advance(1);
    await (await TcpPeer.connect(running.at('tcp'))).closed;
    assert.match(running.log.lines[1] ?? '', /"leftOut":5/);
    assert.equal(running.counter('connectionsRefused'), 7);
    await peer.close();
    await running.stack.close();
  });
  it('a thousand calls at once on a machine that is full: each gets its 503, the one that is up its BYE', async () => {
    const running = await startStack({ limits: { dialogs: 1 } });
    const peer = await UdpPeer.open(running.at('udp'));
    const call = await establish(running, peer);
    for (let count = 0; count < 1000; count += 1) {
      peer.send('INVITE', peer.newCall(), { body: SDP });
      // As many as a socket buffer holds.
      if (count % 50 === 49) for (let answer = 0; answer < 50; answer += 1) await peer.response(503);
    }
    assert.equal(running.counter('overload'), 1000);
    await inCall(running, peer, call, 'BYE', 2);
    await peer.close();
    await running.stack.close();
  });
});
