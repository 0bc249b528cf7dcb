import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { Inbox } from '../support/inbox.ts';
import type { Running, SrfClient, SrfDialog, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, startServer, until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, UdpPeer } from '../support/sip-peer.ts';

describe('extensions of SIP through drachtio-srf', { timeout: 20_000 }, () => {
  let running: Running;
  let srf: SrfClient;
  let alice: UdpPeer;
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

  const ring = async (extra: readonly string[] = []): Promise<{ readonly req: SrfRequest; readonly res: SrfResponse; readonly call: Call }> => {
    alice = await UdpPeer.open(running.udp);
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP, extra });
    await alice.response(100, call);
    return { ...(await invites.next()), call };
  };

  const answer = async (extra: readonly string[] = []): Promise<{ readonly dialog: SrfDialog; readonly call: Call; readonly ended: Promise<readonly [SrfRequest, string | undefined]> }> => {
    const { req, res, call } = await ring(extra);
    const answered = srf.createUAS(req, res, { localSdp: SDP });
    await alice.response(200, call);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    const dialog = await answered;
    await until(() => running.server.debugState().stack.awaitingAck === 0);
    return { dialog, call, ended: new Promise((resolve) => dialog.on('destroy', (request, reason) => resolve([request, reason]))) };
  };

  const hangUp = async (call: Call, cseq: number): Promise<void> => {
    alice.send('BYE', call, { cseq, branch: `${call.branch}-bye` });
    await alice.response(200, call);
    await until(idle);
    await alice.close();
  };

  it('RFC 3261 §15.1.2: a BYE while the application owes the answer to a re-INVITE: 487, and nothing is owed', async () => {
    const { dialog, call, ended } = await answer();
    const asked = new Promise<SrfResponse>((resolve) => dialog.on('modify', (_req, res) => resolve(res)));
    alice.send('INVITE', call, { cseq: 2, branch: `${call.branch}-2`, body: SDP });
    const res = await asked;
    alice.send('BYE', call, { cseq: 3, branch: `${call.branch}-3` });
    await alice.response(487, call);
    await alice.response(200, call);
    alice.send('ACK', call, { cseq: 2, branch: `${call.branch}-2` });
    await ended;
    await until(idle);
    const late = await new Promise((resolve) => res.send(200, { body: SDP }, resolve));
    assert.match(String(late), /Response not sent due to unknown transaction/);
    await alice.close();
  });

  describe('RFC 3262 reliable provisional responses', () => {
    it('§3: a 183 with Require: 100rel is repeated until its PRACK, and the 200 waits for it', async () => {
      const { req, res, call } = await ring(['Supported: 100rel']);
      const pracked = new Promise((resolve) => {
        res.send(183, { headers: { Require: '100rel' }, body: SDP }, () => resolve(undefined));
      });
      const first = await alice.response(183, call);
      const rseq = Number(headerValue(first, 'RSeq'));
      assert.ok(rseq > 0);
      assert.equal(headerValue(first, 'Require'), '100rel');
      assert.ok(headerValue(first, 'Contact') !== undefined);
      await pracked;
      running.scheduler.advance(500);
      assert.equal(headerValue(await alice.response(183, call), 'RSeq'), String(rseq));
      const answered = srf.createUAS(req, res, { localSdp: SDP });
      const dialog = await answered;
      assert.deepEqual(alice.inbox.all, []);
      alice.send('PRACK', call, { cseq: 2, branch: `${call.branch}-prack`, extra: [`RAck: ${rseq} 1 INVITE`] });
      // The library has its dialog by now, and knows no PRACK in one.
      const answers = [await alice.response(undefined, call), await alice.response(undefined, call)];
      assert.deepEqual(answers.map((response) => `${response.status} ${headerValue(response, 'CSeq') ?? ''}`).sort(), ['200 1 INVITE', '501 2 PRACK']);
      running.scheduler.advance(1000);
      alice.send('ACK', call, { branch: `${call.branch}-ack` });
      const ended = new Promise((resolve) => dialog.on('destroy', resolve));
      await hangUp(call, 3);
      await ended;
    });

    it('§3: the caller insists (Require: 100rel): a plain 180 of the application goes out reliable', async () => {
      const { res, call } = await ring(['Require: 100rel']);
      res.send(180);
      const ringing = await alice.response(180, call);
      assert.ok(headerValue(ringing, 'RSeq') !== undefined);
      alice.send('PRACK', call, { cseq: 2, branch: `${call.branch}-prack`, extra: [`RAck: ${headerValue(ringing, 'RSeq') ?? ''} 1 INVITE`] });
      await alice.response(200, call);
      res.send(486);
      await alice.response(486, call);
      alice.send('ACK', call);
      await until(idle);
      await alice.close();
    });

    it('§3: a PRACK that acknowledges nothing: 481', async () => {
      const { res, call } = await ring(['Supported: 100rel']);
      res.send(183, { headers: { Require: '100rel' } });
      const progress = await alice.response(183, call);
      alice.send('PRACK', call, { cseq: 2, branch: `${call.branch}-prack`, extra: [`RAck: ${Number(headerValue(progress, 'RSeq')) + 1} 1 INVITE`] });
      await alice.response(481, call);
      res.send(480);
      await alice.response(480, call);
      alice.send('ACK', call);
      await until(idle);
      await alice.close();
    });

    it('A.5: a caller without 100rel: NOK with the text of drachtio-server', async () => {
      const { res, call } = await ring();
      const refused = await new Promise((resolve) => res.send(183, { headers: { Require: '100rel' } }, resolve));
      assert.match(String(refused), /Remote endpoint does not support 100rel/);
      res.send(480);
      await alice.response(480, call);
      alice.send('ACK', call);
      await until(idle);
      await alice.close();
    });

    it('§3: no PRACK within 64*T1: 504, and the application is told', async () => {
      const { req, res, call } = await ring(['Supported: 100rel']);
      const cancelled = new Promise((resolve) => req.on('cancel', resolve));
      res.send(183, { headers: { Require: '100rel' } });
      await alice.response(183, call);
      running.scheduler.advance(32_000);
      await alice.response(504, call);
      await cancelled;
      alice.send('ACK', call);
      await until(idle);
      await alice.close();
    });

    it('§3: a 200 that waited for a PRACK that never came: 504 to the caller, an unsolicited BYE to the application', async () => {
      const { req, res, call } = await ring(['Supported: 100rel']);
      res.send(183, { headers: { Require: '100rel' } });
      await alice.response(183, call);
      const dialog = await srf.createUAS(req, res, { localSdp: SDP });
      const ended = new Promise<string | undefined>((resolve) => dialog.on('destroy', (_request, reason) => resolve(reason)));
      running.scheduler.advance(32_000);
      await alice.response(504, call);
      assert.equal(await ended, 'PRACK timeout');
      alice.send('ACK', call);
      await until(idle);
      await alice.close();
    });

    it('§4: the callee’s reliable 183 is passed on once; the application’s PRACK names it', async () => {
      const bob = await UdpPeer.open(running.udp);
      const statuses: number[] = [];
      const calling = srf.createUAC(`sip:bob@127.0.0.1:${bob.port}`, { localSdp: SDP, headers: { Supported: '100rel' } }, { cbProvisional: (response) => statuses.push(response.status) });
      const invite = await bob.incoming('INVITE');
      const reliable = { tag: 'b', body: SDP, extra: ['Require: 100rel', 'RSeq: 7', `Contact: <sip:bob@127.0.0.1:${bob.port}>`] };
      bob.respond(invite, 183, reliable);
      bob.respond(invite, 183, reliable);
      const prack = await bob.incoming('PRACK');
      assert.equal(headerValue(prack, 'RAck'), `7 ${headerValue(invite, 'CSeq') ?? ''}`);
      bob.respond(prack, 200);
      bob.respond(invite, 200, { tag: 'b', body: SDP });
      const dialog = await calling;
      await bob.incoming('ACK');
      assert.deepEqual(statuses, [183]);
      assert.equal(bob.inbox.all.length, 0);
      const over = dialog.destroy();
      bob.respond(await bob.incoming('BYE'), 200);
      await over;
      await until(idle);
      await bob.close();
    });
  });

  describe('RFC 3311 UPDATE', () => {
    it('§5.2: a second UPDATE before the first is answered: 500 with Retry-After', async () => {
      const { dialog, call, ended } = await answer();
      const updates = new Inbox<SrfResponse>();
      dialog.on('update', (_request, response) => updates.put(response));
      alice.send('UPDATE', call, { cseq: 2, branch: `${call.branch}-u1`, body: SDP });
      const first = await updates.next();
      alice.send('UPDATE', call, { cseq: 3, branch: `${call.branch}-u2`, body: SDP });
      assert.ok(headerValue(await alice.response(500, call), 'Retry-After') !== undefined);
      first.send(200, { body: SDP });
      assert.ok(headerValue(await alice.response(200, call), 'Contact') !== undefined);
      await hangUp(call, 4);
      await ended;
    });

    it('§5.2: an offer while one of ours waits for its answer: 491', async () => {
      const { dialog, call, ended } = await answer();
      const modified = dialog.modify(SDP.replace('40000', '40002'));
      const invite = await alice.incoming('INVITE');
      alice.send('UPDATE', call, { cseq: 2, branch: `${call.branch}-u`, body: SDP });
      await alice.response(491, call);
      alice.respond(invite, 200, { body: SDP });
      await modified;
      await alice.incoming('ACK');
      await hangUp(call, 3);
      await ended;
    });
  });

  describe('RFC 3261 §15 BYE while our re-INVITE is pending', () => {
    it('the re-INVITE is cancelled, the BYE goes at once, and both promises settle', async () => {
      const { dialog, call } = await answer();
      const modified = dialog.modify(SDP.replace('40000', '40002')).then(() => 'modified', () => 'refused');
      const invite = await alice.incoming('INVITE');
      alice.respond(invite, 100);
      await until(() => running.server.debugState().stack.counters['received'] !== undefined);
      const destroyed = dialog.destroy();
      const bye = await alice.incoming('BYE');
      alice.respond(bye, 200);
      await destroyed;
      alice.respond(invite, 487);
      await alice.incoming('ACK');
      assert.equal(await modified, 'refused');
      assert.equal(headerValue(bye, 'Call-ID'), call.callId);
      await until(idle);
      await alice.close();
    });

    it('§13.2.2.4: a 200 that crosses the BYE is acknowledged by the server', async () => {
      const { dialog } = await answer();
      const modified = dialog.modify(SDP.replace('40000', '40002')).then(() => 'settled', () => 'settled');
      const invite = await alice.incoming('INVITE');
      const destroyed = dialog.destroy();
      alice.respond(await alice.incoming('BYE'), 200);
      await destroyed;
      alice.respond(invite, 200, { body: SDP });
      await alice.incoming('ACK');
      await modified;
      await until(idle);
      await alice.close();
    });
  });

  describe('RFC 4028 session timers', () => {
    it('§9: the caller refreshes; it does not: BYE with Reason, and the application hears `Session timer expired`', async () => {
      const { ended } = await answer(['Supported: timer', 'Session-Expires: 90']);
      running.scheduler.advance(59_999);
      assert.deepEqual(alice.inbox.all, []);
      running.scheduler.advance(1);
      const bye = await alice.incoming('BYE');
      assert.match(headerValue(bye, 'Reason') ?? '', /Session timer expired/);
      alice.respond(bye, 200);
      const [request, reason] = await ended;
      assert.equal(reason, 'Session timer expired');
      assert.equal(request.source, 'application');
      await until(idle);
      await alice.close();
    });

    it('§9: the 200 says what was agreed; an UPDATE of the caller starts the time anew', async () => {
      const { call, ended } = await answer(['Supported: timer', 'Session-Expires: 90;refresher=uac']);
      running.scheduler.advance(45_000);
      alice.send('UPDATE', call, { cseq: 2, branch: `${call.branch}-u`, extra: ['Supported: timer', 'Session-Expires: 90;refresher=uac'] });
      const ok = await alice.response(200, call);
      assert.equal(headerValue(ok, 'Session-Expires'), '90;refresher=uac');
      assert.equal(headerValue(ok, 'Require'), 'timer');
      running.scheduler.advance(59_000);
      assert.deepEqual(alice.inbox.all, []);
      await hangUp(call, 3);
      await ended;
    });

    it('§7.4: we refresh by UPDATE when the caller allows it; 481 to it ends the call (§10)', async () => {
      const { ended } = await answer(['Session-Expires: 90', 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE']);
      running.scheduler.advance(45_000);
      const first = await alice.incoming('UPDATE');
      assert.equal(headerValue(first, 'Session-Expires'), '90;refresher=uac');
      assert.equal(first.body, '');
      alice.respond(first, 200, { extra: ['Session-Expires: 90;refresher=uac'] });
      const { stack } = running.server.debugState();
      await until(() => running.server.debugState().stack.counters['received'] !== stack.counters['received']);
      running.scheduler.advance(45_000);
      alice.respond(await alice.incoming('UPDATE'), 481);
      alice.respond(await alice.incoming('BYE'), 481);
      assert.equal((await ended)[1], 'Session timer expired');
      await until(idle);
      await alice.close();
    });

    it('§7.3: a 422 raises the interval of our refresh, and the request says the least that is taken; a second one waits', async () => {
      await answer(['Session-Expires: 90', 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE']);
      running.scheduler.advance(45_000);
      alice.respond(await alice.incoming('UPDATE'), 422, { extra: ['Min-SE: 240'] });
      const second = await alice.incoming('UPDATE');
      assert.deepEqual([headerValue(second, 'Session-Expires'), headerValue(second, 'Min-SE')], ['240;refresher=uac', '240']);
      const { stack } = running.server.debugState();
      alice.respond(second, 422, { extra: ['Min-SE: 250'] });
      await until(() => running.server.debugState().stack.counters['received'] !== stack.counters['received']);
      assert.deepEqual(alice.inbox.all.filter((message) => message.kind === 'request'), []);
      running.scheduler.advance(5000);
      alice.respond(await alice.incoming('UPDATE'), 481);
      alice.respond(await alice.incoming('BYE'), 200);
      await until(idle);
      await alice.close();
    });

    it('§7.4: else by re-INVITE with the session as it is; the server acknowledges, the application hears nothing', async () => {
      const { dialog, call, ended } = await answer(['Session-Expires: 90']);
      dialog.on('modify', () => assert.fail('the application is not asked'));
      running.scheduler.advance(45_000);
      const invite = await alice.incoming('INVITE');
      assert.equal(invite.body, SDP);
      alice.respond(invite, 200, { body: SDP, extra: ['Session-Expires: 90;refresher=uac'] });
      await alice.incoming('ACK');
      await hangUp(call, 2);
      await ended;
    });

    it('§10: a dead peer: nobody answers the refresh, the call is over before the session is', async () => {
      const { ended } = await answer(['Session-Expires: 90', 'Allow: UPDATE']);
      running.scheduler.advance(45_000);
      await alice.incoming('UPDATE');
      running.scheduler.advance(15_000);
      assert.equal((await ended)[1], 'Session timer expired');
      running.scheduler.advance(40_000);
      await until(idle);
      await alice.close();
    });

    it('§9: an interval below 90 s: 422 with Min-SE', async () => {
      const peer = await UdpPeer.open(running.udp);
      const call = peer.newCall();
      peer.send('INVITE', call, { body: SDP, extra: ['Supported: timer', 'Session-Expires: 60'] });
      assert.equal(headerValue(await peer.response(422, call), 'Min-SE'), '90');
      peer.send('ACK', call);
      await until(idle);
      await peer.close();
    });

    it('§7.1: an outgoing call: what the 200 says is kept', async () => {
      const bob = await UdpPeer.open(running.udp);
      const calling = srf.createUAC(`sip:bob@127.0.0.1:${bob.port}`, { localSdp: SDP, headers: { Supported: 'timer', 'Session-Expires': '120' } });
      const invite = await bob.incoming('INVITE');
      bob.respond(invite, 200, { body: SDP, extra: ['Session-Expires: 120;refresher=uas'] });
      const dialog = await calling;
      await bob.incoming('ACK');
      const ended = new Promise((resolve) => dialog.on('destroy', (_request, reason) => resolve(reason)));
      running.scheduler.advance(88_000);
      bob.respond(await bob.incoming('BYE'), 200);
      assert.equal(await ended, 'Session timer expired');
      await until(idle);
      await bob.close();
    });
  });

  it('leaves no transaction, dialog or timer behind', () => {
    running.scheduler.advance(64_000);
    const { stack } = running.server.debugState();
    assert.equal(stack.serverTransactions + stack.clientTransactions + stack.dialogs + stack.awaitingAck, 0);
    assert.equal(running.scheduler.pending, 0);
  });
});
