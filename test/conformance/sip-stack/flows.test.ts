/** RFC 5626 §5.3, RFC 3327 §5.4: requests to who registered over a connection of his own, or behind an edge proxy. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SipResponse } from '../../../src/protocol/sip/message.ts';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import type { TestCertificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import { Inbox } from '../support/inbox.ts';
import { TlsPeer, WebSocketPeer } from '../support/secure-peers.ts';
import { until } from '../support/server.ts';
import type { SipPeer, Target } from '../support/sip-peer.ts';
import { TcpPeer, UdpPeer } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

/** An address nobody can connect to from here: who has it is behind a NAT. */
const BEHIND_NAT = 'sip:bob@203.0.113.7:5060';

describe('flows', { timeout: 20_000 }, () => {
  let certificate: TestCertificate;
  before(() => {
    certificate = makeCertificate('vestibule.example');
  });
  after(() => certificate.remove());

  const startAll = (): Promise<RunningStack> =>
    startStack({
      listen: (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).map((transport) => ({ transport, host: '127.0.0.1', port: 0 })),
      tls: { certFile: certificate.certFile, keyFile: certificate.keyFile, verify: 'none' },
    });

  /** Sends a MESSAGE by `nextHop`; its responses. */
  async function message(running: RunningStack, nextHop: string): Promise<Inbox<SipResponse & { readonly origin: string }>> {
    const responses = new Inbox<SipResponse & { readonly origin: string }>();
    const sent = await running.stack.request({ method: 'MESSAGE', uri: BEHIND_NAT, nextHop }, { onResponse: (response, origin) => responses.put({ ...response.message, origin }) });
    assert.ok(sent.ok);
    return responses;
  }

  const transports: Readonly<Record<string, (target: Target) => Promise<SipPeer>>> = {
    tcp: (target) => TcpPeer.connect(target),
    tls: (target) => TlsPeer.connect(target),
    ws: (target) => WebSocketPeer.connect(target, 'WS'),
    wss: (target) => WebSocketPeer.connect(target, 'WSS'),
  };
  for (const [transport, connect] of Object.entries(transports)) {
    it(`RFC 5626 §5.3 ${transport}: over that very connection while it stands, 430 and no other one when it is gone`, async () => {
      const running = await startAll();
      const peer = await connect(running.at(transport as 'tcp'));
      const call = peer.newCall();
      peer.send('MESSAGE', call);
      const transaction = await running.requests.next();
      transaction.respond({ status: 200 });
      await peer.response(200, call);
      const { host, port } = transaction.request.flow.remote;
      const hop = `sip:${host}:${port};transport=${transport};ob`;
      const answers = await message(running, hop);
      const received = await peer.incoming('MESSAGE');
      assert.equal(received.uri, BEHIND_NAT);
      assert.equal(headerValue(received, 'Route'), undefined);
      peer.respond(received, 200);
      assert.deepEqual(((({ status, origin }) => [status, origin])(await answers.next())), [200, 'network']);
      assert.equal(running.stack.debugState().connections, 1);

      await peer.close();
      await until(() => running.stack.debugState().connections === 0);
      const refused = await message(running, hop);
      // None is being opened.
      assert.equal(running.stack.debugState().connections, 0);
      running.scheduler.advance(1);
      assert.deepEqual((({ status, reason, origin }) => [status, reason, origin])(await refused.next()), [430, 'Flow Failed', 'local']);
      await running.stack.close();
    });
  }

  it('RFC 3327 §5.4: a given Route is sent, and its first entry is the next hop: the edge proxy finds its own token in it', async () => {
    const running = await startStack();
    const edge = await UdpPeer.open(running.at('udp'));
    const route = `<sip:VskztcQ@127.0.0.1:${edge.port};lr;ob>, <sip:inner.example;lr>`;
    const sent = await running.stack.request({ method: 'MESSAGE', uri: BEHIND_NAT, headers: [{ name: 'Route', value: route }] }, { onResponse: () => undefined });
    assert.ok(sent.ok);
    const received = await edge.incoming('MESSAGE');
    assert.deepEqual([received.uri, headerValue(received, 'Route')], [BEHIND_NAT, route]);
    await edge.close();
    await running.stack.close();
  });

  it('§18: two connections of one address and port, to two listeners: each has its own answers', async () => {
    const running = await startStack({ listen: [1, 2].map(() => ({ transport: 'tcp' as const, host: '127.0.0.1', port: 0 })) });
    const [first, second] = running.stack.addresses;
    assert.ok(first !== undefined && second !== undefined);
    // A port bound by name twice: one that the system chose could not be shared.
    const { port, close } = await TcpPeer.listen();
    close();
    const one = await TcpPeer.connect(first, port);
    const other = await TcpPeer.connect(second, port);
    const asked = one.newCall();
    one.send('MESSAGE', asked);
    const transaction = await running.requests.next();
    const askedOther = other.newCall();
    other.send('MESSAGE', askedOther);
    const transactionOther = await running.requests.next();
    transaction.respond({ status: 200 });
    transactionOther.respond({ status: 202 });
    await one.response(200, asked);
    await other.response(202, askedOther);
    assert.deepEqual([one.inbox.all.length, other.inbox.all.length], [0, 0]);
    // The end of one is not that of the other.
    await other.close();
    await until(() => running.stack.debugState().connections === 1);
    const again = one.newCall();
    one.send('OPTIONS', again);
    await one.response(200, again);
    await one.close();
    await running.stack.close();
  });
});
