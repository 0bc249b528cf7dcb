/** What happens in a call between two who do not agree: races, glare, and far ends that are gone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, UdpPeer } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

const ignore = { onResponse: (): void => undefined };
const METHODS = ['INVITE', 'BYE', 'UPDATE', 'PRACK', 'MESSAGE'];

describe('dialogs', { timeout: 20_000 }, () => {
  let peer: UdpPeer;

  const called = async (running: RunningStack, to: UdpPeer, answer: { readonly extra?: readonly string[] } = {}): Promise<SipRequest> => {
    const calling = new Promise<void>((resolve) => {
      void running.stack.request(
        { method: 'INVITE', uri: `sip:bob@127.0.0.1:${to.port}`, body: SDP },
        { onResponse: (response, _origin, dialog) => void (response.message.status === 200 && dialog?.ack().then(() => resolve())) },
      );
    });
    const invite = await to.incoming('INVITE');
    to.respond(invite, 200, { body: SDP, ...answer });
    await to.incoming('ACK');
    await calling;
    return invite;
  };

  const answered = async (running: RunningStack): Promise<Call> => {
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    (await running.requests.next()).respond({ status: 200, body: SDP });
    await peer.response(200, call);
    peer.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
    return call;
  };

  describe('RFC 4028', () => {
    for (const interval of [0, 1, 89]) {
      it(`§4: a callee that agrees on ${interval} s is refreshed as if it had said 90, and not hung up on`, async () => {
        const running = await startStack({ methods: METHODS });
        peer = await UdpPeer.open(running.at('udp'));
        await called(running, peer, { extra: [`Session-Expires: ${interval};refresher=uac`, 'Allow: UPDATE'] });
        running.scheduler.advance(44_999);
        assert.equal(running.counter('sessionRefreshes'), 0);
        running.scheduler.advance(1);
        const refresh = await peer.incoming('UPDATE');
        assert.equal(headerValue(refresh, 'Session-Expires'), '90;refresher=uac');
        assert.equal(running.stack.debugState().dialogs, 1);
        await peer.close();
        await running.stack.close();
      });
    }
  });

  it('RFC 3261 §13.3.1.4: no ACK, and no way for the BYE either: the user hears that the call is over', async () => {
    const running = await startStack({ methods: METHODS, limits: { transactions: 2 } });
    peer = await UdpPeer.open(running.at('udp'));
    const call = peer.newCall();
    peer.send('INVITE', call, { body: SDP });
    (await running.requests.next()).respond({ status: 200, body: SDP });
    await peer.response(200, call);
    running.scheduler.advance(10_000);
    for (let count = 0; count < 2; count += 1) await running.stack.request({ method: 'MESSAGE', uri: `sip:bob@127.0.0.1:${peer.port}` }, ignore);
    running.scheduler.advance(22_000);
    assert.equal((await running.ended.next()).reason, 'ack_timeout');
    assert.equal(running.stack.debugState().dialogs, 0);
    await peer.close();
    await running.stack.close();
  });

  describe('RFC 3311 §5.2: UPDATE with an offer', () => {
    let running: RunningStack;
    let call: Call;

    before(async () => {
      running = await startStack({ methods: METHODS });
      peer = await UdpPeer.open(running.at('udp'));
    });
    after(async () => {
      await peer.close();
      await running.stack.close();
    });

    const update = (cseq: number, body: string): void => peer.send('UPDATE', call, { cseq, branch: `${call.branch}-${cseq}`, body });

    it('while an offer of theirs in a re-INVITE is not answered: 500 with Retry-After', async () => {
      call = await answered(running);
      peer.send('INVITE', call, { cseq: 2, branch: `${call.branch}-2`, body: SDP });
      const reInvite = await running.requests.next();
      update(3, SDP);
      assert.equal(headerValue(await peer.response(500, call), 'Retry-After'), '5');
      update(4, '');
      (await running.requests.next()).respond({ status: 200 });
      await peer.response(200, call);
      reInvite.respond({ status: 200, body: SDP });
      await peer.response(200, call);
      peer.send('ACK', call, { cseq: 2, branch: `${call.branch}-ack2` });
      await running.acks.next();
      update(5, SDP);
      (await running.requests.next()).respond({ status: 200, body: SDP });
      await peer.response(200, call);
    });
    it('while an offer of ours in a 200 is not answered by the ACK: 491', async () => {
      call = await answered(running);
      peer.send('INVITE', call, { cseq: 2, branch: `${call.branch}-2` });
      (await running.requests.next()).respond({ status: 200, body: SDP });
      await peer.response(200, call);
      update(3, SDP);
      await peer.response(491, call);
      peer.send('ACK', call, { cseq: 2, branch: `${call.branch}-ack2`, body: SDP });
      await running.acks.next();
      update(4, SDP);
      (await running.requests.next()).respond({ status: 200, body: SDP });
      await peer.response(200, call);
    });
    it('before the call is answered, when a reliable 183 has answered the offer: taken; before that: 500', async () => {
      call = peer.newCall();
      peer.send('INVITE', call, { body: SDP, extra: ['Supported: 100rel'] });
      const invite = await running.requests.next();
      invite.respond({ status: 180 });
      await peer.response(180, call);
      update(2, SDP);
      await peer.response(500, call);
      invite.respond({ status: 183, headers: [{ name: 'Require', value: '100rel' }], body: SDP });
      const progress = await peer.response(183, call);
      peer.send('PRACK', call, { cseq: 3, branch: `${call.branch}-3`, extra: [`RAck: ${headerValue(progress, 'RSeq') ?? ''} 1 INVITE`] });
      (await running.requests.next()).respond({ status: 200 });
      await peer.response(200, call);
      update(4, SDP);
      (await running.requests.next()).respond({ status: 200, body: SDP });
      await peer.response(200, call);
      invite.respond({ status: 486 });
      await peer.response(486, call);
      peer.send('ACK', call);
      await until(() => running.stack.debugState().dialogs === 2);
    });
  });
});
