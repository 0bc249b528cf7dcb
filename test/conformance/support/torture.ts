/** Torture messages against the running SIP server: what the application sees of each, what the sender hears back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { it } from 'node:test';
import type { Parsed } from '../../../src/protocol/sip/parse.ts';
import { parseMessage } from '../../../src/protocol/sip/parse.ts';
import { RawClient } from './raw-client.ts';
import type { Running } from './server.ts';
import { SECRET, startServer, until } from './server.ts';
import { UdpPeer } from './sip-peer.ts';

export interface TortureMessage {
  readonly clause: string;
  /** The name the RFC gives the message. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface Oracle {
  /** What the RFC wants, in short. */
  readonly wants: string;
  /** Methods of the requests the application is asked, over UDP. */
  readonly app?: readonly string[];
  /** The same over TCP, where it differs. */
  readonly appTcp?: readonly string[];
  /** Statuses of the answers over TCP, in ascending order, 100 left out; the application's own answer is 299. */
  readonly statuses?: readonly number[];
  /** What the parsed message must hold; without it nothing is asked of the parser. */
  readonly parsed?: (parsed: Parsed) => void;
}

const LIMITS = { headerCount: 128, headerLineBytes: 8192 };
const VERBS = ['invite', 'register', 'options', 'message', 'info', 'notify', 'subscribe', 'publish', 'refer'];

async function startApplication(running: Running): Promise<{ readonly methods: () => string[]; readonly close: () => void }> {
  const app = await RawClient.connect(running.server.controlPort);
  await app.ask(`authenticate|${SECRET}|`);
  for (const verb of VERBS) await app.ask(`route|${verb}`);
  const methods: string[] = [];
  const answerAll = async (): Promise<void> => {
    for (;;) {
      const push = await app.inbox.next((payload) => payload.split('|')[1] === 'sip');
      const line = push.split('\r\n')[1] ?? '';
      if (line.startsWith('SIP/')) continue;
      methods.push(line.split(' ')[0] ?? '');
      // An ACK needs no answer, and an INVITE that fails needs nothing more.
      if (!line.startsWith('ACK')) app.send(`sip|${push.split('|')[8] ?? ''}||\r\nSIP/2.0 ${line.startsWith('INVITE') ? 499 : 299} Seen\r\n\r\n`);
    }
  };
  answerAll().catch((error: unknown) => assert.fail(String(error)));
  return { methods: () => methods.splice(0), close: () => app.close() };
}

/** One test a message: by the parser, over UDP, over TCP; and each time the server still answers. */
export function tortureTests(messages: readonly TortureMessage[], oracles: Readonly<Record<string, Oracle>>): void {
  for (const { clause, file, bytes } of messages) {
    const oracle = oracles[file];
    it(`${clause} ${file}: ${oracle?.wants ?? ''}`, { timeout: 10_000 }, async () => {
      assert.ok(oracle !== undefined, 'every message has its oracle');
      const parsed = parseMessage(bytes, LIMITS);
      if (oracle.parsed !== undefined) {
        assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
        oracle.parsed(parsed.value);
      }
      const running = await startServer();
      const app = await startApplication(running);
      const health = await UdpPeer.open(running.udp);
      const healthy = async (): Promise<void> => {
        const call = health.newCall();
        health.send('OPTIONS', call);
        await health.response(299, call);
      };
      health.sendRaw(bytes);
      await healthy();
      assert.deepEqual(app.methods(), [...(oracle.app ?? []), 'OPTIONS'], 'over UDP');
      // What UDP began must not be taken for the same message again.
      running.scheduler.advance(200_000);
      app.methods();

      const socket = createConnection({ host: running.tcp.host, port: running.tcp.port, noDelay: true });
      let heard = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      await once(socket, 'connect');
      socket.write(bytes);
      const statuses = (): number[] => [...heard.matchAll(/^SIP\/2\.0 ([0-9]{3})/gm)].map((match) => Number(match[1])).filter((status) => status !== 100).sort();
      await until(() => statuses().length >= (oracle.statuses ?? []).length);
      await healthy();
      assert.deepEqual(statuses(), oracle.statuses ?? [], 'answers over TCP');
      assert.deepEqual(app.methods(), [...(oracle.appTcp ?? oracle.app ?? []), 'OPTIONS'], 'over TCP');

      socket.destroy();
      running.scheduler.advance(200_000);
      const { stack, pendingRequests } = running.server.debugState();
      assert.equal(stack.serverTransactions + stack.clientTransactions + stack.dialogs + stack.awaitingAck + pendingRequests, 0);
      app.close();
      await health.close();
      await running.stop();
    });
  }
}
