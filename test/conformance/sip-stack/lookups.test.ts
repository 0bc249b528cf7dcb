/** Where requests go: RFC 3263 lookups against a DNS server on loopback, failover, and addresses of both families. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import type { TestCertificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import { DnsServer } from '../support/dns-server.ts';
import { Inbox } from '../support/inbox.ts';
import { TlsPeer } from '../support/secure-peers.ts';
import { until } from '../support/server.ts';
import type { SipPeer } from '../support/sip-peer.ts';
import { TcpPeer, UdpPeer } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

const NOWHERE = { host: '127.0.0.1', port: 9 };

describe('RFC 3263: locating SIP servers', { timeout: 30_000 }, () => {
  let running: RunningStack;
  let dns: DnsServer;
  let first: UdpPeer;
  let second: UdpPeer;
  let own: TestCertificate;
  let overTcp: Awaited<ReturnType<typeof TcpPeer.listen>>;
  let overTls: Awaited<ReturnType<typeof TlsPeer.listen>>;

  before(async () => {
    own = makeCertificate('secure.example');
    [first, second, overTcp, overTls] = await Promise.all([UdpPeer.open(NOWHERE), UdpPeer.open(NOWHERE), TcpPeer.listen(), TlsPeer.listen(own)]);
    const here = { type: 'A', address: '127.0.0.1' } as const;
    const srv = (priority: number, port: number, target = 'host.example') => ({ type: 'SRV', priority, weight: 1, port, target }) as const;
    dns = await DnsServer.start({
      'host.example': [here],
      'secure.example': [here],
      'pair.example': [],
      '_sip._udp.pair.example': [srv(20, second.port), srv(10, first.port)],
      'naptr.example': [
        { type: 'NAPTR', order: 10, preference: 20, flags: 's', service: 'SIP+D2U', replacement: '_sip._udp.pair.example' },
        { type: 'NAPTR', order: 10, preference: 10, flags: 's', service: 'SIP+D2T', replacement: 'tcp.naptr.example' },
        { type: 'NAPTR', order: 5, preference: 10, flags: 's', service: 'SIP+D2S', replacement: 'sctp.naptr.example' },
      ],
      'tcp.naptr.example': [srv(1, overTcp.port)],
      '_sips._tcp.secure.example': [srv(1, overTls.port)],
      'none.example': [here],
      '_sip._udp.none.example': [srv(0, 0, '.')],
    });
    running = await startStack({
      nameServers: [dns.address],
      listen: [
        { transport: 'udp', host: '127.0.0.1', port: 0 },
        { transport: 'tcp', host: '127.0.0.1', port: 0 },
        { transport: 'tls', host: '127.0.0.1', port: 0 },
      ],
      tls: { certFile: own.certFile, keyFile: own.keyFile, caFile: own.certFile, verify: 'servers' },
    });
  });
  after(async () => {
    await running.stack.close();
    await Promise.all([dns.close(), first.close(), second.close()]);
    overTcp.close();
    overTls.close();
    own.remove();
  });

  interface Sent {
    readonly statuses: Inbox<number>;
    /** The first copy of it a peer got; peers also get what is repeated. */
    readonly at: (peer: SipPeer) => Promise<SipRequest>;
  }

  const send = async (method: string, uri: string): Promise<Sent> => {
    const statuses = new Inbox<number>();
    const sent = await running.stack.request({ method, uri }, { onResponse: (response) => statuses.put(response.message.status) });
    assert.ok(sent.ok, sent.ok ? '' : sent.error.message);
    const callId = headerValue(sent.value.request.message, 'Call-ID');
    return {
      statuses,
      at: async (peer) => {
        const message = await peer.inbox.next((item) => item.kind === 'request' && item.method === method && headerValue(item, 'Call-ID') === callId);
        if (message.kind !== 'request') throw new Error('not a request');
        return message;
      },
    };
  };
  /** Both peers have been sent to: they are not probed for an open port any more. */
  const aim = (): void => {
    for (const peer of [first, second]) {
      peer.aim(running.at('udp'));
      peer.sendRaw('\r\n\r\n');
    }
  };

  it('§4.2: SRV by priority', async () => {
    aim();
    const { statuses, at } = await send('OPTIONS', 'sip:pair.example');
    first.respond(await at(first), 200);
    assert.equal(await statuses.next(), 200);
  });
  it('§4.3: 503: the next server gets the request with a new branch, all else as it was', async () => {
    const { statuses, at } = await send('INVITE', 'sip:pair.example');
    const one = await at(first);
    first.respond(one, 503);
    assert.equal((await first.incoming('ACK')).method, 'ACK');
    const two = await at(second);
    const but = (request: SipRequest): unknown => ({ ...request, headers: request.headers.filter(({ name }) => name !== 'Via') });
    assert.deepEqual(but(two), but(one));
    assert.notEqual(headerValue(two, 'Via'), headerValue(one, 'Via'));
    second.respond(two, 486);
    assert.equal(await statuses.next(), 486);
    assert.equal(statuses.all.length, 0);
  });
  it('§4.3: no answer for 64*T1: the next server', async () => {
    const { statuses, at } = await send('OPTIONS', 'sip:pair.example');
    await at(first);
    running.scheduler.advance(32_000);
    second.respond(await at(second), 200);
    assert.equal(await statuses.next(), 200);
    assert.equal(running.counter('failovers'), 2);
  });
  it('§4.3 in a call: a proxy of its route that refuses is gone round, BYE and all', async () => {
    aim();
    const call = first.newCall();
    first.send('INVITE', call, { extra: ['Record-Route: <sip:pair.example;lr>'] });
    const transaction = await running.requests.next();
    transaction.respond({ status: 200 });
    await first.response(200, call);
    first.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
    const statuses = new Inbox<number>();
    await transaction.dialog?.request({ method: 'BYE' }, { onResponse: (response) => statuses.put(response.message.status) });
    const one = await first.incoming('BYE');
    first.respond(one, 503);
    const two = await second.incoming('BYE');
    assert.equal(headerValue(two, 'CSeq'), headerValue(one, 'CSeq'));
    assert.notEqual(headerValue(two, 'Via'), headerValue(one, 'Via'));
    second.respond(two, 200);
    assert.equal(await statuses.next(), 200);
    assert.equal(running.stack.debugState().dialogs, 0);
  });
  it('§4.3: 486 is an answer; the last 503 is one, too', async () => {
    const busy = await send('OPTIONS', 'sip:pair.example');
    first.respond(await busy.at(first), 486);
    assert.equal(await busy.statuses.next(), 486);
    const full = await send('OPTIONS', 'sip:pair.example');
    first.respond(await full.at(first), 503);
    second.respond(await full.at(second), 503);
    assert.equal(await full.statuses.next(), 503);
  });
  it('§4.1: NAPTR chooses the transport, of those we have', async () => {
    const { statuses, at } = await send('OPTIONS', 'sip:naptr.example');
    const peer = await overTcp.accepted;
    const request = await at(peer);
    assert.match(headerValue(request, 'Via') ?? '', /^SIP\/2\.0\/TCP /);
    peer.respond(request, 200);
    assert.equal(await statuses.next(), 200);
    await peer.close();
  });
  it('§4.1: a transport parameter leaves SRV to ask; a port leaves the address', async () => {
    dns.asked.length = 0;
    const { statuses, at } = await send('OPTIONS', `sip:host.example:${first.port}`);
    first.respond(await at(first), 200);
    assert.equal(await statuses.next(), 200);
    assert.deepEqual(dns.asked.filter((question) => !question.startsWith('28 ')), ['A host.example']);
  });
  it('§4.1, RFC 5922 §7.1: sips: SRV _sips._tcp, and a certificate for the name in the URI', async () => {
    const { statuses, at } = await send('OPTIONS', 'sips:secure.example');
    const peer = await overTls.accepted;
    assert.equal(peer.serverName, 'secure.example');
    peer.respond(await at(peer), 200);
    assert.equal(await statuses.next(), 200);
    await peer.close();
  });
  it('RFC 2782: SRV "." says there is no such service, and a name does not exist: host_not_found', async () => {
    for (const uri of ['sip:none.example', 'sip:nobody.example']) {
      const result = await running.stack.request({ method: 'OPTIONS', uri }, { onResponse: () => undefined });
      assert.equal(!result.ok && result.error.code, 'host_not_found');
    }
  });
  it('§5: the response of a connection that is gone goes where the name in the Via leads', async () => {
    const peer = await TcpPeer.connect(running.at('tcp'));
    const call = peer.newCall();
    const far = await TcpPeer.listen();
    peer.sendRaw(peer.requestText('MESSAGE', call).replace(`${peer.host}:${peer.port};branch`, `host.example:${far.port};branch`));
    const transaction = await running.requests.next();
    await peer.close();
    await until(() => running.stack.debugState().connections === 0);
    transaction.respond({ status: 200 });
    const answered = await far.accepted;
    assert.equal((await answered.response(200)).status, 200);
    await answered.close();
    far.close();
  });
  it('leaves nothing behind', () => {
    running.scheduler.advance(64_000);
    const { clientTransactions, serverTransactions } = running.stack.debugState();
    assert.deepEqual([clientTransactions, serverTransactions], [0, 0]);
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

describe('IPv6 beside IPv4', { timeout: 20_000, skip: hasIpv6 ? false : 'this machine has no ::1' }, () => {
  it('RFC 5118: the same port number on 0.0.0.0 and ::, addresses in brackets, answers in the family they were asked in', async () => {
    const four = await startStack({ listen: [{ transport: 'udp', host: '0.0.0.0', port: 0 }] });
    const [{ port } = NOWHERE] = four.stack.addresses;
    await four.stack.close();
    const both = await startStack({ listen: [{ transport: 'udp', host: '0.0.0.0', port }, { transport: 'udp', host: '::', port }, { transport: 'tcp', host: '::', port }] });
    const statuses = new Inbox<string>();
    const peer = await startStack({ listen: [{ transport: 'udp', host: '::1', port: 0 }, { transport: 'tcp', host: '::1', port: 0 }] });
    for (const transport of ['udp', 'tcp'] as const) {
      const { port: at } = peer.at(transport, '::1');
      const sent = await both.stack.request({ method: 'INVITE', uri: `sip:bob@[::1]:${at};transport=${transport}` }, { onResponse: (response) => statuses.put(headerValue(response.message, 'Contact') ?? '') });
      assert.ok(sent.ok, sent.ok ? '' : sent.error.message);
      assert.match(headerValue(sent.value.request.message, 'Via') ?? '', new RegExp(`^SIP/2.0/${transport.toUpperCase()} \\[::1\\]:${port};`));
      const transaction = await peer.requests.next();
      assert.equal(transaction.request.flow.remote.host, '::1');
      transaction.respond({ status: 200 });
      assert.equal(await statuses.next(), `<sip:[::1]:${at}${transport === 'tcp' ? ';transport=tcp' : ''}>`);
    }
    await Promise.all([both.stack.close(), peer.stack.close()]);
  });
});
