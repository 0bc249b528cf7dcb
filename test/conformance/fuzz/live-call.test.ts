import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Program } from '../../e2e/harness/program.ts';
import { UdpPeer } from '../support/sip-peer.ts';
import type { Heard, LiveCallOptions } from './live-call.ts';
import { Dice, mutant } from './mutate.ts';

const SEED = 20_261_122;
const CASES = 10_000;
/** Sent before the program is asked for an answer: few enough for the buffer of its socket. */
const BATCH = 10;
/** Lines of the log of level error and above. */
const isError = (line: string): boolean => /"level":(?:50|60)/.test(line);

describe('spoiled SIP messages against the whole program, two telephones talking meanwhile', { timeout: 240_000 }, () => {
  let program: Program;

  before(async () => {
    program = await Program.start({ env: { VESTIBULE_LOG_LEVEL: 'warn' } });
    await program.addRoom({ alias: '2000' });
  });

  after(() => program.stop());

  it(`${CASES} cases from seed ${SEED}: every frame that one says reaches the other, as it was said and in order`, async (context) => {
    const calls = new Worker(new URL('live-call.js', import.meta.url), { workerData: { sip: program.sip, alias: '2000' } satisfies LiveCallOptions });
    const failed = new Promise<never>((_resolve, reject) => calls.once('error', reject));
    await Promise.race([once(calls, 'message'), failed]);

    const dice = new Dice(SEED);
    const sender = await UdpPeer.open(program.sip);
    for (let number = 0; number < CASES; number += 1) {
      sender.sendRaw(mutant(dice, number, sender.port).bytes);
      if (number % BATCH < BATCH - 1) continue;
      // What was sent before has been read when this is answered.
      const fence = sender.newCall();
      sender.send('OPTIONS', fence);
      await sender.response(200, fence);
    }
    await sender.close();

    calls.postMessage('stop');
    const [{ said, heard, lost, up, late }] = (await Promise.race([once(calls, 'message'), failed])) as [Heard];
    const first = heard[0] ?? said;
    const missing = said - first - heard.length;
    context.diagnostic(`${said - first} frames said meanwhile, ${missing} not heard as they were said, ${late} times late`);
    assert.ok(up, 'a call was ended');
    assert.equal(lost, 0, 'packets to the telephones are missing');
    assert.ok(said - first > 100, `only ${said - first} frames were said`);
    assert.deepEqual(heard, [...heard].sort((a, b) => a - b));
    assert.equal(new Set(heard).size, heard.length);
    // A jitter buffer answers lateness with a wait, and makes up for it by playing two frames as one. Without lateness none may be missing.
    assert.ok(missing <= 2 * late, `${missing} frames are missing, ${late} times something was late`);
    assert.deepEqual(program.log.split('\n').filter(isError), []);
  });
});
