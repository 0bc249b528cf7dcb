import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { Inbox } from '../support/inbox.ts';
import type { Running, SrfClient, SrfDialog, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, startServer, until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
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

  /** An answered call of a UDP caller. */
  const callUp = async (): Promise<{ alice: UdpPeer; call: Call; dialog: SrfDialog }> => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    await alice.response(200, call);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    const dialog = await answered;
    await until(() => running.server.debugState().stack.awaitingAck === 0);
    return { alice, call, dialog };
  };

  const hangUp = async ({ alice, call }: { alice: UdpPeer; call: Call }): Promise<void> => {
    alice.send('BYE', call, { cseq: 99, branch: `${call.branch}-bye` });
    await alice.inbox.next((message) => message.kind === 'response' && headerValue(message, 'CSeq') === '99 BYE');
    await until(idle);
    await alice.close();
  };

  it('rejected with 486, own reason and headers; the ACK of a failure is not pushed (F-6)', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { res } = await invites.next();
    const sent = new Promise((resolve) => res.send(486, 'Really Busy', { headers: { 'Retry-After': '5' } }, resolve));
    const busy = await alice.response(486, call);
    assert.equal(busy.reason, 'Really Busy');
    assert.equal(headerValue(busy, 'Retry-After'), '5');
    assert.equal(await sent, null);
    alice.send('ACK', call);
    running.scheduler.advance(5000);
    await until(idle);
    await alice.close();
  });

  it('CANCEL before any answer: 200, 487, cancel event; a late createUAS is refused with a string (F-7, D-13)', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const cancelled = new Promise((resolve) => req.on('cancel', resolve));
    alice.send('CANCEL', call);
    await alice.response(200, call);
    const terminated = await alice.response(487, call);
    assert.equal(headerValue(terminated, 'CSeq'), '1 INVITE');
    alice.send('ACK', call);
    await cancelled;
    await assert.rejects(srf.createUAS(req, res, { localSdp: SDP }), (error) => error === 'Response not sent due to unknown transaction');
    await until(idle);
    await alice.close();
  });

  it('CANCEL after 180', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const cancelled = new Promise((resolve) => req.on('cancel', resolve));
    res.send(180);
    await alice.response(180, call);
    alice.send('CANCEL', { ...call, toTag: undefined });
    await alice.response(200, call);
    await alice.response(487, call);
    alice.send('ACK', call);
    await cancelled;
    await until(idle);
    await alice.close();
  });

  it('CANCEL crossing the 200: answered 200, without effect (RFC 3261 §9.2)', async () => {
    const up = await callUp();
    up.alice.send('CANCEL', up.call, { toTag: undefined });
    const answer = await up.alice.inbox.next((message) => message.kind === 'response' && headerValue(message, 'CSeq') === '1 CANCEL');
    assert.equal(answer.kind === 'response' ? answer.status : 0, 200);
    assert.equal(running.server.debugState().dialogs, 1);
    await hangUp(up);
  });

  it('BYE in the early dialog ends it as a CANCEL does (RFC 3261 §15)', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const cancelled = new Promise((resolve) => req.on('cancel', resolve));
    res.send(180);
    await alice.response(180, call);
    alice.send('BYE', call, { cseq: 2, branch: `${call.branch}-bye` });
    await alice.response(487, call);
    await alice.response(200, call);
    await cancelled;
    alice.send('ACK', call);
    await until(idle);
    await alice.close();
  });

  it('re-INVITE by the caller, with the ACK told to the dialog', async () => {
    const up = await callUp();
    const held = SDP.replace('sendrecv', 'sendonly');
    const modified = new Promise<string>((resolve) => {
      up.dialog.on('modify', (req, res) => {
        resolve(req.body);
        res.send(200, { body: SDP });
      });
    });
    up.alice.send('INVITE', up.call, { cseq: 2, branch: `${up.call.branch}-re`, body: held });
    assert.equal(await modified, held);
    const ok = await up.alice.inbox.next((message) => message.kind === 'response' && message.status === 200 && headerValue(message, 'CSeq') === '2 INVITE');
    assert.equal(headerValue(ok, 'Contact'), `<sip:127.0.0.1:${running.udp.port}>`);
    const acked = new Promise((resolve) => up.dialog.on('ack', resolve));
    up.alice.send('ACK', up.call, { cseq: 2, branch: `${up.call.branch}-reack` });
    await acked;
    assert.equal(running.server.debugState().stack.awaitingAck, 0);
    await hangUp(up);
  });

  it('re-INVITE by the application; a 100 to it is never pushed (D-41), a refused one leaves the dialog usable', async () => {
    const up = await callUp();
    const modified = up.dialog.modify(SDP);
    const reinvite = await up.alice.incoming('INVITE');
    assert.equal(reinvite.uri, `sip:alice@127.0.0.1:${up.alice.port}`);
    up.alice.respond(reinvite, 100);
    up.alice.respond(reinvite, 200, { body: SDP });
    await modified;
    const ack = await up.alice.incoming('ACK');
    assert.equal(headerValue(ack, 'CSeq')?.split(' ')[0], headerValue(reinvite, 'CSeq')?.split(' ')[0]);
    const refused = up.dialog.request({ method: 'INVITE', body: SDP });
    const second = await up.alice.incoming('INVITE');
    up.alice.respond(second, 488);
    assert.equal((await refused).status, 488);
    await up.alice.incoming('ACK');
    await hangUp(up);
  });

  it('INFO both ways; the application’s request resolves with the final response even after a 100', async () => {
    const up = await callUp();
    const seen = new Promise<string>((resolve) => {
      up.dialog.on('info', (req, res) => {
        resolve(req.body);
        res.send(200);
      });
    });
    up.alice.send('INFO', up.call, { cseq: 2, branch: `${up.call.branch}-info`, body: 'Signal=5\r\n' });
    assert.equal(await seen, 'Signal=5\r\n');
    const answered = up.dialog.request({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body: 'Signal=1\r\n' });
    const info = await up.alice.incoming('INFO');
    assert.equal(info.body, 'Signal=1\r\n');
    up.alice.respond(info, 100);
    up.alice.respond(info, 200);
    assert.equal((await answered).status, 200);
    await hangUp(up);
  });

  it('Record-Route: repeated in the 200, followed by requests of ours', async () => {
    const alice = await UdpPeer.open(running.udp);
    const proxy = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    const route = `<sip:127.0.0.1:${proxy.port};lr>`;
    alice.send('INVITE', call, { body: SDP, extra: [`Record-Route: ${route}`] });
    const { req, res } = await invites.next();
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    const ok = await alice.response(200, call);
    assert.equal(headerValue(ok, 'Record-Route'), route);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    const dialog = await answered;
    const destroyed = dialog.destroy();
    const bye = await proxy.incoming('BYE');
    assert.equal(bye.uri, `sip:alice@127.0.0.1:${alice.port}`);
    assert.equal(headerValue(bye, 'Route'), route);
    proxy.respond(bye, 200);
    await destroyed;
    await until(idle);
    await Promise.all([alice.close(), proxy.close()]);
  });

  it('a Contact behind a NAT: requests go where the INVITE came from (A.6)', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP, leaveOut: ['Contact'], extra: ['Contact: <sip:alice@10.11.12.13:5060>'] });
    const { req, res } = await invites.next();
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    await alice.response(200, call);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    const destroyed = (await answered).destroy();
    const bye = await alice.incoming('BYE');
    assert.equal(bye.uri, 'sip:alice@10.11.12.13:5060');
    alice.respond(bye, 200);
    await destroyed;
    await until(idle);
    await alice.close();
  });

  it('F-9: no ACK: the 200 repeated after 0.5, 1, 2, 4, 4 ... s, after 32 s BYE to the caller and an unsolicited BYE to the application', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req, res } = await invites.next();
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    await alice.response(200, call);
    const dialog = await answered;
    const destroyed = new Promise<readonly [string, string | undefined]>((resolve) => dialog.on('destroy', (bye, reason) => resolve([bye.source, reason])));
    for (const pause of [500, 1000, 2000, 4000, 4000]) {
      running.scheduler.advance(pause);
      await alice.response(200, call);
    }
    running.scheduler.advance(32_000 - 11_500);
    const bye = await alice.incoming('BYE');
    assert.equal(headerValue(bye, 'Reason'), 'SIP;cause=200;text="ACK timeout"');
    alice.respond(bye, 200);
    assert.deepEqual(await destroyed, ['application', 'ACK timeout']);
    await until(idle);
    await alice.close();
  });

  it('F-9: a retransmitted INVITE is absorbed before the answer, gets the 180 again after it', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    const invite = alice.requestText('INVITE', call, { body: SDP });
    alice.sendRaw(invite);
    const { res } = await invites.next();
    alice.sendRaw(invite);
    await alice.response(100);
    await alice.response(100);
    res.send(180);
    await alice.response(180, call);
    alice.sendRaw(invite);
    await alice.response(180, call);
    res.send(486);
    await alice.response(486, call);
    running.scheduler.advance(500);
    await alice.response(486, call);
    alice.send('ACK', call);
    running.scheduler.advance(5000);
    await until(idle);
    assert.equal(invites.all.length, 0);
    await alice.close();
  });

  it('an INVITE the application never answers: 480 after three minutes, cancel told to it, nothing kept', async () => {
    const alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    const { req } = await invites.next();
    const cancelled = new Promise((resolve) => req.on('cancel', resolve));
    running.scheduler.advance(180_000);
    await alice.response(480, call);
    alice.send('ACK', call);
    await cancelled;
    await until(idle);
    await alice.close();
  });

  it('leaves no transaction, dialog or timer behind', () => {
    running.scheduler.advance(700_000);
    const { stack, ...rest } = running.server.debugState();
    assert.deepEqual({ ...rest, stack: { ...stack, counters: {} } }, {
      clients: 1, pendingRequests: 0, ownRequests: 0, dialogs: 0,
      stack: { listeners: 2, connections: 0, serverTransactions: 0, clientTransactions: 0, dialogs: 0, awaitingAck: 0, counters: {} },
    });
    assert.equal(running.scheduler.pending, 0);
  });
});
