/** SIP over WebSocket (RFC 7118). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import type { TestCertificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import { WebSocketPeer } from '../support/secure-peers.ts';
import { until } from '../support/server.ts';
import { SDP } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

/** However it ends. */
function closed(socket: Socket): Promise<unknown> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.resume().on('close', resolve));
}

const ignore = { onResponse: (): void => undefined };

describe('SIP over WebSocket (RFC 7118)', { timeout: 30_000 }, () => {
  let own: TestCertificate;
  let running: RunningStack;

  before(async () => {
    own = makeCertificate('vestibule.example');
    running = await startStack({
      listen: [
        { transport: 'ws', host: '127.0.0.1', port: 0 },
        { transport: 'wss', host: '127.0.0.1', port: 0 },
      ],
      tls: { certFile: own.certFile, keyFile: own.keyFile, verify: 'none' },
      limits: { messageBytes: 20_000 },
    });
  });
  after(async () => {
    await running.stack.close();
    own.remove();
  });

  const raw = async (request: string): Promise<string> => {
    const socket = connect(running.at('ws'));
    socket.write(request);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    await closed(socket);
    return text;
  };

  for (const transport of ['WS', 'WSS'] as const) {
    it(`§5, §7.2: a call over ${transport}: subprotocol, Contact, and our BYE to an address nobody can connect to`, async () => {
      const peer = await WebSocketPeer.connect(running.at(transport === 'WS' ? 'ws' : 'wss'), transport);
      assert.equal(peer.protocol, 'sip');
      const call = peer.newCall();
      peer.send('INVITE', call, { body: SDP });
      const transaction = await running.requests.next();
      transaction.respond({ status: 200, body: SDP });
      assert.match(headerValue(await peer.response(200, call), 'Contact') ?? '', /^<sip:127\.0\.0\.1:\d+;transport=ws>$/);
      peer.send('ACK', call, { branch: `${call.branch}-ack` });
      await running.acks.next();
      await transaction.dialog?.request({ method: 'BYE' }, ignore);
      const bye = await peer.incoming('BYE');
      assert.match(headerValue(bye, 'Via') ?? '', new RegExp(`^SIP/2\\.0/${transport} `));
      peer.respond(bye, 200);
      await until(() => running.stack.debugState().dialogs === 0);
      await peer.close();
    });
  }
  it('§5: a handshake without the subprotocol sip: 400; a request that is none: 426', async () => {
    const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    assert.match(await raw(`${upgrade}\r\n`), /^HTTP\/1\.1 400 /);
    assert.match(await raw(`${upgrade}Sec-WebSocket-Protocol: chat\r\n\r\n`), /^HTTP\/1\.1 400 /);
    assert.match(await raw('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 426 /);
    assert.equal(await raw('OPTIONS sip:x SIP/2.0\r\n\r\n'), '');
    assert.equal(running.counter('webSocketsRefused'), 3);
  });
  it('RFC 6455 §5.5.2 and RFC 5626 §4.4.1: both kinds of keep-alive are answered', async () => {
    const peer = await WebSocketPeer.connect(running.at('ws'));
    await peer.ping();
    peer.sendRaw('\r\n\r\n');
    assert.equal(await peer.other.next(), '\r\n');
    await peer.close();
  });
  it('§4.2: text and binary, one message each; garbage costs nothing', async () => {
    const peer = await WebSocketPeer.connect(running.at('ws'));
    const [one, two] = [peer.newCall(), peer.newCall()];
    peer.sendRaw(Buffer.from(peer.requestText('OPTIONS', one)));
    peer.sendRaw('no SIP');
    peer.sendRaw('');
    peer.sendRaw(peer.requestText('OPTIONS', two));
    await peer.response(200, one);
    await peer.response(200, two);
    await peer.close();
  });
  it('a message too large: closed with 1009', async () => {
    const peer = await WebSocketPeer.connect(running.at('ws'));
    peer.sendRaw('x'.repeat(30_000));
    assert.equal(await peer.closed, 1009);
  });
  it('a message in a hundred fragments: closed with 1008', async () => {
    const peer = await WebSocketPeer.connect(running.at('ws'));
    peer.sendFragments(Array<string>(100).fill('x'));
    assert.equal(await peer.closed, 1008);
  });
  it('pings count as messages: a flood of them is read later', async () => {
    const bounded = await startStack({ listen: [{ transport: 'ws', host: '127.0.0.1', port: 0 }], limits: { exempt: [], messagesPerSource: 5 } });
    const peer = await WebSocketPeer.connect(bounded.at('ws'));
    for (let count = 0; count < 11; count += 1) await peer.ping();
    assert.equal(bounded.counter('rateDelayed'), 1);
    const late = peer.ping();
    bounded.scheduler.advance(1000);
    await late;
    await peer.close();
    await bounded.stack.close();
  });
  it('an upgrade that stays half done, and a frame that does, are waited for 10 s', async () => {
    const half = connect(running.at('ws'));
    half.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await until(() => running.stack.debugState().connections === 1);
    running.scheduler.advance(10_000);
    await closed(half);

    const slow = connect(running.at('ws'));
    slow.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n');
    await once(slow, 'data');
    // A masked frame of 100 bytes of which 2 come, after a ping that was whole.
    slow.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0]));
    await once(slow, 'data');
    const before = running.scheduler.pending;
    slow.write(Buffer.from([0x81, 0xe4, 0, 0, 0, 0, 65, 66]));
    await until(() => running.scheduler.pending > before);
    running.scheduler.advance(10_000);
    await closed(slow);
    await until(() => running.stack.debugState().connections === 0);
  });
  it('RFC 5626 §5.3: a client that registered is called over its own connection, as tcp, ws or wss', async () => {
    for (const [kind, transport] of [['WS', 'ws'], ['WSS', 'ws'], ['WSS', 'wss']] as const) {
      const peer = await WebSocketPeer.connect(running.at(kind === 'WS' ? 'ws' : 'wss'), kind);
      peer.send('REGISTER', peer.newCall());
      const register = await running.requests.next();
      register.respond({ status: 200 });
      const { host, port } = register.request.flow.remote;
      const sent = await running.stack.request({ method: 'MESSAGE', uri: 'sip:alice@vestibule.example', nextHop: `sip:${host}:${port};transport=${transport}` }, ignore);
      assert.equal(sent.ok && sent.value.request.flow.transport, kind.toLowerCase());
      peer.respond(await peer.incoming('MESSAGE'), 200);
      await peer.close();
    }
  });
  it('a client that is gone cannot be called: 503', async () => {
    const peer = await WebSocketPeer.connect(running.at('ws'));
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    const transaction = await running.requests.next();
    transaction.respond({ status: 200, body: SDP });
    await peer.response(200, call);
    peer.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
    await peer.close();
    await until(() => running.stack.debugState().connections === 0);
    const statuses: number[] = [];
    await transaction.dialog?.request({ method: 'BYE' }, { onResponse: (response) => statuses.push(response.message.status) });
    running.scheduler.advance(0);
    assert.deepEqual(statuses, [503]);
    assert.equal(running.stack.debugState().dialogs, 0);
  });
  it('leaves nothing behind', () => {
    assert.equal(running.stack.debugState().connections, 0);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
  });
});
