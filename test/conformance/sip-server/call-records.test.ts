import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawClient } from '../support/raw-client.ts';
import { SECRET, startServer } from '../support/server.ts';
import { SDP, UdpPeer } from '../support/sip-peer.ts';

/** `cdr:start network uac SIP/2.0 200 OK`, without the time. */
function shown(payload: string): string {
  const [head = '', line = ''] = payload.split('\r\n');
  const [, type = '', source = '', time = '', ...detail] = head.split('|');
  assert.match(time, /^\d\d:\d\d:\d\d\.\d{6}$/);
  return [type, source, ...detail, line.replace(/ sip:.*/, '')].join(' ');
}

describe('A.6: call records (cdr frames)', { timeout: 10_000 }, () => {
  const open = async (): Promise<{ running: Awaited<ReturnType<typeof startServer>>; app: RawClient; alice: UdpPeer; record: () => Promise<string>; push: (start: string) => Promise<string>; close: () => Promise<void> }> => {
    const running = await startServer();
    const app = await RawClient.connect(running.server.controlPort);
    await app.ask(`authenticate|${SECRET}|`);
    for (const verb of ['invite', 'cdr:attempt', 'cdr:start', 'cdr:stop']) await app.ask(`route|${verb}`);
    const alice = await UdpPeer.open(running.udp);
    return {
      running,
      app,
      alice,
      record: async () => shown(await app.inbox.next((payload) => payload.split('|')[1]?.startsWith('cdr:') === true)),
      push: (start) => app.inbox.next((payload) => payload.split('|')[1] === 'sip' && (payload.split('\r\n')[1] ?? '').startsWith(start)),
      close: async () => {
        app.close();
        await alice.close();
        await running.stop();
      },
    };
  };

  it('an incoming call: attempt, start as uas, stop by the caller’s BYE', async () => {
    const { app, alice, record, push, close } = await open();
    const call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    assert.equal(await record(), 'cdr:attempt network INVITE');
    const transaction = (await push('INVITE')).split('|')[8] ?? '';
    await app.ask(`sip|${transaction}||\r\nSIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\n${SDP}`);
    assert.equal(await record(), 'cdr:start application uas SIP/2.0 200 OK');
    await alice.response(200, call);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    alice.send('BYE', call, { cseq: 2, branch: `${call.branch}-bye` });
    assert.equal(await record(), 'cdr:stop network normal-release BYE');
    await close();
  });

  it('rejected, and cancelled: attempt and stop', async () => {
    const { app, alice, record, push, close } = await open();
    const busy = alice.newCall();
    alice.send('INVITE', busy, { body: SDP });
    await record();
    await app.ask(`sip|${(await push('INVITE')).split('|')[8] ?? ''}||\r\nSIP/2.0 486 Busy Here\r\n\r\n`);
    assert.equal(await record(), 'cdr:stop application call-rejected SIP/2.0 486 Busy Here');
    const impatient = alice.newCall();
    alice.send('INVITE', impatient, { body: SDP });
    await record();
    alice.send('CANCEL', impatient);
    assert.equal(await record(), 'cdr:stop network call-canceled CANCEL');
    await close();
  });

  it('an outgoing call: attempt, start as uac, stop by the application’s BYE', async () => {
    const { app, alice: bob, record, push, close } = await open();
    app.send(`sip|||\r\nINVITE sip:bob@127.0.0.1:${bob.port} SIP/2.0\r\n\r\n${SDP}`);
    assert.equal(await record(), 'cdr:attempt application INVITE');
    bob.respond(await bob.incoming('INVITE'), 200, { body: SDP });
    assert.equal(await record(), 'cdr:start network uac SIP/2.0 200 Answer');
    const dialogId = (await push('SIP/2.0 200')).split('|')[9] ?? '';
    await app.ask(`sip||${dialogId}|\r\nACK sip:placeholder SIP/2.0\r\n\r\n`);
    app.send(`sip||${dialogId}|\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
    assert.equal(await record(), 'cdr:stop application normal-release BYE');
    bob.respond(await bob.incoming('BYE'), 200);
    await push('SIP/2.0 200');
    await close();
  });
});
