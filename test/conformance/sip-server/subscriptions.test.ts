import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { RawClient } from '../support/raw-client.ts';
import type { Running } from '../support/server.ts';
import { SECRET, startServer, until } from '../support/server.ts';
import { UdpPeer } from '../support/sip-peer.ts';

describe('RFC 6665 and RFC 3515: dialogs of subscriptions', { timeout: 10_000 }, () => {
  let running: Running;
  let app: RawClient;
  let alice: UdpPeer;

  before(async () => {
    running = await startServer();
    app = await RawClient.connect(running.server.controlPort);
    await app.ask(`authenticate|${SECRET}|`);
    for (const verb of ['subscribe', 'refer', 'notify']) await app.ask(`route|${verb}`);
    alice = await UdpPeer.open(running.udp);
  });
  after(async () => {
    app.close();
    await alice.close();
    await running.stop();
  });

  const push = async (start: string): Promise<readonly string[]> => {
    const payload = await app.inbox.next((item) => item.split('|')[1] === 'sip' && (item.split('\r\n')[1] ?? '').startsWith(start));
    return (payload.split('\r\n')[0] ?? '').split('|');
  };
  const idle = (): boolean => {
    const { dialogs, stack } = running.server.debugState();
    return dialogs + stack.dialogs === 0;
  };

  it('§4.2.1 SUBSCRIBE answered 202: a dialog, whose NOTIFY is the application’s; `terminated` ends it', async () => {
    const call = alice.newCall();
    alice.send('SUBSCRIBE', call, { extra: ['Event: presence', 'Expires: 600'] });
    const subscribe = await push('SUBSCRIBE');
    const echo = await app.ask(`sip|${subscribe[8] ?? ''}||\r\nSIP/2.0 202 Accepted\r\nExpires: 600\r\n\r\n`);
    assert.ok(echo.startsWith('OK'), echo);
    const accepted = await alice.response(202, call);
    assert.ok(headerValue(accepted, 'Contact') !== undefined);
    const dialogId = `${call.callId};from-tag=${call.fromTag}`;
    app.send(`sip||${dialogId}|\r\nNOTIFY sip:placeholder SIP/2.0\r\nEvent: presence\r\nSubscription-State: active;expires=600\r\n\r\n`);
    const first = await alice.incoming('NOTIFY');
    assert.match(headerValue(first, 'To') ?? '', new RegExp(`tag=${call.fromTag}$`));
    alice.respond(first, 200);
    await push('SIP/2.0 200');
    assert.equal(running.server.debugState().stack.dialogs, 1);
    app.send(`sip||${dialogId}|\r\nNOTIFY sip:placeholder SIP/2.0\r\nEvent: presence\r\nSubscription-State: terminated\r\n\r\n`);
    alice.respond(await alice.incoming('NOTIFY'), 200);
    await push('SIP/2.0 200');
    await until(idle);
  });

  it('§4.1.2.4 our SUBSCRIBE: a NOTIFY that overtakes its 200 belongs to its dialog', async () => {
    app.send(`sip|||\r\nSUBSCRIBE sip:bob@127.0.0.1:${alice.port} SIP/2.0\r\nEvent: presence\r\nExpires: 60\r\n\r\n`);
    const subscribe = await alice.incoming('SUBSCRIBE');
    const ourTag = /;tag=([^;]+)/.exec(headerValue(subscribe, 'From') ?? '')?.[1] ?? '';
    const call = { callId: headerValue(subscribe, 'Call-ID') ?? '', fromTag: 'bob', branch: 'z9hG4bK-n1', toTag: ourTag };
    alice.send('NOTIFY', call, { extra: ['Event: presence', 'Subscription-State: active;expires=60'] });
    const notify = await push('NOTIFY');
    assert.equal(notify[9], `${call.callId};from-tag=${ourTag}`);
    await app.ask(`sip|${notify[8] ?? ''}||\r\nSIP/2.0 200 OK\r\n\r\n`);
    await alice.response(200);
    alice.respond(subscribe, 200, { tag: 'bob', extra: ['Expires: 60', `Contact: <sip:bob@127.0.0.1:${alice.port}>`] });
    assert.equal((await push('SIP/2.0 200'))[9], `${call.callId};from-tag=${ourTag}`);
    assert.equal(running.server.debugState().stack.dialogs, 1);
    alice.send('NOTIFY', call, { cseq: 2, branch: 'z9hG4bK-n2', extra: ['Event: presence', 'Subscription-State: terminated'] });
    const last = await push('NOTIFY');
    await app.ask(`sip|${last[8] ?? ''}||\r\nSIP/2.0 200 OK\r\n\r\n`);
    await until(idle);
  });

  it('RFC 3515 §2.4.4: a REFER outside a dialog makes one for its NOTIFY', async () => {
    const call = alice.newCall();
    alice.send('REFER', call, { extra: ['Refer-To: <sip:carol@example.org>'] });
    const refer = await push('REFER');
    await app.ask(`sip|${refer[8] ?? ''}||\r\nSIP/2.0 202 Accepted\r\n\r\n`);
    await alice.response(202, call);
    // The client names its dialog by Call-ID.
    app.send(`sip|||\r\nNOTIFY sip:placeholder SIP/2.0\r\nCall-ID: ${call.callId}\r\nEvent: refer\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK`);
    const notify = await alice.incoming('NOTIFY');
    assert.equal(notify.body, 'SIP/2.0 200 OK');
    alice.respond(notify, 200);
    await push('SIP/2.0 200');
    await until(idle);
  });

  it('§4.4.1 nobody ends it: the dialog goes when its time is over, and the application is told', async () => {
    const call = alice.newCall();
    alice.send('SUBSCRIBE', call, { extra: ['Event: presence'] });
    const subscribe = await push('SUBSCRIBE');
    await app.ask(`sip|${subscribe[8] ?? ''}||\r\nSIP/2.0 200 OK\r\nExpires: 60\r\n\r\n`);
    await alice.response(200, call);
    running.scheduler.advance(91_000);
    assert.equal(running.server.debugState().stack.dialogs, 1);
    running.scheduler.advance(1000);
    assert.equal((await push('BYE'))[8], 'unsolicited');
    assert.ok(idle());
    assert.ok(!alice.inbox.all.some((message) => message.kind === 'request'), 'the far end hears nothing');
  });

  it('§4.2.2 a subscriber that answers 481 has no subscription', async () => {
    const call = alice.newCall();
    alice.send('SUBSCRIBE', call, { extra: ['Event: presence'] });
    const subscribe = await push('SUBSCRIBE');
    await app.ask(`sip|${subscribe[8] ?? ''}||\r\nSIP/2.0 200 OK\r\n\r\n`);
    await alice.response(200, call);
    app.send(`sip||${call.callId};from-tag=${call.fromTag}|\r\nNOTIFY sip:placeholder SIP/2.0\r\nSubscription-State: active\r\n\r\n`);
    alice.respond(await alice.incoming('NOTIFY'), 481);
    await push('SIP/2.0 481');
    await until(idle);
  });
});
