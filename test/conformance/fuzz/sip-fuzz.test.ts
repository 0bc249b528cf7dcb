import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RawClient } from '../support/raw-client.ts';
import type { Running } from '../support/server.ts';
import { SECRET, startServer, until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, TcpPeer, UdpPeer } from '../support/sip-peer.ts';
import { Dice, mutant, mutations } from './mutate.ts';

const SEED = 20_261_122;
const CASES = 10_000;
/** Sent before the server is asked for an answer: few enough for the buffer of its socket. */
const BATCH = 10;

describe('spoiled SIP messages against the running server, a call up meanwhile', { timeout: 240_000 }, () => {
  let running: Running;
  let alice: UdpPeer;
  let call: Call;
  let cseq = 1;
  let app: RawClient;

  before(async () => {
    running = await startServer({ limits: { messagesPerSource: 1e9, invitesPerSource: 1e9, registersPerSource: 1e9, optionsPerSource: 1e9 } });
    app = await RawClient.connect(running.server.controlPort);
    await app.ask(`authenticate|${SECRET}|`);
    for (const verb of ['invite', 'options', 'register', 'message', 'subscribe', 'notify', 'refer', 'info', 'publish']) await app.ask(`route|${verb}`);
    const answerAll = async (): Promise<void> => {
      for (;;) {
        const push = await app.inbox.next((payload) => payload.split('|')[1] === 'sip');
        const [line = ''] = push.slice(push.indexOf('\r\n') + 2).split('\r\n');
        const transaction = push.split('|')[8] ?? '';
        if (line.startsWith('ACK ') || line.startsWith('CANCEL ')) continue;
        if (line.startsWith('INVITE ') && push.includes('sip:alice@')) app.send(`sip|${transaction}||\r\nSIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\n${SDP}`);
        // No second call, and no subscription, comes of it.
        else app.send(`sip|${transaction}||\r\nSIP/2.0 ${/^(?:INVITE|SUBSCRIBE|REFER) /.test(line) ? 486 : 200} Seen\r\n\r\n`);
      }
    };
    answerAll().catch((error: unknown) => assert.fail(String(error)));
    alice = await UdpPeer.open(running.udp);
    call = alice.newCall();
    alice.send('INVITE', call, { body: SDP });
    await alice.response(200, call);
    alice.send('ACK', call, { branch: `${call.branch}-ack` });
    await until(() => running.server.debugState().stack.awaitingAck === 0);
  });

  after(async () => {
    app.close();
    await running.stop();
    await alice.close();
  });

  /** The call is up: a request in it is answered by the application; and by then everything sent before has been read. */
  const callIsUp = async (): Promise<void> => {
    cseq += 1;
    alice.send('INFO', call, { cseq, branch: `${call.branch}-${cseq}` });
    await alice.response(200, call);
    assert.equal(running.server.debugState().stack.dialogs, 1);
  };

  const settle = async (): Promise<void> => {
    running.scheduler.advance(200_000);
    await until(() => running.server.debugState().pendingRequests === 0);
    const { stack, dialogs, ownRequests } = running.server.debugState();
    assert.deepEqual([stack.serverTransactions, stack.clientTransactions, stack.awaitingAck, stack.dialogs, dialogs, ownRequests], [0, 0, 0, 1, 1, 0]);
  };

  it(`${CASES} cases over UDP from seed ${SEED}: no crash, no error logged, nothing kept, the call stays up`, async (context) => {
    const dice = new Dice(SEED);
    const sender = await UdpPeer.open(running.udp);
    const made = new Map<string, number>();
    const before = running.server.debugState().stack.counters['received'] ?? 0;
    for (let number = 0; number < CASES; number += 1) {
      const { name, bytes } = mutant(dice, number, sender.port);
      made.set(name, (made.get(name) ?? 0) + 1);
      sender.sendRaw(bytes);
      if (number % BATCH === BATCH - 1) await callIsUp();
      if (number % 1000 === 999) await settle();
    }
    await settle();
    const received = (running.server.debugState().stack.counters['received'] ?? 0) - before;
    // Empty datagrams are none; everything else was looked at, no socket buffer ran over.
    assert.ok(received >= CASES * 0.95, `only ${received} arrived`);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
    assert.deepEqual([...made.keys()].sort(), [...mutations].sort());
    context.diagnostic(`${CASES} cases, ${received} messages received`);
    await sender.close();
  });

  it('framing: a request cut at every byte over TCP is one request', async () => {
    const peer = await TcpPeer.connect(running.tcp);
    const text = peer.requestText('OPTIONS', peer.newCall());
    for (let at = 1; at < text.length; at += 1) {
      const cut = peer.newCall();
      const request = peer.requestText('OPTIONS', cut);
      peer.sendRaw(request.slice(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      peer.sendRaw(request.slice(at));
      await peer.response(200, cut);
    }
    await peer.close();
    await callIsUp();
    await settle();
  });

  it('spoiled streams over TCP: the connection ends or goes on, no other one notices', async () => {
    const dice = new Dice(SEED + 1);
    for (let number = 0; number < 500; number += 1) {
      const { bytes } = mutant(dice, 1_000_000 + number, 5060);
      const socket = createConnection({ host: running.tcp.host, port: running.tcp.port, noDelay: true });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      const at = dice.roll(bytes.length + 1);
      socket.write(bytes.subarray(0, at));
      socket.write(bytes.subarray(at));
      socket.end();
      if (number % BATCH === BATCH - 1) await callIsUp();
    }
    running.scheduler.advance(20_000);
    await until(() => running.server.debugState().stack.connections === 0);
    await callIsUp();
    await settle();
  });

  it('CVE-2022-45909: a Request-URI of 1 to 64 kB is refused or passed on, whole', async () => {
    const sender = await UdpPeer.open(running.udp);
    const stream = await TcpPeer.connect(running.tcp);
    for (let size = 1024; size <= 65_536; size *= 2) {
      const uri = `sip:${'u'.repeat(size)}@vestibule.example`;
      // A datagram holds no more than 65,507 bytes.
      if (size <= 32_768) sender.send('OPTIONS', sender.newCall(), { uri });
      const tcpCall = stream.newCall();
      stream.send('OPTIONS', tcpCall, { uri });
      if (size < 8192) await stream.response(200, tcpCall);
      await callIsUp();
    }
    await sender.close();
    await stream.close();
    await settle();
  });

  it('RFC 2046 §5.1.1: a boundary of 71 characters and one of 4096 reach the application as they are', async () => {
    const sender = await UdpPeer.open(running.udp);
    for (const length of [70, 71, 4096]) {
      const boundary = 'b'.repeat(length);
      const message = sender.newCall();
      const body = `--${boundary}\r\nContent-Type: text/plain\r\n\r\nhello\r\n--${boundary}--\r\n`;
      const text = sender.requestText('MESSAGE', message, { body }).replace('Content-Type: application/sdp', `Content-Type: multipart/mixed;boundary=${boundary}`);
      sender.sendRaw(text);
      await sender.response(200, message);
    }
    await callIsUp();
    await sender.close();
    await settle();
  });

  it('memory is back where it was after another thousand cases', async () => {
    const sender = await UdpPeer.open(running.udp);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const round = async (seed: number): Promise<number> => {
      const dice = new Dice(seed);
      for (let number = 0; number < 1000; number += 1) {
        sender.sendRaw(mutant(dice, seed * 10_000 + number, sender.port).bytes);
        if (number % BATCH === BATCH - 1) await callIsUp();
      }
      await settle();
      // Two full collections: buffers are freed by finalizers of the first.
      collect();
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      return process.memoryUsage().heapUsed;
    };
    const first = await round(3);
    const second = await round(4);
    assert.ok(second - first < 5_000_000, `${second - first} bytes more`);
    await sender.close();
  });
});
