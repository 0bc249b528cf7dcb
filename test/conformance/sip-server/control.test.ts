/** The drachtio control port: authentication, routes, bad frames, and calls whose client goes away. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Srf from 'drachtio-srf';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { createSipServer } from '../../../src/softswitch/sip-server/sip-server.ts';
import { Inbox } from '../support/inbox.ts';
import { ManualScheduler } from '../support/manual-scheduler.ts';
import { RawClient } from '../support/raw-client.ts';
import type { Running, SrfClient, SrfDialog, SrfRequest, SrfResponse } from '../support/server.ts';
import { connectSrf, SECRET, startServer, TestLog, until } from '../support/server.ts';
import { SDP, UdpPeer } from '../support/sip-peer.ts';

describe('the drachtio control port', { timeout: 20_000 }, () => {
  let running: Running;

  before(async () => {
    running = await startServer();
  });
  after(() => running.stop());

  const connected = async (): Promise<RawClient> => {
    const client = await RawClient.connect(running.server.controlPort);
    assert.match(await client.ask(`authenticate|${SECRET}|`), /^OK\|tcp\/127\.0\.0\.1:\d+,udp\/127\.0\.0\.1:\d+\|v0\.9\.\d+\|tcp\//);
    return client;
  };

  it('F-11: a wrong secret: NO and closed; the library says so', async () => {
    const client = await RawClient.connect(running.server.controlPort);
    assert.equal(await client.ask('authenticate|wrong|'), 'NO|incorrect secret');
    await client.closed;
    const srf = new Srf() as unknown as SrfClient;
    srf.on('error', () => undefined);
    const refused = new Promise((resolve) => srf.on('connect', resolve));
    srf.connect({ host: '127.0.0.1', port: running.server.controlPort, secret: 'wrong' });
    assert.match(String(await refused), /failed to authenticate/);
    // `disconnect` throws while the library waits to reconnect (F-11): let it come back, then cut it off.
    await until(() => running.server.debugState().clients > 0);
    srf.disconnect();
    await until(() => running.server.debugState().clients === 0);
    assert.ok(!running.log.lines.join().includes('wrong,'), 'the secret is not logged');
  });

  it('F-3: nothing is accepted before authentication, unlike drachtio-server', async () => {
    for (const frame of ['route|invite', 'ping', 'sip||\r\nOPTIONS sip:a@127.0.0.1 SIP/2.0\r\n\r\n']) {
      const client = await RawClient.connect(running.server.controlPort);
      assert.equal(await client.ask(frame), 'NO|not authenticated');
      await client.closed;
    }
  });

  it('a client that does not authenticate is closed after 5 s', async () => {
    const client = await RawClient.connect(running.server.controlPort);
    await until(() => running.server.debugState().clients === 1);
    running.scheduler.advance(5000);
    await client.closed;
  });

  it('F-3: authenticate twice, any verb, remove_route of anything: OK; ping: pong', async () => {
    const client = await connected();
    assert.match(await client.ask(`authenticate|${SECRET}|`), /^OK/);
    assert.equal(await client.ask('route|foo'), 'OK');
    assert.equal(await client.ask('remove_route|foo'), 'OK');
    assert.equal(await client.ask('remove_route|options'), 'OK');
    assert.equal(await client.ask('ping'), 'OK|pong');
    client.close();
  });

  it('F-3: an unknown type: NO and closed', async () => {
    const client = await connected();
    assert.equal(await client.ask('bogus|x'), 'NO|Unknown message type');
    await client.closed;
  });

  for (const [name, bytes] of [
    ['no digits', 'hello world\r\n'],
    ['no number', '#'],
    ['more than 256 KiB', '999999#'],
    ['a binary blob', new Uint8Array([0, 255, 1, 254])],
  ] as const) {
    it(`F-3: bytes that are no frame (${name}): closed`, async () => {
      const client = await connected();
      client.sendBytes(bytes);
      await client.closed;
    });
  }

  it('frames in pieces of one byte', async () => {
    const client = await connected();
    for (const char of '41#11111111-1111-4111-8111-111111111111|ping') client.sendBytes(char);
    assert.match(await client.inbox.next(), /\|response\|11111111-1111-4111-8111-111111111111\|OK\|pong$/);
    client.close();
  });

  it('A.5: every sip frame gets its answer', async () => {
    const client = await connected();
    const cases: readonly (readonly [string, string | RegExp])[] = [
      ['sip||nosuch;from-tag=x\r\nBYE sip:placeholder SIP/2.0\r\n\r\n', 'NOK|Server error: unable to find dialog for dialog id provided'],
      ['sip|nosuch|\r\nSIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n', 'NOK|Response not sent due to unknown transaction'],
      ['sip||\r\nSIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n', 'NO|transaction id missing'],
      ['sip|nosuch|\r\nCANCEL sip:a@127.0.0.1:5999 SIP/2.0\r\n\r\n', 'NOK|unable to cancel unknown transaction id: nosuch'],
      ['sip|nosuch|\r\nINFO sip:a@127.0.0.1:5999 SIP/2.0\r\n\r\n', 'NOK|unable to cancel unknown transaction id: nosuch'],
      ['sip||\r\nACK sip:a@127.0.0.1:5999 SIP/2.0\r\n\r\n', /^NOK\|/],
      ['sip||\r\nOPTIONS nonsense SIP/2.0\r\n\r\n', 'NOK|invalid request-uri: OPTIONS nonsense SIP/2.0'],
      ['sip||\r\nrubbish\r\n\r\n', /^NOK\|invalid SIP message/],
      ['sip||', /^NOK\|invalid SIP message/],
      ['proxy|x||||serial|1|2|sip:a@127.0.0.1\r\nINVITE sip:a@127.0.0.1 SIP/2.0\r\n\r\n', 'NOK|Unknown transaction id: x'],
    ];
    for (const [frame, expected] of cases) {
      const answer = await client.ask(frame);
      if (typeof expected === 'string') assert.equal(answer, expected);
      else assert.match(answer, expected);
    }
    client.close();
  });

  it('D-34: CR and LF in a header value do not make a header', async () => {
    const bob = await UdpPeer.open(running.udp);
    const client = await connected();
    void client.ask(`sip||\r\nOPTIONS sip:bob@127.0.0.1:${bob.port} SIP/2.0\r\nX-Evil: a\rX-Injected: b\nX-Other: c\r\n\r\n`);
    const options = await bob.incoming('OPTIONS');
    assert.equal(headerValue(options, 'X-Injected'), undefined);
    assert.equal(headerValue(options, 'X-Other'), undefined);
    bob.respond(options, 200);
    await until(() => running.server.debugState().ownRequests === 0);
    client.close();
    await bob.close();
  });

  it('A.2: requests go round robin to the clients of a verb', async () => {
    const [one, two] = [await connected(), await connected()];
    await one.ask('route|message');
    await two.ask('route|message');
    const alice = await UdpPeer.open(running.udp);
    for (let index = 0; index < 4; index += 1) alice.send('MESSAGE', alice.newCall());
    await until(() => one.inbox.all.length === 2 && two.inbox.all.length === 2);
    one.close();
    two.close();
    await alice.response(503);
    await alice.close();
  });

  it('another client’s transactions and dialogs are unknown to a client', async () => {
    const [one, two] = [await connected(), await connected()];
    await one.ask('route|message');
    const alice = await UdpPeer.open(running.udp);
    alice.send('MESSAGE', alice.newCall());
    const pushed = await one.inbox.next((payload) => payload.includes('|sip|network|'));
    const transaction = pushed.split('|')[8] ?? '';
    const response = `sip|${transaction}|\r\nSIP/2.0 202 Accepted\r\nCSeq: 1 MESSAGE\r\n\r\n`;
    assert.equal(await two.ask(response), 'NOK|Response not sent due to unknown transaction');
    assert.match(await one.ask(response), /^OK\|application\|/);
    await alice.response(202);
    one.close();
    two.close();
    await alice.close();
  });

  describe('the client goes away (D-10, D-39, F-10)', () => {
    const callUp = async (): Promise<{ srf: SrfClient; alice: UdpPeer; dialog: SrfDialog; call: ReturnType<UdpPeer['newCall']> }> => {
      const invites = new Inbox<{ readonly req: SrfRequest; readonly res: SrfResponse }>();
      const srf = await connectSrf(running, (app) => app.invite((req, res) => invites.put({ req, res })));
      const alice = await UdpPeer.open(running.udp);
      const call = alice.newCall();
      alice.send('INVITE', call, { body: SDP });
      const { req, res } = await invites.next();
      const answered = srf.createUAS(req, res, { localSdp: SDP });
      await alice.response(200, call);
      alice.send('ACK', call, { branch: `${call.branch}-ack` });
      return { srf, alice, dialog: await answered, call };
    };

    it('a call up: the far end gets BYE, in-dialog requests get 481', async () => {
      const { srf, alice, call } = await callUp();
      srf.disconnect();
      const bye = await alice.incoming('BYE');
      alice.send('INFO', call, { cseq: 2, branch: `${call.branch}-info` });
      await alice.response(481, call);
      alice.respond(bye, 200);
      await until(() => running.server.debugState().stack.dialogs === 0);
      alice.send('INVITE', alice.newCall(), { body: SDP });
      await alice.response(503);
      await alice.close();
    });

    it('an INVITE not answered yet: 503', async () => {
      const client = await connected();
      await client.ask('route|invite');
      const alice = await UdpPeer.open(running.udp);
      const call = alice.newCall();
      alice.send('INVITE', call, { body: SDP });
      await client.inbox.next((payload) => payload.includes('|sip|network|'));
      client.close();
      await alice.response(503, call);
      alice.send('ACK', call);
      await alice.close();
    });

    it('an outgoing INVITE: CANCEL; answered all the same: ACK and BYE', async () => {
      const bob = await UdpPeer.open(running.udp);
      const client = await connected();
      void client.ask(`sip||\r\nINVITE sip:bob@127.0.0.1:${bob.port} SIP/2.0\r\n\r\n${SDP}`);
      const invite = await bob.incoming('INVITE');
      bob.respond(invite, 180);
      await client.inbox.next((payload) => payload.includes('180 Answer'));
      client.close();
      await bob.incoming('CANCEL');
      bob.respond(invite, 200, { body: SDP });
      await bob.incoming('ACK');
      const bye = await bob.incoming('BYE');
      bob.respond(bye, 200);
      await until(() => running.server.debugState().stack.dialogs === 0);
      await bob.close();
    });

    it('D.2: on shutdown callers get BYE, the application an unsolicited one', async () => {
      const other = await startServer();
      const invites = new Inbox<{ readonly req: SrfRequest; readonly res: SrfResponse }>();
      const srf = await connectSrf(other, (app) => app.invite((req, res) => invites.put({ req, res })));
      const alice = await UdpPeer.open(other.udp);
      const call = alice.newCall();
      alice.send('INVITE', call, { body: SDP });
      const { req, res } = await invites.next();
      const answered = srf.createUAS(req, res, { localSdp: SDP });
      await alice.response(200, call);
      alice.send('ACK', call, { branch: `${call.branch}-ack` });
      const dialog = await answered;
      const destroyed = new Promise<string>((resolve) => dialog.on('destroy', (bye) => resolve(bye.source)));
      const closed = other.server.close();
      alice.respond(await alice.incoming('BYE'), 200);
      assert.equal(await destroyed, 'application');
      srf.disconnect();
      await closed;
      await alice.close();
    });
  });

  it('a control port in use: control_port_in_use, and the SIP ports are free again', async () => {
    const make = (port: number) =>
      createSipServer({ listen: [{ transport: 'udp', host: '127.0.0.1', port: 0 }], control: { host: '127.0.0.1', port, secret: 'x' }, scheduler: new ManualScheduler(), log: new TestLog(), random: (count) => new Uint8Array(count) });
    const second = make(running.server.controlPort);
    await assert.rejects(second.start(), (error) => (error as { code: string }).code === 'control_port_in_use');
    assert.deepEqual(second.sipAddresses, []);
  });

  it('leaves nothing behind', () => {
    running.scheduler.advance(700_000);
    const { stack, pendingRequests, ownRequests, dialogs } = running.server.debugState();
    assert.deepEqual([pendingRequests, ownRequests, dialogs, stack.serverTransactions, stack.clientTransactions, stack.dialogs], [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
  });
});
