import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import type { Running, SrfClient, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, startServer, until } from '../support/server.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';

describe('outgoing requests through drachtio-srf', { timeout: 20_000 }, () => {
  let running: Running;
  let srf: SrfClient;
  let bob: UdpPeer;

  before(async () => {
    running = await startServer();
    srf = await connectSrf(running);
    bob = await UdpPeer.open(running.udp);
  });
  after(async () => {
    srf.disconnect();
    await running.stop();
    await bob.close();
  });

  const idle = (): boolean => {
    const { pendingRequests, ownRequests, dialogs, stack } = running.server.debugState();
    return pendingRequests + ownRequests + dialogs + stack.dialogs === 0;
  };
  const uri = (): string => `sip:bob@127.0.0.1:${bob.port}`;
  const rejectedWith = (status: number) => (error: unknown): boolean => (error as { status?: number }).status === status;

  it('answered: 180, 200, ACK; BYE by the callee', async () => {
    const provisional: number[] = [];
    const calling = srf.createUAC(uri(), { localSdp: SDP, callingNumber: '1000' }, { cbProvisional: (response) => provisional.push(response.status) });
    const invite = await bob.incoming('INVITE');
    assert.equal(headerValue(invite, 'Contact'), `<sip:1000@127.0.0.1:${running.udp.port}>`, 'the client writes sip:1000@localhost (A.6)');
    assert.match(headerValue(invite, 'From') ?? '', new RegExp(`sip:1000@127\\.0\\.0\\.1:${running.udp.port}>;tag=`), 'localhost is replaced (A.6)');
    assert.equal(headerValue(invite, 'Content-Type'), 'application/sdp');
    assert.match(headerValue(invite, 'Via') ?? '', /^SIP\/2\.0\/UDP 127\.0\.0\.1:\d+;rport;branch=z9hG4bK/);
    bob.respond(invite, 100);
    bob.respond(invite, 180);
    bob.respond(invite, 200, { body: SDP });
    const dialog = await calling;
    const ack = await bob.incoming('ACK');
    assert.equal(ack.uri, `sip:bob@127.0.0.1:${bob.port}`);
    assert.deepEqual(provisional, [180]);
    const destroyed = new Promise((resolve) => dialog.on('destroy', resolve));
    bob.sendRaw(byeOf(bob, invite, ack));
    await destroyed;
    await bob.response(200);
    await until(idle);
  });

  it('a repeated 200 is acknowledged again by the server (D12), the application hears it once', async () => {
    const calling = srf.createUAC(uri(), { localSdp: SDP });
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 200, { body: SDP });
    const dialog = await calling;
    const first = await bob.incoming('ACK');
    bob.respond(invite, 200, { body: SDP });
    const second = await bob.incoming('ACK');
    assert.deepEqual(second, first);
    // After Timer M the transaction is gone; the dialog still acknowledges.
    running.scheduler.advance(32_000);
    bob.respond(invite, 200, { body: SDP });
    await bob.incoming('ACK');
    const destroyed = dialog.destroy();
    bob.respond(await bob.incoming('BYE'), 200);
    await destroyed;
    await until(idle);
  });

  it('without SDP: the answer goes in the ACK', async () => {
    const calling = srf.createUAC(uri(), { noAck: true }) as unknown as Promise<{ sdp: string; ack: (sdp: string) => Promise<{ destroy: () => Promise<unknown> }> }>;
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 200, { body: SDP });
    const offered = await calling;
    assert.equal(offered.sdp, SDP);
    const acked = offered.ack(SDP);
    assert.equal((await bob.incoming('ACK')).body, SDP);
    const destroyed = (await acked).destroy();
    bob.respond(await bob.incoming('BYE'), 200);
    await destroyed;
    await until(idle);
  });

  for (const status of [486, 503, 302]) {
    it(`rejected with ${status}: the server acknowledges, the application’s own ACK is refused quietly`, async () => {
      const calling = srf.createUAC(uri(), { localSdp: SDP });
      bob.respond(await bob.incoming('INVITE'), status);
      await assert.rejects(calling, rejectedWith(status));
      await bob.incoming('ACK');
      await until(idle);
    });
  }

  it('cancelled while ringing: CANCEL with the application’s Reason, 487', async () => {
    let request: SrfRequest | undefined;
    const calling = srf.createUAC(uri(), { localSdp: SDP }, { cbRequest: (_, req) => (request = req) });
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 180);
    await until(() => request !== undefined);
    await new Promise((resolve) => request?.cancel({ headers: { Reason: 'SIP;cause=200;text="elsewhere"' } }, resolve));
    const cancel = await bob.incoming('CANCEL');
    assert.equal(headerValue(cancel, 'Via'), headerValue(invite, 'Via'));
    assert.equal(headerValue(cancel, 'Reason'), 'SIP;cause=200;text="elsewhere"');
    bob.respond(cancel, 200);
    bob.respond(invite, 487);
    await assert.rejects(calling, rejectedWith(487));
    await bob.incoming('ACK');
    await until(idle);
  });

  it('F-8: cancelled before any provisional: the CANCEL leaves after the 100', async () => {
    let request: SrfRequest | undefined;
    const calling = srf.createUAC(uri(), { localSdp: SDP }, { cbRequest: (_, req) => (request = req) });
    const invite = await bob.incoming('INVITE');
    await until(() => request !== undefined);
    await new Promise((resolve) => request?.cancel({}, resolve));
    // Whatever left before the OPTIONS has arrived before it.
    const asking = srf.request(uri(), { method: 'OPTIONS' });
    bob.respond(await bob.incoming('OPTIONS'), 200);
    await asking;
    assert.deepEqual(bob.inbox.all, []);
    bob.respond(invite, 100);
    bob.respond(await bob.incoming('CANCEL'), 200);
    bob.respond(invite, 487);
    await assert.rejects(calling, rejectedWith(487));
    await bob.incoming('ACK');
    await until(idle);
  });

  it('D14: a 200 crossing the CANCEL: the call is acknowledged, then ended with BYE both ways', async () => {
    let request: SrfRequest | undefined;
    const calling = srf.createUAC(uri(), { localSdp: SDP }, { cbRequest: (_, req) => (request = req) });
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 180);
    await until(() => request !== undefined);
    await new Promise((resolve) => request?.cancel({}, resolve));
    await bob.incoming('CANCEL');
    bob.respond(invite, 200, { body: SDP });
    const dialog = await calling;
    const reason = new Promise((resolve) => dialog.on('destroy', (_, why) => resolve(why)));
    await bob.incoming('ACK');
    bob.respond(await bob.incoming('BYE'), 200);
    assert.equal(await reason, 'ACK-BYE due to cancel race condition');
    await until(idle);
  });

  it('RFC 3261 §9.1: CANCEL answered, INVITE never: given up after 64*T1 with 408', async () => {
    let request: SrfRequest | undefined;
    const calling = srf.createUAC(uri(), { localSdp: SDP }, { cbRequest: (_, req) => (request = req) });
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 180);
    await until(() => request !== undefined);
    await new Promise((resolve) => request?.cancel({}, resolve));
    bob.respond(await bob.incoming('CANCEL'), 200);
    running.scheduler.advance(32_000);
    await assert.rejects(calling, rejectedWith(408));
    await until(idle);
  });

  it('RFC 3261 §13.2.2.4: a second branch that answers is acknowledged and hung up', async () => {
    const calling = srf.createUAC(uri(), { localSdp: SDP });
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 180, { tag: 'one' });
    bob.respond(invite, 180, { tag: 'two' });
    bob.respond(invite, 200, { tag: 'one', body: SDP });
    const dialog = await calling;
    await bob.incoming('ACK');
    bob.respond(invite, 200, { tag: 'two', body: SDP });
    assert.match(headerValue(await bob.incoming('ACK'), 'To') ?? '', /tag=two/);
    const bye = await bob.incoming('BYE');
    assert.match(headerValue(bye, 'To') ?? '', /tag=two/);
    bob.respond(bye, 200);
    assert.equal(dialog.sip.remoteTag, 'one');
    const destroyed = dialog.destroy();
    bob.respond(await bob.incoming('BYE'), 200);
    await destroyed;
    await until(idle);
  });

  it('F-9: no answer: the INVITE repeated after 0.5, 1, 2, 4, 8, 16 s, 408 after 32 s', async () => {
    const calling = srf.createUAC(uri(), { localSdp: SDP });
    const rejected = assert.rejects(calling, rejectedWith(408));
    await bob.incoming('INVITE');
    for (const pause of [500, 1000, 2000, 4000, 8000, 16_000]) {
      running.scheduler.advance(pause);
      await bob.incoming('INVITE');
    }
    running.scheduler.advance(500);
    await rejected;
    await until(idle);
  });

  it('D-28: a BYE without answer settles destroy() after 32 s with 408', async () => {
    const calling = srf.createUAC(uri(), { localSdp: SDP });
    bob.respond(await bob.incoming('INVITE'), 200, { body: SDP });
    const dialog = await calling;
    const destroyed = dialog.destroy();
    await bob.incoming('BYE');
    running.scheduler.advance(32_000);
    await destroyed;
    await until(idle);
    while (bob.inbox.all.length > 0) await bob.inbox.next();
  });

  it('F-9: a closed UDP port answers 503 at once, not 408 after 32 s', async () => {
    const closed = createSocket('udp4');
    closed.bind(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address();
    closed.close();
    await once(closed, 'close');
    await assert.rejects(srf.createUAC(`sip:nobody@127.0.0.1:${port}`, { localSdp: SDP }), rejectedWith(503));
    await until(idle);
  });

  it('F-9: a refused TCP connection answers 503 at once', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    closed.close();
    await once(closed, 'close');
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await assert.rejects(srf.createUAC(`sip:nobody@127.0.0.1:${port};transport=tcp`, { localSdp: SDP }), rejectedWith(503));
    await until(idle);
  });

  it('over TCP: one connection for the whole call', async () => {
    const listening = await TcpPeer.listen();
    const calling = srf.createUAC(`sip:bob@127.0.0.1:${listening.port};transport=tcp`, { localSdp: SDP });
    const tina = await listening.accepted;
    const invite = await tina.incoming('INVITE');
    assert.equal(headerValue(invite, 'Contact'), `<sip:127.0.0.1:${running.tcp.port};transport=tcp>`);
    tina.respond(invite, 200, { body: SDP });
    const dialog = await calling;
    await tina.incoming('ACK');
    const destroyed = dialog.destroy();
    tina.respond(await tina.incoming('BYE'), 200);
    await destroyed;
    listening.close();
    await tina.close();
    await until(() => idle() && running.server.debugState().stack.connections === 0);
  });

  it('F-2: a response is never read together with the echo: a listener added after the await hears it', async () => {
    for (let round = 0; round < 20; round += 1) {
      const asking = srf.request(uri(), { method: 'OPTIONS' });
      bob.respond(await bob.incoming('OPTIONS'), 200);
      const request = await asking;
      const response = await new Promise<SrfResponse>((resolve) => request.on('response', resolve));
      assert.equal(response.status, 200);
    }
  });

  it('MESSAGE with a UTF-8 body: bytes counted by the server, not taken from the client (A.1)', async () => {
    const text = 'hi \u{1F600} é';
    const asking = srf.request(uri(), { method: 'MESSAGE', headers: { 'Content-Type': 'text/plain' }, body: text });
    const message = await bob.incoming('MESSAGE');
    assert.equal(message.body, text);
    assert.equal(headerValue(message, 'Content-Length'), '10');
    bob.respond(message, 404);
    const request = await asking;
    assert.equal((await new Promise<SrfResponse>((resolve) => request.on('response', resolve))).status, 404);
  });

  const refusals: readonly (readonly [string, string, { method: string; body?: string }, RegExp])[] = [
    ['its own address', 'own', { method: 'OPTIONS' }, /can not send request to myself/],
    ['a URI that is none', 'sip:', { method: 'OPTIONS' }, /invalid request-uri/],
    ['a transport it has not', 'sip:a@127.0.0.1:5999;transport=tls', { method: 'OPTIONS' }, /requested protocol\/transport not available/],
    ['a body without Content-Type', 'sip:a@127.0.0.1:5999', { method: 'MESSAGE', body: 'x' }, /missing content-type/],
  ];
  for (const [name, target, options, text] of refusals) {
    it(`NOK for ${name}`, async () => {
      const to = target === 'own' ? `sip:127.0.0.1:${running.udp.port}` : target;
      await assert.rejects(srf.request(to, options), (error) => text.test(error instanceof Error ? error.message : String(error)));
    });
  }

  it('leaves no transaction or timer behind', () => {
    running.scheduler.advance(700_000);
    const { stack } = running.server.debugState();
    assert.deepEqual([stack.clientTransactions, stack.serverTransactions, stack.dialogs, stack.connections], [0, 0, 0, 0]);
    assert.equal(running.scheduler.pending, 0);
  });
});

/** A BYE of the callee: the tags of the ACK, turned round. */
function byeOf(bob: UdpPeer, invite: SipRequest, ack: SipRequest): string {
  return [
    `BYE ${/<(.*)>/.exec(headerValue(invite, 'Contact') ?? '')?.[1] ?? ''} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${bob.port};branch=z9hG4bKbye${bob.port};rport`,
    'Max-Forwards: 70',
    `From: ${headerValue(ack, 'To') ?? ''}`,
    `To: ${headerValue(ack, 'From') ?? ''}`,
    `Call-ID: ${headerValue(ack, 'Call-ID') ?? ''}`,
    'CSeq: 500 BYE',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
