/** RFC 3261 §18.3: messages in a byte stream, however it is cut, with keep-alives and nonsense in between. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from '../../properties.ts';
import { until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP, TcpPeer } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

describe('framing over TCP (RFC 3261 §18.3)', { timeout: 60_000 }, () => {
  let running: RunningStack;
  let bystander: TcpPeer;
  let call: Call;
  let cseq = 1;

  before(async () => {
    running = await startStack({ limits: { messageBytes: 4000 } });
    bystander = await TcpPeer.connect(running.at('tcp'));
    call = bystander.newCall();
    bystander.send('INVITE', call, { body: SDP });
    (await running.requests.next()).respond({ status: 200, body: SDP });
    await bystander.response(200, call);
    bystander.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
  });
  after(async () => {
    await bystander.close();
    await running.stack.close();
  });

  /** The call on another connection goes on. */
  const callLives = async (): Promise<void> => {
    cseq += 1;
    bystander.send('INFO', call, { cseq, branch: `${call.branch}-${cseq}` });
    (await running.requests.next()).respond({ status: 200 });
    await bystander.response(200, call);
  };

  it('a message cut in two at every byte', async () => {
    const peer = await TcpPeer.connect(running.at('tcp'));
    const length = peer.requestText('OPTIONS', peer.newCall(), { body: 'a body\r\n\r\n' }).length;
    for (let at = 1; at < length; at += 1) {
      const one = peer.newCall();
      const text = peer.requestText('OPTIONS', one, { body: 'a body\r\n\r\n' });
      peer.sendRaw(text.slice(0, at));
      // One turn of the loop: what is written is sent.
      await new Promise((resolve) => setImmediate(resolve));
      peer.sendRaw(text.slice(at));
      await peer.response(200, one);
    }
    await peer.close();
    await callLives();
  });

  it('many messages, keep-alives (RFC 5626 §4.4.1) and empty lines (§7.5), cut anywhere: each is answered', async () => {
    const peer = await TcpPeer.connect(running.at('tcp'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('message', 'body', '\r\n', '\r\n\r\n'), { minLength: 1, maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 }), async (parts, cuts) => {
        const calls: Call[] = [];
        let text = parts
          .map((part) => {
            if (part.startsWith('\r')) return part;
            const one = peer.newCall();
            calls.push(one);
            return peer.requestText('OPTIONS', one, { body: part === 'body' ? 'v=0\r\n\r\nOPTIONS sip:x SIP/2.0\r\n\r\n' : '' });
          })
          .join('');
        for (const cut of cuts) {
          peer.sendRaw(text.slice(0, cut));
          text = text.slice(cut);
          await new Promise((resolve) => setImmediate(resolve));
        }
        peer.sendRaw(text);
        for (const one of calls) await peer.response(200, one);
      }),
      { seed: 18_3, numRuns: 100 },
    );
    await peer.close();
    await callLives();
  });

  for (const [what, length] of [['larger than any message', '999999999'], ['just too large', '4000'], ['not a number', 'many'], ['negative', '-1'], ['two that differ', '0\r\nl: 7']] as const) {
    it(`a Content-Length ${what} ends its own connection only, after an answer`, async () => {
      const peer = await TcpPeer.connect(running.at('tcp'));
      const one = peer.newCall();
      peer.sendRaw(peer.requestText('OPTIONS', one).replace('Content-Length: 0', `Content-Length: ${length}`));
      const answer = await peer.response(undefined, one);
      assert.equal(answer.status, /^\d+$/.test(length) ? 413 : 400);
      await peer.closed;
      await callLives();
    });
  }

  it('nonsense of any kind: answered, dropped, or the end of its connection; a call on another one goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 6000 }), fc.boolean(), async (bytes, headed) => {
        const peer = await TcpPeer.connect(running.at('tcp'));
        if (headed) peer.sendRaw('OPTIONS sip:x SIP/2.0\r\n');
        peer.sendRaw(bytes);
        peer.sendRaw('\r\n\r\n');
        await callLives();
        await peer.close();
      }),
      { seed: 18_3, numRuns: 100 },
    );
    await until(() => running.stack.debugState().connections === 1);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
  });
});
