/** Addresses over UDP and TCP: rport, keep-alives, several listeners, and what becomes of a call whose connection is gone. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';
import { until } from '../support/server.ts';
import { startStack } from '../support/stack.ts';

describe('addresses', { timeout: 20_000 }, () => {
  it('RFC 3581 §4: rport and received say where a request came from, and its answer goes there', async () => {
    const running = await startStack();
    const peer = await UdpPeer.open(running.at('udp'));
    const call = peer.newCall();
    peer.sendRaw(peer.requestText('OPTIONS', call).replace(`UDP 127.0.0.1:${peer.port}`, 'UDP 10.9.8.7:7000'));
    assert.match(headerValue(await peer.response(200, call), 'Via') ?? '', new RegExp(`;rport=${peer.port};received=127\\.0\\.0\\.1`));
    await peer.close();
    await running.stack.close();
  });
  it('RFC 5626 §3.5.2: a STUN binding request on the SIP port is answered with the address it came from', async () => {
    const running = await startStack();
    const socket = createSocket('udp4');
    const { host, port } = running.at('udp');
    socket.send(Buffer.from('000100002112a442000102030405060708090a0b', 'hex'), port, host);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.equal(answer.subarray(0, 2).toString('hex'), '0101');
    assert.equal(answer.readUInt16BE(26) ^ 0x2112, socket.address().port);
    assert.equal(answer.subarray(28).toString('hex'), Buffer.from([127 ^ 0x21, 0x12, 0xa4, 1 ^ 0x42]).toString('hex'));
    socket.close();
    await running.stack.close();
  });
  it('several listeners of a kind: an answer leaves from the one asked, and names it', async () => {
    const running = await startStack({
      listen: [
        { transport: 'udp', host: '127.0.0.1', port: 0 },
        { transport: 'udp', host: '127.0.0.2', port: 0 },
        { transport: 'udp', host: '127.0.0.1', port: 0 },
      ],
    });
    for (const { host, port } of running.stack.addresses) {
      const peer = await UdpPeer.open({ host, port });
      const call = peer.newCall();
      peer.send('INVITE', call, { body: SDP });
      (await running.requests.next()).respond({ status: 200, body: SDP });
      assert.equal(headerValue(await peer.response(200, call), 'Contact'), `<sip:${host}:${port}>`);
      peer.send('ACK', call, { branch: `${call.branch}-ack` });
      await running.acks.next();
      await peer.close();
    }
    await running.stack.close();
  });
  it('§12.2.1.1: the connection of a call is gone: our BYE goes to its Contact, not to the port it came from', async () => {
    const running = await startStack();
    const peer = await TcpPeer.connect(running.at('tcp'));
    const far = await TcpPeer.listen();
    const call = peer.newCall();
    peer.sendRaw(peer.requestText('INVITE', call, { body: SDP }).replace(/Contact: [^\r]*/, `Contact: <sip:alice@127.0.0.1:${far.port};transport=tcp>`));
    const transaction = await running.requests.next();
    transaction.respond({ status: 200, body: SDP });
    await peer.response(200, call);
    peer.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
    await peer.close();
    await until(() => running.stack.debugState().connections === 0);
    await transaction.dialog?.request({ method: 'BYE' }, { onResponse: () => undefined });
    const again = await far.accepted;
    again.respond(await again.incoming('BYE'), 200);
    await until(() => running.stack.debugState().dialogs === 0);
    await again.close();
    far.close();
    await running.stack.close();
  });
  it('§18.2.2: the connection of a request is gone: its answer opens one to the port in the Via', async () => {
    const running = await startStack();
    const peer = await TcpPeer.connect(running.at('tcp'));
    const far = await TcpPeer.listen();
    const call = peer.newCall();
    peer.sendRaw(peer.requestText('MESSAGE', call).replace(`:${peer.port};branch`, `:${far.port};branch`));
    const transaction = await running.requests.next();
    await peer.close();
    await until(() => running.stack.debugState().connections === 0);
    transaction.respond({ status: 202 });
    const again = await far.accepted;
    assert.equal((await again.response(202)).status, 202);
    await again.close();
    far.close();
    await running.stack.close();
  });
});
