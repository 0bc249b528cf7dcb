import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AfterEcho } from '../../../src/softswitch/sip-server/after-echo.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('F-2: responses after the echo', () => {
  it('held back until two turns after the echo, delivered in order, then passed straight through', async () => {
    const gate = new AfterEcho();
    const seen: number[] = [];
    gate.run(() => seen.push(1));
    await turn();
    await turn();
    await turn();
    assert.equal(seen.length, 0, 'no echo yet');
    gate.echoed();
    gate.run(() => seen.push(2));
    await turn();
    assert.equal(seen.length, 0, 'the client reads the echo in this turn');
    await turn();
    assert.deepEqual(seen, [1, 2]);
    gate.run(() => seen.push(3));
    assert.deepEqual(seen, [1, 2, 3]);
  });
});
