import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import { headerValue, headerValues } from '../../../src/protocol/sip/message.ts';
import { Inbox } from '../support/inbox.ts';
import { RawClient } from '../support/raw-client.ts';
import type { ProxyResults, Running, SrfClient, SrfRequest } from '../support/server.ts';
import { connectSrf, SECRET, startServer, until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';

type Options = NonNullable<Parameters<SrfClient['proxyRequest']>[2]>;

interface Scene {
  readonly running: Running;
  readonly alice: UdpPeer;
  readonly bob: UdpPeer;
  readonly carol: UdpPeer;
  readonly call: Call;
  /** What `proxyRequest` answered; its error as text. */
  readonly results: Inbox<ProxyResults | string>;
  result(): Promise<ProxyResults>;
  close(): Promise<void>;
}

const at = (peer: { readonly port: number }): string => `127.0.0.1:${peer.port}`;

/** An application that proxies every INVITE and MESSAGE to bob and carol, or where `to` says. */
async function scene(options: Options = {}, to?: (bob: UdpPeer, carol: UdpPeer) => string[], server: Parameters<typeof startServer>[0] = {}): Promise<Scene> {
  const running = await startServer(server);
  const [alice, bob, carol] = await Promise.all([UdpPeer.open(running.udp), UdpPeer.open(running.udp), UdpPeer.open(running.udp)]);
  const results = new Inbox<ProxyResults | string>();
  const srf = await connectSrf(running, (app) => {
    const proxy = (req: SrfRequest): void => {
      app.proxyRequest(req, to?.(bob, carol) ?? [at(bob), at(carol)], { ...options }).then(
        (result) => results.put(result),
        (error: unknown) => results.put(String(error)),
      );
    };
    app.invite(proxy);
    app.message(proxy);
  });
  return {
    running,
    alice,
    bob,
    carol,
    call: alice.newCall(),
    results,
    result: async () => {
      const result = await results.next();
      if (typeof result === 'string') throw new Error(result);
      return result;
    },
    close: async () => {
      srf.disconnect();
      await Promise.all([alice.close(), bob.close(), carol.close()]);
      await running.stop();
    },
  };
}

const idle = ({ running }: Scene): number => {
  const { serverTransactions, clientTransactions, dialogs } = running.server.debugState().stack;
  return serverTransactions + clientTransactions + dialogs;
};

const route = (request: SipRequest): string[] => headerValues(request, 'Record-Route');

describe('RFC 3261 §16 proxy, controlled by srf.proxyRequest', { timeout: 10_000 }, () => {
  it('§16.6: the copy has one Via more, one forward less, the same Request-URI and body; §16.7: responses lose our Via', async () => {
    const on = await scene({ headers: { 'X-Room': '7', Subject: 'changed' } });
    const { alice, bob, call, running } = on;
    alice.send('INVITE', call, { body: SDP, extra: ['Subject: as sent', 'X-Unknown: kept', 'Route: <sip:127.0.0.1:9;lr>'] });
    const invite = await bob.incoming('INVITE');
    assert.equal(invite.uri, 'sip:1000@vestibule.example');
    assert.equal(headerValues(invite, 'Via').length, 2);
    assert.match(headerValues(invite, 'Via')[0] ?? '', new RegExp(`^SIP/2.0/UDP 127.0.0.1:${running.udp.port};`));
    assert.equal(headerValue(invite, 'Max-Forwards'), '69');
    assert.deepEqual([headerValue(invite, 'X-Room'), headerValue(invite, 'X-Unknown'), headerValues(invite, 'Subject')], ['7', 'kept', ['changed']]);
    assert.deepEqual([route(invite), headerValues(invite, 'Route')], [[], []]);
    assert.equal(invite.body, SDP);
    bob.respond(invite, 100);
    bob.respond(invite, 180);
    const ringing = await alice.response(180, call);
    assert.equal(headerValues(ringing, 'Via').length, 1);
    bob.respond(invite, 200, { body: SDP });
    const answer = await alice.response(200, call);
    assert.equal(answer.body, SDP);
    assert.equal(headerValue(answer, 'Contact'), `<sip:bob@${at(bob)}>`);
    const { connected, finalStatus, responses } = await on.result();
    assert.deepEqual([connected, finalStatus, responses.map(({ port, msgs }) => [port, msgs.map(({ status }) => status)])], [true, 200, [[bob.port, [200]]]]);
    // RFC 6026 §7.2, §8.1: the 2xx that comes again is passed on again, and absorbed nowhere.
    bob.respond(invite, 200, { body: SDP });
    await alice.response(200, call);
    running.scheduler.advance(33_000);
    assert.equal(idle(on), 0);
    await on.close();
  });

  it('a Request-URI that names the server is replaced by the destination', async () => {
    const on = await scene();
    on.alice.send('INVITE', on.call, { uri: `sip:room@${at(on.running.udp)}` });
    assert.equal((await on.bob.incoming('INVITE')).uri, `sip:${at(on.bob)}`);
    await on.close();
  });

  it('§16.12: record-routed, ACK, BYE and re-INVITE pass by the Route, to where the Contacts say, and nobody else gets through', async () => {
    const on = await scene({ remainInDialog: true });
    const { alice, bob, carol, call } = on;
    alice.send('INVITE', call, { body: SDP });
    const invite = await bob.incoming('INVITE');
    const [ours = ''] = route(invite);
    assert.match(ours, /^<sip:[0-9a-f]+@127\.0\.0\.1:[0-9]+;lr>$/);
    bob.respond(invite, 200, { body: SDP });
    assert.deepEqual(headerValues(await alice.response(200, call), 'Record-Route'), [ours]);
    await on.result();

    alice.send('ACK', call, { uri: `sip:bob@${at(bob)}`, branch: 'z9hG4bKack', extra: [`Route: ${ours}`] });
    const ack = await bob.incoming('ACK');
    assert.deepEqual([ack.uri, headerValues(ack, 'Via').length, headerValues(ack, 'Route'), headerValue(ack, 'Max-Forwards')], [`sip:bob@${at(bob)}`, 2, [], '69']);

    alice.send('INVITE', call, { uri: `sip:bob@${at(bob)}`, branch: 'z9hG4bKre', cseq: 2, body: SDP, extra: [`Route: ${ours}`] });
    const again = await bob.incoming('INVITE');
    bob.respond(again, 491);
    assert.equal((await alice.response(491, call)).status, 491);
    assert.equal((await bob.incoming('ACK')).uri, `sip:bob@${at(bob)}`);

    // A strict router before us: we are the Request-URI, and what that was is the last Route (§16.4).
    alice.send('INFO', call, { uri: ours.slice(1, -1), branch: 'z9hG4bKstrict', cseq: 3, extra: [`Route: <sip:bob@${at(bob)}>`] });
    const info = await bob.incoming('INFO');
    assert.deepEqual([info.uri, headerValues(info, 'Route')], [`sip:bob@${at(bob)}`, []]);
    bob.respond(info, 200);
    await alice.response(200, call);

    // Our Route belongs to one call: with another Call-ID it opens nothing.
    const forged = alice.newCall();
    alice.send('BYE', { ...forged, toTag: 'x' }, { uri: `sip:carol@${at(carol)}`, extra: [`Route: ${ours}`] });
    await alice.response(481, forged);
    assert.equal(carol.inbox.all.length, 0);

    alice.send('BYE', call, { uri: `sip:bob@${at(bob)}`, branch: 'z9hG4bKbye', cseq: 4, extra: [`Route: ${ours}`] });
    const bye = await bob.incoming('BYE');
    bob.respond(bye, 200);
    await alice.response(200, call);
    on.running.scheduler.advance(40_000);
    assert.equal(idle(on), 0);
    await on.close();
  });

  it('RFC 5658 §3: between two transports both sides are record-routed', async () => {
    const on = await scene({ remainInDialog: true }, (bob) => [at(bob)]);
    const tcp = await TcpPeer.connect(on.running.tcp);
    const call = tcp.newCall();
    tcp.send('INVITE', call, { body: SDP });
    const routes = route(await on.bob.incoming('INVITE'));
    assert.deepEqual(routes.map((value) => value.replace(/^<sip:[0-9a-f]+@/, '')), [`${at(on.running.udp)};lr>`, `${at(on.running.tcp)};transport=tcp;lr>`]);
    await tcp.close();
    await on.close();
  });

  it('§16.7 serial: the next destination is asked when one refuses, and the caller hears only of the last', async () => {
    const on = await scene();
    const { alice, bob, carol, call } = on;
    alice.send('INVITE', call);
    bob.respond(await bob.incoming('INVITE'), 486);
    await bob.incoming('ACK');
    const second = await carol.incoming('INVITE');
    assert.equal(bob.inbox.all.length, 0);
    carol.respond(second, 200);
    await alice.response(200, call);
    const { connected, responses } = await on.result();
    // The library puts what comes from one address and another port to the last one's.
    assert.deepEqual([connected, responses.map(({ msgs }) => msgs.map(({ status }) => status))], [true, [[486, 200]]]);
    assert.equal(alice.inbox.all.filter((message) => message.kind === 'response' && message.status >= 300).length, 0);
    await on.close();
  });

  it('§16.7 steps 5 and 10 simultaneous: the first 2xx cancels the other, a second 2xx is passed on all the same', async () => {
    const on = await scene({ forking: 'simultaneous' });
    const { alice, bob, carol, call } = on;
    alice.send('INVITE', call);
    const [one, two] = await Promise.all([bob.incoming('INVITE'), carol.incoming('INVITE')]);
    assert.notEqual(headerValues(one, 'Via')[0], headerValues(two, 'Via')[0]);
    bob.respond(one, 180, { tag: 'bob' });
    carol.respond(two, 180, { tag: 'carol' });
    await Promise.all([alice.response(180), alice.response(180)]);
    bob.respond(one, 200, { tag: 'bob' });
    assert.match(headerValue(await alice.response(200), 'To') ?? '', /tag=bob/);
    const cancel = await carol.incoming('CANCEL');
    assert.equal(headerValues(cancel, 'Via')[0], headerValues(two, 'Via')[0]);
    carol.respond(cancel, 200);
    carol.respond(two, 200, { tag: 'carol' });
    assert.match(headerValue(await alice.response(200), 'To') ?? '', /tag=carol/);
    assert.equal((await on.result()).connected, true);
    await on.close();
  });

  it('§16.10: a CANCEL is answered, passed on to every branch, and the 487 comes back', async () => {
    const on = await scene({ forking: 'simultaneous' });
    const { alice, bob, carol, call } = on;
    alice.send('INVITE', call);
    const invites = await Promise.all([bob.incoming('INVITE'), carol.incoming('INVITE')]);
    bob.respond(invites[0], 180);
    carol.respond(invites[1], 183);
    await Promise.all([alice.response(180, call), alice.response(183, call)]);
    alice.send('CANCEL', { ...call, toTag: undefined });
    await alice.response(200, call);
    for (const [peer, invite] of [[bob, invites[0]], [carol, invites[1]]] as const) {
      peer.respond(await peer.incoming('CANCEL'), 200);
      peer.respond(invite, 487);
    }
    assert.equal((await alice.response(487, call)).status, 487);
    const { connected, finalStatus } = await on.result();
    assert.deepEqual([connected, finalStatus], [false, 487]);
    await on.close();
  });

  it('provisionalTimeout: a destination that says nothing is left for the next', async () => {
    const on = await scene({ provisionalTimeout: '2s' });
    on.alice.send('INVITE', on.call);
    await on.bob.incoming('INVITE');
    on.running.scheduler.advance(2000);
    const second = await on.carol.incoming('INVITE');
    on.carol.respond(second, 603);
    assert.equal((await on.alice.response(603, on.call)).status, 603);
    await on.close();
  });

  it('finalTimeout: a destination that only rings is cancelled and left for the next; with none left the caller gets 408', async () => {
    const on = await scene({ finalTimeout: '1500ms' });
    const { alice, bob, carol, call, running } = on;
    alice.send('INVITE', call);
    const first = await bob.incoming('INVITE');
    bob.respond(first, 180);
    await alice.response(180, call);
    running.scheduler.advance(1500);
    bob.respond(await bob.incoming('CANCEL'), 200);
    bob.respond(first, 487);
    const second = await carol.incoming('INVITE');
    carol.respond(second, 180);
    await alice.response(180, call);
    running.scheduler.advance(1500);
    await carol.incoming('CANCEL');
    assert.equal((await alice.response(408, call)).status, 408);
    assert.equal((await on.result()).connected, false);
    await on.close();
  });

  it('§16.6 step 11, §16.8: Timer C ends what only rings, and every 1xx but 100 sets it anew', async () => {
    const on = await scene({}, (bob) => [at(bob)]);
    const { alice, bob, call, running } = on;
    alice.send('INVITE', call);
    const invite = await bob.incoming('INVITE');
    bob.respond(invite, 180);
    await alice.response(180, call);
    running.scheduler.advance(184_000);
    bob.respond(invite, 180);
    await alice.response(180, call);
    running.scheduler.advance(184_000);
    assert.deepEqual(bob.inbox.all, []);
    running.scheduler.advance(1000);
    await bob.incoming('CANCEL');
    assert.equal((await alice.response(408, call)).status, 408);
    await on.close();
  });

  for (const [clause, first, second, wanted] of [
    ['step 6: 6xx before everything', 486, 603, 603],
    ['step 6: the lowest class', 500, 404, 404],
    ['step 6: what says how to ask again, within 4xx', 404, 415, 415],
    ['step 6: a 503 becomes a 500', 503, 503, 500],
    ['step 6: a 3xx before a 4xx', 486, 302, 302],
  ] as const) {
    it(`§16.7 ${clause}: ${first} and ${second} give ${wanted}`, async () => {
      const on = await scene({ forking: 'simultaneous' });
      on.alice.send('INVITE', on.call);
      const [one, two] = await Promise.all([on.bob.incoming('INVITE'), on.carol.incoming('INVITE')]);
      on.bob.respond(one, first, { extra: ['X-From: bob'] });
      await on.bob.incoming('ACK');
      on.carol.respond(two, second, { extra: ['X-From: carol'] });
      const answer = await on.alice.response(wanted, on.call);
      if (wanted !== 500) assert.equal(headerValue(answer, 'X-From'), wanted === second ? 'carol' : 'bob');
      assert.equal((await on.result()).connected, false);
      await on.close();
    });
  }

  it('§16.7 step 5: a 6xx cancels what still rings and starts nothing more', async () => {
    const on = await scene({ forking: 'simultaneous' });
    on.alice.send('INVITE', on.call);
    const [one, two] = await Promise.all([on.bob.incoming('INVITE'), on.carol.incoming('INVITE')]);
    on.carol.respond(two, 180);
    await on.alice.response(180, on.call);
    on.bob.respond(one, 600);
    on.carol.respond(await on.carol.incoming('CANCEL'), 200);
    on.carol.respond(two, 487);
    await on.alice.response(600, on.call);
    await on.close();
  });

  it('§16.7 step 7: the challenges of all destinations are collected', async () => {
    const on = await scene({ forking: 'simultaneous' });
    on.alice.send('INVITE', on.call);
    const [one, two] = await Promise.all([on.bob.incoming('INVITE'), on.carol.incoming('INVITE')]);
    on.bob.respond(one, 401, { extra: ['WWW-Authenticate: Digest realm="bob", nonce="1"'] });
    await on.bob.incoming('ACK');
    on.carol.respond(two, 407, { extra: ['Proxy-Authenticate: Digest realm="carol", nonce="2"'] });
    const answer = await on.alice.response(401, on.call);
    assert.deepEqual([headerValues(answer, 'WWW-Authenticate').length, headerValues(answer, 'Proxy-Authenticate').length], [1, 1]);
    await on.close();
  });

  it('§16.7: nobody answers: 408 to an INVITE; RFC 4320 §4.2: nothing to a MESSAGE', async () => {
    const on = await scene({}, (bob) => [at(bob)]);
    on.alice.send('INVITE', on.call);
    await on.bob.incoming('INVITE');
    on.running.scheduler.advance(32_000);
    await on.alice.response(408, on.call);
    on.alice.send('ACK', on.call);
    assert.deepEqual(await on.result(), { connected: false, responses: [] });
    const other = on.alice.newCall();
    on.alice.send('MESSAGE', other, { body: 'v=0' });
    await on.bob.incoming('MESSAGE');
    on.running.scheduler.advance(32_000);
    await on.result();
    on.running.scheduler.advance(40_000);
    assert.deepEqual(on.alice.inbox.all.filter((message) => headerValue(message, 'Call-ID') === other.callId), []);
    assert.equal(idle(on), 0);
    await on.close();
  });

  it('a request that is no INVITE goes through with body and answer', async () => {
    const on = await scene({}, (bob) => [at(bob)]);
    on.alice.send('MESSAGE', on.call, { body: 'v=0 hello' });
    const message = await on.bob.incoming('MESSAGE');
    assert.equal(message.body, 'v=0 hello');
    on.bob.respond(message, 202);
    await on.alice.response(202, on.call);
    await on.result();
    await on.close();
  });

  for (const follow of [true, false]) {
    it(`§16.5, §16.7 step 4: a 302 is ${follow ? 'followed, its Contact being the Request-URI' : 'passed on'}`, async () => {
      const on = await scene({ followRedirects: follow }, (bob) => [at(bob)]);
      on.alice.send('INVITE', on.call);
      const invite = await on.bob.incoming('INVITE');
      on.bob.respond(invite, 302, { extra: [`Contact: <sip:else@${at(on.carol)}>`] });
      if (follow) {
        const second = await on.carol.incoming('INVITE');
        assert.equal(second.uri, `sip:else@${at(on.carol)}`);
        on.carol.respond(second, 200);
        await on.alice.response(200, on.call);
      } else await on.alice.response(302, on.call);
      assert.equal((await on.result()).connected, follow);
      await on.close();
    });
  }

  for (const [clause, leaveOut, extra, status, text] of [
    ['§16.3 step 3: no forwards left', ['Max-Forwards'], ['Max-Forwards: 0'], 483, /483 Too Many Hops/],
    ['§16.3 step 5: an extension asked of proxies', [], ['Proxy-Require: teleport'], 420, /420/],
  ] as const) {
    it(`${clause}: ${status}`, async () => {
      const on = await scene();
      on.alice.send('INVITE', on.call, { leaveOut, extra });
      const answer = await on.alice.response(status, on.call);
      if (status === 420) assert.equal(headerValue(answer, 'Unsupported'), 'teleport');
      assert.match(JSON.stringify(await on.results.next()), text);
      assert.equal(on.bob.inbox.all.length, 0);
      await on.close();
    });
  }

  it('§16.3 step 4, RFC 5393: a request that comes back unchanged is a loop, 482; one with another Request-URI is not', async () => {
    const on = await scene({}, (bob) => [at(bob)]);
    const { alice, bob, call } = on;
    alice.send('INVITE', call);
    const copy = await bob.incoming('INVITE');
    const from = `From: ${headerValue(copy, 'From') ?? ''}`;
    const text = (uri: string, branch: string): string =>
      bob.requestText('INVITE', call, { uri, branch, leaveOut: ['From'], extra: [from, ...headerValues(copy, 'Via').map((via) => `Via: ${via}`)] });
    bob.sendRaw(text(copy.uri, 'z9hG4bKback'));
    await bob.response(482);
    assert.match(JSON.stringify(await on.results.next()), /482 Loop/);
    bob.sendRaw(text('sip:2000@vestibule.example', 'z9hG4bKspiral'));
    assert.equal((await bob.incoming('INVITE')).uri, 'sip:2000@vestibule.example');
    await on.close();
  });

  it('a destination that is no SIP URI: 500 to the caller, an error to the application', async () => {
    const on = await scene({}, () => ['not a host']);
    on.alice.send('INVITE', on.call);
    await on.alice.response(500, on.call);
    assert.match(JSON.stringify(await on.results.next()), /error proxying request/);
    await on.close();
  });

  it('§16.9: a destination that refuses the connection counts as 503, and the next is asked', async () => {
    const on = await scene({}, (bob, carol) => [`${at(bob)};transport=tcp`, at(carol)]);
    on.alice.send('INVITE', on.call);
    on.carol.respond(await on.carol.incoming('INVITE'), 200);
    await on.alice.response(200, on.call);
    await on.close();
  });

  for (const [trustedPeers, told] of [[[], false], [['127.0.0.0/8'], true]] as const) {
    it(`RFC 3325 §5, §7: under Privacy: id the identity of a trusted caller ${told ? 'reaches a trusted' : 'does not reach an untrusted'} destination`, async () => {
      const on = await scene({}, (bob) => [at(bob)], { trustedPeers });
      on.alice.send('INVITE', on.call, { extra: ['P-Asserted-Identity: <sip:1@example.org>', 'Privacy: id'] });
      assert.equal(headerValue(await on.bob.incoming('INVITE'), 'P-Asserted-Identity') !== undefined, told);
      await on.close();
    });
  }

  it('the client that asked goes away: the call it proxied goes on', async () => {
    const running = await startServer();
    const [alice, bob] = await Promise.all([UdpPeer.open(running.udp), UdpPeer.open(running.udp)]);
    const client = await RawClient.connect(running.server.controlPort);
    await client.ask(`authenticate|${SECRET}|`);
    await client.ask('route|invite');
    const call = alice.newCall();
    alice.send('INVITE', call);
    const pushed = await client.inbox.next((payload) => payload.split('|')[1] === 'sip');
    const transaction = pushed.split('|')[8] ?? '';
    // Without fullResponse the client hears `done` at once.
    assert.equal(await client.ask(`proxy|${transaction}||||serial|||sip:${at(bob)}\r\nINVITE sip:${at(bob)} SIP/2.0\r\n\r\n`), 'OK|done');
    assert.match(await client.ask(`proxy|${transaction}||||serial|||sip:${at(bob)}\r\nINVITE sip:${at(bob)} SIP/2.0\r\n\r\n`), /^NOK\|Unknown transaction id/);
    const invite = await bob.incoming('INVITE');
    client.close();
    await until(() => running.server.debugState().clients === 0);
    bob.respond(invite, 200);
    await alice.response(200, call);
    await Promise.all([alice.close(), bob.close()]);
    await running.stop();
  });

  it('§12.1.2: a request in the early dialog of one fork reaches the client though another fork rang later', async () => {
    const running = await startServer();
    const [bob, client] = await Promise.all([UdpPeer.open(running.udp), RawClient.connect(running.server.controlPort)]);
    await client.ask(`authenticate|${SECRET}|`);
    await client.ask(`sip||\r\nINVITE sip:${at(bob)} SIP/2.0\r\n\r\n`);
    const invite = await bob.incoming('INVITE');
    for (const tag of ['one', 'two']) bob.respond(invite, 180, { tag, extra: [`Contact: <sip:bob@${at(bob)}>`] });
    const pushed = (text: string): Promise<string> => client.inbox.next((payload) => payload.split('|')[1] === 'sip' && payload.includes(text));
    await Promise.all([pushed('tag=one'), pushed('tag=two')]);
    const ours = /tag=([^;]+)/.exec(headerValue(invite, 'From') ?? '')?.[1];
    bob.send('INFO', { callId: headerValue(invite, 'Call-ID') ?? '', fromTag: 'one', branch: 'z9hG4bKfork', toTag: ours });
    assert.match(await pushed('INFO sip:'), /from-tag=/);
    client.close();
    await bob.close();
    await running.stop();
  });
});
