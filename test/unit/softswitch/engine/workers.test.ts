import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Places } from '../../../../src/softswitch/engine/places.ts';
import { WorkerClient } from '../../../../src/softswitch/engine/worker-client.ts';
import { WorkerSlot } from '../../../../src/softswitch/engine/worker-slot.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

const settings = { phaseMs: 0, audioCacheBytes: 0 };
const log = { warn: () => undefined };
const script = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

describe('places', () => {
  it('stay where they are while anything is there, and are forgotten with the last', () => {
    const places = new Places<string>();
    places.hold('room', 'a');
    places.hold('room', 'a');
    assert.equal(places.find('room'), 'a');
    places.release('room');
    assert.equal(places.find('room'), 'a');
    places.release('room');
    assert.equal(places.find('room'), undefined);
    places.release('room');
    places.hold('room', 'b');
    assert.equal(places.find('room'), 'b');
  });

  it('what has no place is nowhere', () => {
    const places = new Places<string>();
    places.hold(undefined, 'a');
    places.release(undefined);
    assert.equal(places.find(undefined), undefined);
  });
});

describe('worker', () => {
  it('one that is stuck is found by its silence, and ended', async () => {
    const stuck = script("import { parentPort } from 'node:worker_threads'; parentPort.postMessage([{ type: 'pong' }]); for (;;);");
    const message = await new Promise<string>((resolve) => new WorkerClient({ settings, script: stuck, onEvent: () => undefined, onDeath: resolve, log }));
    assert.match(message, /did not answer/);
  });

  it('is replaced after a quarter of a second, and later and later while it keeps dying', async () => {
    const scheduler = new ManualScheduler();
    let died: (slot: WorkerSlot) => void;
    const start = (slot: WorkerSlot): WorkerClient =>
      new WorkerClient({ settings, script: script(''), onEvent: () => undefined, onDeath: () => died(slot), log });
    const death = (): Promise<WorkerSlot> => new Promise((resolve) => (died = resolve));
    let dying = death();
    const slot = new WorkerSlot(start, scheduler);
    for (const wait of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      assert.equal(await dying, slot);
      dying = death();
      slot.legs.add('leg');
      const dead = slot.client;
      slot.replace();
      assert.equal(slot.legs.size, 0);
      scheduler.advance(wait - 1);
      assert.equal(slot.client, dead);
      scheduler.advance(1);
      assert.notEqual(slot.client, dead);
    }
    // It lived for long enough: what was before does not count.
    await dying;
    scheduler.advance(60_001);
    slot.replace();
    scheduler.advance(250);
    assert.equal(scheduler.pending, 0);
    await slot.stop();
  });

  it('stopped while it waits for its replacement, none comes', async () => {
    const scheduler = new ManualScheduler();
    const slot = await new Promise<WorkerSlot>((resolve) => {
      const made: WorkerSlot = new WorkerSlot(() => new WorkerClient({ settings, script: script(''), onEvent: () => undefined, onDeath: () => resolve(made), log }), scheduler);
    });
    slot.replace();
    await slot.stop();
    assert.equal(scheduler.pending, 0);
  });
});
