import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerValue } from '../../src/protocol/sip/message.ts';
import type { Allowed } from './drachtio-replay.ts';
import { readTrace, Replay } from './drachtio-replay.ts';
import { isExternal, startTarget } from './drachtio-target.ts';

/** The transaction of D06 whose INVITE has no Contact: ours never shows it to the client. */
const INVITE_WITHOUT_CONTACT = 'a71cb9d7-';

/** The frame of D01 that sends an ACK belonging to nothing: ours is refused. */
const ACK_OF_NOTHING = '219ab514-';

const traces: readonly (readonly [scenario: string, connections: string, what: string, allowed?: Allowed])[] = [
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
  ['D11', 'drachtio-1', 'REGISTER challenged, both ways', { headers: ['REGISTER Authorization'] }],
  ['D12', 'drachtio-1', 'outgoing, answered'],
  ['D13', 'drachtio-1', 'outgoing, rejected, digest retry', { headers: ['INVITE Proxy-Authorization'] }],
  ['D14', 'drachtio-1', 'outgoing, cancelled', { headers: ['CANCEL To'] }],
  ['D15', 'drachtio-1', 'no answer: 408; nobody there: 503', { silent: ['35275'], anyOrder: true, headers: ['INVITE To', 'OPTIONS To'] }],
  ['D16', 'drachtio-1', 'SDP in the ACK, noAck, reliable 183 and PRACK'],
  ['D17', 'drachtio-1', 'retransmissions, no ACK'],
  ['D19', 'drachtio-1 drachtio-2', 'two clients, each with its calls'],
];

describe('the traces of drachtio-server v0.9.10, replayed', { timeout: 120_000 }, () => {
  for (const [scenario, connections, what, allowed] of traces) {
    it(`${scenario} ${connections}: ${what}`, { timeout: isExternal ? 60_000 : 5000 }, async () => {
      const target = await startTarget();
      // What is left out is what ours does otherwise: another server must do it as recorded.
      const { skip, ...always } = allowed ?? {};
      const replay = await Replay.run(target, readTrace(scenario, ...connections.split(' ')), isExternal || skip === undefined ? always : { ...always, skip });
      assert.ok(replay.compared > 0);
      await replay.close();
      await target.stop();
    });
  }

  it('D18: the client goes away with a call up: BYE to the caller, 481 afterwards, a new client takes over', { timeout: 5000, skip: isExternal ? 'a drachtio-server leaves these calls as they are (differences.md, D18)' : false }, async () => {
    const running = await startTarget();
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
