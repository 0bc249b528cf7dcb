import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { Inbox } from '../support/inbox.ts';
import type { Running, SrfClient, SrfDialog, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, startServer, until } from '../support/server.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';

describe('incoming calls through drachtio-srf', { timeout: 20_000 }, () => {
  let running: Running;
  let srf: SrfClient;
  const invites = new Inbox<{ readonly req: SrfRequest; readonly res: SrfResponse }>();

  before(async () => {
    running = await startServer();
    srf = await connectSrf(running, (app) => app.invite((req, res) => invites.put({ req, res })));
  });
  after(async () => {
    srf.disconnect();
    await running.stop();
  });

  const idle = (): boolean => {
    const { pendingRequests, ownRequests, dialogs, stack } = running.server.debugState();
    return pendingRequests + ownRequests + dialogs + stack.dialogs + stack.awaitingAck === 0;
  };

  it('UDP: 100, 180, 200, ACK, BYE by the caller', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    await alice.response(100, call);
    const { req, res } = await invites.next();
    assert.equal(req.source_address, '127.0.0.1');
    assert.equal(req.source_port, alice.port);
    assert.equal(req.protocol, 'udp');
    assert.equal(req.receivedOn, `127.0.0.1:${running.udp.port}`);
    assert.equal(req.callingNumber, 'alice');
    res.send(180);
    await alice.response(180, call);
    const answered = srf.createUAS(req, res, { localSdp: SDP, headers: { 'X-Room': '1000' } });
    const ok = await alice.response(200, call);
    assert.equal(ok.body, SDP);
    assert.equal(headerValue(ok, 'Contact'), `<sip:127.0.0.1:${running.udp.port}>`);
    assert.equal(headerValue(ok, 'X-Room'), '1000');
    const dialog = await answered;
    const acked = new Promise((resolve) => dialog.on('ack', resolve));
    const destroyed = new Promise((resolve) => dialog.on('destroy', resolve));
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    await acked;
    assert.equal(running.server.debugState().stack.awaitingAck, 0);
    alice.send('BYE', call, { cseq: 2, branch: `${call.branch}-bye` });
    await destroyed;
    await alice.response(200, call);
    await until(idle);
    await alice.close();
  });

  it('TCP: BYE by the application over the caller’s connection', async () => {
    const tina = await TcpPeer.connect(running.tcp);
    const call = tina.newCall();
    tina.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const answered: Promise<SrfDialog> = srf.createUAS(req, res, { localSdp: SDP });
    await tina.response(200, call);
    tina.send('ACK', call, { branch: `${call.branch}-ack` });
    const dialog = await answered;
    const destroyed = dialog.destroy();
    const bye = await tina.incoming('BYE');
    assert.equal(bye.uri, `sip:alice@127.0.0.1:${tina.port};transport=tcp`);
    tina.respond(bye, 200);
    await destroyed;
    await until(idle);
    await tina.close();
    await until(() => running.server.debugState().stack.connections === 0);
  });
});
