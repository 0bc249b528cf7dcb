/** What the SIP port does with requests that need no application, and with input that is no SIP. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { createSipServer } from '../../../src/softswitch/sip-server/sip-server.ts';
import { Inbox } from '../support/inbox.ts';
import { ManualScheduler } from '../support/manual-scheduler.ts';
import type { Running, SrfClient, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, startServer, TestLog, until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';

describe('the SIP port', { timeout: 20_000 }, () => {
  let running: Running;
  let srf: SrfClient;
  let alice: UdpPeer;
  const invites = new Inbox<{ readonly req: SrfRequest; readonly res: SrfResponse }>();

  before(async () => {
    running = await startServer({ limits: { messageBytes: 20_000, connections: 3 } });
    srf = await connectSrf(running, (app) => {
      app.invite((req, res) => invites.put({ req, res }));
      app.options((_, res) => res.send(200));
    });
    alice = await UdpPeer.open(running.udp);
  });
  after(async () => {
    srf.disconnect();
    await alice.close();
    await running.stop();
  });

  /** Sends and answers the final status. */
  const ask = async (method: string, options: Parameters<UdpPeer['requestText']>[2] = {}, call: Call = alice.newCall()): Promise<number> => {
    alice.send(method, call, options);
    const answer = await alice.inbox.next((message) => message.kind === 'response' && message.status > 100 && headerValue(message, 'Call-ID') === call.callId);
    return answer.kind === 'response' ? answer.status : 0;
  };

  it('OPTIONS is answered by the application', async () => assert.equal(await ask('OPTIONS'), 200));
  it('F-6: no route for the verb: 503', async () => assert.equal(await ask('SUBSCRIBE'), 503));
  it('RFC 3261 §8.2.1: unknown method: 405 with Allow', async () => {
    const call = alice.newCall();
    alice.send('JUMP', call);
    assert.match(headerValue(await alice.response(405, call), 'Allow') ?? '', /INVITE.*CANCEL/);
  });
  it('§8.2.2.1: another URI scheme: 416', async () => assert.equal(await ask('OPTIONS', { uri: 'http://example.org/' }), 416));
  it('§8.2.2.1: a malformed sip URI: 400', async () => assert.equal(await ask('OPTIONS', { uri: 'sip:' }), 400));
  it('a tel URI is a Request-URI', async () => assert.equal(await ask('OPTIONS', { uri: 'tel:+4912345' }), 200));
  it('§8.2.2.3: Require: 420 with Unsupported', async () => {
    const call = alice.newCall();
    alice.send('INVITE', call, { extra: ['Require: replaces, foo'], body: SDP });
    const answer = await alice.response(420, call);
    assert.deepEqual(answer.headers.filter((header) => header.name === 'Unsupported').map((header) => header.value), ['replaces', 'foo']);
  });
  it('§12.2.2: a To-tag of no dialog: INVITE 100 and 481, INFO 481, ACK nothing', async () => {
    const call = alice.newCall();
    alice.send('INVITE', call, { toTag: 'gone', body: SDP });
    await alice.response(100, call);
    await alice.response(481, call);
    assert.equal(await ask('INFO', { toTag: 'gone' }), 481);
    alice.send('ACK', alice.newCall(), { toTag: 'gone' });
    assert.equal(await ask('OPTIONS'), 200);
  });
  it('§15.1.2: BYE outside a dialog: 481; §9.2: CANCEL of nothing: 481', async () => {
    assert.equal(await ask('BYE'), 481);
    assert.equal(await ask('CANCEL'), 481);
  });
  it('D-14: INVITE without Contact: 400, the application never sees it', async () => {
    assert.equal(await ask('INVITE', { leaveOut: ['Contact'], body: SDP }), 400);
    assert.equal(invites.all.length, 0);
  });
  it('§8.2.2.2: the same request by two ways: 482 for the second', async () => {
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { res } = await invites.next();
    alice.send('INVITE', call, { branch: `${call.branch}-other`, body: SDP });
    await alice.response(482, call);
    res.send(486);
    await alice.response(486, call);
  });
  it('§8.1.1: a request without a From costs nothing; malformed Max-Forwards: 400; two different To: 400', async () => {
    assert.equal(await ask('OPTIONS', { leaveOut: ['Max-Forwards'], extra: ['Max-Forwards: lots'] }), 400);
    assert.equal(await ask('OPTIONS', { extra: ['To: <sip:other@example.org>'] }), 400);
    alice.send('OPTIONS', alice.newCall(), { leaveOut: ['From'] });
    assert.equal(await ask('OPTIONS'), 200);
  });
  it('§21.5.6: another version: 505', async () => {
    const call = alice.newCall();
    alice.sendRaw(alice.requestText('OPTIONS', call).replace(' SIP/2.0\r\n', ' SIP/7.0\r\n'));
    await alice.response(505, call);
  });
  it('§18.3: a Content-Length larger than the datagram: 400', async () => {
    const call = alice.newCall();
    alice.sendRaw(alice.requestText('OPTIONS', call).replace('Content-Length: 0', 'Content-Length: 10'));
    await alice.response(400, call);
  });
  it('RFC 3581: without rport the answer goes to the port of the Via', async () => {
    const other = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    other.sendRaw(alice.requestText('OPTIONS', call).replace(';rport', ''));
    await alice.response(200, call);
    await other.close();
  });
  it('a datagram too large: 413', async () => {
    const call = alice.newCall();
    alice.send('OPTIONS', call, { body: 'x'.repeat(30_000) });
    await alice.response(413, call);
  });
  it('garbage costs nothing: bytes, zeros, keep-alives, responses to nothing', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(1400), Buffer.from('\r\n\r\n'), Buffer.from('hello'), Buffer.from([0xff, 0xfe, 0x0d, 0x0a]), Buffer.from('INVITE sip:x SIP/2.0\r\n\r\n')]) alice.sendRaw(bytes);
    alice.sendRaw(alice.requestText('OPTIONS', alice.newCall()).replace(/^OPTIONS \S+ SIP\/2\.0/, 'SIP/2.0 200 OK'));
    assert.equal(await ask('OPTIONS'), 200);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
  });
  it('TCP: two messages in one write, one message in many, and a keep-alive (RFC 5626 §3.5.1)', async () => {
    const tina = await TcpPeer.connect(running.tcp);
    const [one, two, three] = [tina.newCall(), tina.newCall(), tina.newCall()];
    tina.sendRaw(`\r\n\r\n${tina.requestText('OPTIONS', one)}${tina.requestText('OPTIONS', two)}`);
    await tina.response(200, one);
    await tina.response(200, two);
    for (const char of tina.requestText('OPTIONS', three)) tina.sendRaw(char);
    await tina.response(200, three);
    await tina.close();
  });
  it('TCP: a message too large by its Content-Length: 413 before the body is read, then closed', async () => {
    const tina = await TcpPeer.connect(running.tcp);
    const call = tina.newCall();
    tina.sendRaw(tina.requestText('OPTIONS', call).replace('Content-Length: 0', 'Content-Length: 999999'));
    await tina.response(413, call);
    await tina.closed;
  });
  it('TCP: an endless header ends the connection', async () => {
    const tina = await TcpPeer.connect(running.tcp);
    tina.sendRaw('x'.repeat(30_000));
    await tina.closed;
  });
  it('TCP: half a message, or nothing at all, is waited for 10 s', async () => {
    const half = await TcpPeer.connect(running.tcp);
    const silent = await TcpPeer.connect(running.tcp);
    half.sendRaw('OPTIONS sip:x SIP/2.0\r\n');
    await until(() => running.server.debugState().stack.connections === 2);
    running.scheduler.advance(10_000);
    await Promise.all([half.closed, silent.closed]);
  });
  it('TCP: one connection too many is refused', async () => {
    const open = await Promise.all([1, 2, 3].map(() => TcpPeer.connect(running.tcp)));
    const extra = await TcpPeer.connect(running.tcp);
    await extra.closed;
    await Promise.all(open.map((peer) => peer.close()));
    await until(() => running.server.debugState().stack.connections === 0);
  });
  it('TCP: a caller’s connection with a call on it is not idle', async () => {
    const tina = await TcpPeer.connect(running.tcp);
    const call = tina.newCall();
    tina.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    await tina.response(200, call);
    tina.send('ACK', call, { branch: `${call.branch}-ack` });
    const dialog = await answered;
    await until(() => running.server.debugState().stack.awaitingAck === 0);
    running.scheduler.advance(1_300_000);
    const destroyed = dialog.destroy();
    tina.respond(await tina.incoming('BYE'), 200);
    await destroyed;
    running.scheduler.advance(700_000);
    await tina.closed;
  });
  it('overload: 503 with Retry-After when no transaction is free', async () => {
    const full = await startServer({ limits: { transactions: 0 } });
    const peer = await UdpPeer.open(full.udp);
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    assert.equal(headerValue(await peer.response(503, call), 'Retry-After'), '5');
    await peer.close();
    await full.stop();
  });
  it('listening on 0.0.0.0: the address that reaches the peer is advertised', async () => {
    const wild = await startServer({ listen: [{ transport: 'udp', host: '0.0.0.0', port: 0 }, { transport: 'tcp', host: '0.0.0.0', port: 0 }] });
    const app = await connectSrf(wild, (it2) => it2.invite((req, res) => invites.put({ req, res })));
    const peer = await UdpPeer.open(wild.udp);
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    assert.equal(req.receivedOn, `127.0.0.1:${wild.udp.port}`);
    const answered = app.createUAS(req, res, { localSdp: SDP });
    assert.equal(headerValue(await peer.response(200, call), 'Contact'), `<sip:127.0.0.1:${wild.udp.port}>`);
    peer.send('ACK', call, { branch: `${call.branch}-ack` });
    const destroyed = (await answered).destroy();
    peer.respond(await peer.incoming('BYE'), 200);
    await destroyed;
    app.disconnect();
    await wild.stop();
    await peer.close();
  });
  it('a port in use: sip_port_in_use, naming address and port', async () => {
    const taken = running.server.sipAddresses;
    for (const address of taken) {
      const second = createSipServer({
        listen: [address], control: { host: '127.0.0.1', port: 0, secret: 'x' }, scheduler: new ManualScheduler(), log: new TestLog(), random: (count) => new Uint8Array(count),
      });
      await assert.rejects(second.start(), (error) => {
        const { code, message } = error as { code: string; message: string };
        return code === 'sip_port_in_use' && message.includes(`${address.transport} 127.0.0.1:${address.port}`);
      });
    }
  });
  it('leaves no transaction or connection behind', () => {
    running.scheduler.advance(700_000);
    const { stack, pendingRequests } = running.server.debugState();
    assert.deepEqual([pendingRequests, stack.serverTransactions, stack.clientTransactions, stack.dialogs, stack.connections], [0, 0, 0, 0, 0]);
  });
});
