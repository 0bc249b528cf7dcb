import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomBytes } from 'node:crypto';
import { headerValue } from '../../src/protocol/sip/message.ts';
import { startServer } from '../conformance/support/server.ts';
import type { Running } from '../conformance/support/server.ts';
import type { Allowed } from './drachtio-replay.ts';
import { readTrace, RECORDED_SECRET, Replay } from './drachtio-replay.ts';

/** UDP and TCP on one port, as the recorded server had it; a port free for the one may be taken for the other. */
async function start(): Promise<Running> {
  for (;;) {
    const control = { host: '127.0.0.1', port: 0, secret: RECORDED_SECRET };
    const port = 20_000 + (randomBytes(2).readUInt16BE() % 20_000);
    try {
      // TCP first: so drachtio-server lists them.
      return await startServer({ control, listen: [{ transport: 'tcp', host: '127.0.0.1', port }, { transport: 'udp', host: '127.0.0.1', port }] });
    } catch (error) {
      if ((error as { code?: string }).code !== 'sip_port_in_use') throw error;
    }
  }
}

/** The transaction of D06 whose INVITE has no Contact: ours never shows it to the client. */
const INVITE_WITHOUT_CONTACT = 'a71cb9d7-';

/** The frame of D01 that sends an ACK belonging to nothing: ours is refused. */
const ACK_OF_NOTHING = '219ab514-';

const traces: readonly (readonly [scenario: string, connection: string, what: string, allowed?: Allowed])[] = [
  ['D01', 'drachtio-1', 'authenticate with tags, routes, ping'],
  ['D01', 'drachtio-2', 'wrong secret'],
  ['D01', 'drachtio-5', 'authenticate twice, unknown verb, unknown type'],
  ['D01', 'drachtio-6', 'sip frames that are refused', { skip: (payload) => payload.startsWith(ACK_OF_NOTHING) }],
  ['D03', 'drachtio-1', 'incoming call, BYE by the caller', { headers: ['INVITE Require'] }],
  ['D04', 'drachtio-1', 'BYE by the app'],
  ['D05', 'drachtio-1', 'CANCEL before answer'],
  ['D06', 'drachtio-1', 'rejections', { skip: (payload) => payload.includes(INVITE_WITHOUT_CONTACT) }],
  ['D07', 'drachtio-1', 're-INVITE, UPDATE', { headers: ['UPDATE Contact'] }],
  ['D08', 'drachtio-1', 'INFO, MESSAGE, OPTIONS, REFER in a dialog'],
  ['D09', 'drachtio-1', 'OPTIONS'],
  ['D10', 'drachtio-1', 'MESSAGE outside a dialog'],
  ['D12', 'drachtio-1', 'outgoing, answered'],
  ['D13', 'drachtio-1', 'outgoing, rejected, digest retry', { headers: ['INVITE Proxy-Authorization'] }],
  ['D14', 'drachtio-1', 'outgoing, cancelled', { headers: ['CANCEL To'] }],
  ['D17', 'drachtio-1', 'retransmissions, no ACK'],
];

describe('the traces of drachtio-server v0.9.10, replayed', { timeout: 120_000 }, () => {
  for (const [scenario, connection, what, allowed] of traces) {
    it(`${scenario} ${connection}: ${what}`, { timeout: 5000 }, async () => {
      const running = await start();
      const replay = await Replay.run(running, readTrace(scenario, connection), allowed);
      assert.ok(replay.compared > 0);
      await replay.close();
      await running.stop();
    });
  }

  it('D18: the client goes away with a call up: BYE to the caller, 481 afterwards, a new client takes over', { timeout: 5000 }, async () => {
    const running = await start();
    const first = await Replay.run(running, readTrace('D18', 'drachtio-1'));
    const [alice] = first.peers;
    assert.ok(alice !== undefined);
    first.disconnect();
    const bye = await alice.incoming('BYE');
    const remote = /;tag=([^;]+)/.exec(headerValue(bye, 'From') ?? '')?.[1];
    const call = { callId: headerValue(bye, 'Call-ID') ?? '', fromTag: /;tag=([^;]+)/.exec(headerValue(bye, 'To') ?? '')?.[1] ?? '', branch: 'z9hG4bK-d18', toTag: remote };
    alice.send('INFO', call, { cseq: 2 });
    await alice.response(481, call);
    alice.send('INVITE', alice.newCall());
    await alice.response(503);
    const second = await Replay.run(running, readTrace('D18', 'drachtio-2'));
    await second.close();
    await first.close();
    await running.stop();
  });
});
