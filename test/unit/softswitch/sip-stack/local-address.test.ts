import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalAddresses } from '../../../../src/softswitch/sip-stack/local-address.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

describe('LocalAddresses', () => {
  it('while forged sources ask for too many, a peer known before goes on with what was known; a new one waits for better times', async () => {
    const scheduler = new ManualScheduler();
    const addresses = new LocalAddresses(scheduler);
    const find = (remote: string): Promise<string | undefined> => new Promise((resolve) => addresses.find(remote, resolve));
    assert.equal(await find('127.0.0.1'), '127.0.0.1');
    scheduler.advance(61_000);
    const forged = Array.from({ length: 256 }, (_, index) => find(`127.1.${index}.1`));
    const now: (string | undefined)[] = [];
    for (const remote of ['127.0.0.1', '127.2.0.1']) addresses.find(remote, (local) => now.push(local));
    assert.deepEqual(now, ['127.0.0.1', undefined]);
    await Promise.all(forged);
  });
});
