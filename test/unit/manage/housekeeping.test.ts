import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createLogger } from '../../../src/adapters/system/log.ts';
import { err, ok } from '../../../src/lib/result.ts';
import { choresOf, Housekeeping, type Chore, type Retention } from '../../../src/manage/housekeeping.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { Folder, must, untold } from '../adapters/sqlite/fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const kept: Retention = { events: 30 * day, mostEvents: 1_000, mostUndeliveredEvents: 2_000, audit: 365 * day, decisions: 30 * day, callRecords: 365 * day, recordings: 7 * day };

const log = createLogger('silent');
const noFiles = { remove: () => Promise.reject(new Error('there are no recordings')) };

function keep(t: TestContext, clock: FakeClock, chores: readonly Chore[]): Housekeeping {
  const housekeeping = new Housekeeping({ chores, scheduler: clock, log });
  housekeeping.start();
  t.after(() => housekeeping.stop());
  return housekeeping;
}

describe('housekeeping', () => {
  it('goes round once a minute after the start, and every hour; a chore in steps until nothing is left', async (t) => {
    const clock = new FakeClock();
    const done: string[] = [];
    let left = 450;
    const many: Chore = {
      what: 'many',
      drop: (_, limit) => {
        const dropped = Math.min(left, limit);
        left -= dropped;
        done.push(`many ${dropped}`);
        return Promise.resolve(ok(dropped));
      },
    };
    const few: Chore = { what: 'few', drop: () => (done.push('few'), Promise.resolve(ok(0))) };
    keep(t, clock, [many, few]);
    await clock.advance(minute - 1);
    assert.deepEqual(done, []);
    await clock.advance(1);
    assert.deepEqual(done, ['many 200'], 'a step at a time');
    await clock.advance(1_000);
    assert.deepEqual(done.splice(0), ['many 200', 'many 200', 'many 50', 'few']);
    await clock.advance(hour);
    assert.deepEqual(done, ['many 0', 'few']);
  });

  it('goes on with the next chore when one fails, and tries it again the next time', async (t) => {
    const clock = new FakeClock();
    let tried = 0;
    let other = 0;
    keep(t, clock, [
      { what: 'bad', drop: () => ((tried += 1), Promise.resolve(err({ code: 'store_locked', message: '', advice: '' }))) },
      { what: 'good', drop: () => ((other += 1), Promise.resolve(ok(0))) },
    ]);
    await clock.advance(minute + hour + 1_000);
    assert.deepEqual([tried, other], [2, 2]);
  });

  it('leaves nothing behind when it is stopped, also in the middle of a step', async (t) => {
    const clock = new FakeClock();
    let finish: () => void = () => undefined;
    const housekeeping = keep(t, clock, [{ what: 'slow', drop: () => new Promise((resolve) => (finish = () => resolve(ok(200)))) }]);
    await clock.advance(minute);
    const stopped = housekeeping.stop();
    finish();
    await stopped;
    assert.equal(clock.pending, 0);
  });

  it('forgets what has expired or is too old in every store, and keeps the rest', async (t) => {
    const clock = new FakeClock();
    const stores = await new Folder(t).open();
    const now = clock.now();
    const entry = { actor: 'local', from: '', action: 'x', object: 'y' };
    must(await stores.users.add({ name: 'alice', display: '', privilege: 'creation', mustChangePassword: false }, untold));
    const login = { use: 'access', subject: { kind: 'user', name: 'alice' }, family: 'f', createdAt: 0, from: '', userAgent: '' } as const;
    must(await stores.tokens.add([{ ...login, hash: 'old', expiresAt: now }, { ...login, hash: 'young', expiresAt: now + day }]));
    for (const [key, expiresAt] of [['old', now], ['young', now + day]] as const) must(await stores.idempotency.claim({ actor: 'a', key, requestHash: '' }, now - day, expiresAt));
    for (const at of [now - 31 * day, now - day]) {
      must(await stores.events.append([{ type: 'conference.opened', at, roomId: 'r', data: {} }]));
      must(await stores.decisions.add([{ callId: 'c', at, stage: 'arrival', rule: 'no_pins', outcome: 'join', inputs: {} }]));
    }
    for (const at of [now - 366 * day, now - day]) {
      must(await stores.audit.add({ ...entry, at }));
      must(await stores.cdr.write([{ type: 'callOpened', id: String(at), at, protocol: 'sip', callId: '', caller: '', alias: '' }, { type: 'callClosed', id: String(at), at, reason: 'caller_hung_up', cause: '', fault: '' }]));
    }
    keep(t, clock, choresOf({ stores, files: noFiles, retention: kept, log }));
    await clock.advance(minute + 2_000);
    await stores.check();
    const left = async (): Promise<readonly number[]> => [
      must(await stores.events.after(0, { limit: 9 })).length,
      must(await stores.decisions.ofCall('c')).length,
      must(await stores.audit.list({ limit: 9 })).items.length,
      must(await stores.cdr.calls({ limit: 9 })).items.length,
    ];
    assert.deepEqual(await left(), [1, 1, 1, 1]);
    assert.deepEqual([must(await stores.tokens.find('old', 0)), must(await stores.tokens.find('young', 0))?.hash], [undefined, 'young']);
    assert.equal(must(await stores.idempotency.claim({ actor: 'a', key: 'young', requestHash: '' }, now, now + day)).kind, 'under_way');
    assert.equal(must(await stores.idempotency.prune(now, 9)), 0, 'the old key is gone');
  });

  it('forgets recordings with their files; one whose file cannot be removed is tried again', async (t) => {
    const stores = await new Folder(t).open();
    const now = Date.UTC(2026, 0, 1);
    const recording = { roomId: 'r', conferenceId: 'c', startedAt: 0, bytes: 1, state: 'complete' } as const;
    for (const [id, endedAt] of [['stuck', now - 9 * day], ['old', now - 8 * day], ['young', now - day]] as const) must(await stores.recordings.add({ ...recording, id, endedAt, path: `${id}.wav` }, untold));
    must(await stores.recordings.add({ ...recording, id: 'under way', path: 'on.wav', state: 'active' }, untold));
    const removed: string[] = [];
    let stuck = true;
    const files = { remove: (path: string) => (path === 'stuck.wav' && stuck ? Promise.reject(new Error('busy')) : (removed.push(path), Promise.resolve())) };
    const chore = choresOf({ stores, files, retention: kept, log }).find(({ what }) => what === 'recordings')!;
    const left = async () => must(await stores.recordings.list({ limit: 9 })).items.map(({ id }) => id);
    assert.equal(must(await chore.drop(now, 9)), 1);
    assert.deepEqual([removed, await left()], [['old.wav'], ['under way', 'young', 'stuck']]);
    stuck = false;
    assert.equal(must(await chore.drop(now, 9)), 1);
    assert.deepEqual([removed, await left()], [['old.wav', 'stuck.wav'], ['under way', 'young']]);
    const forever = choresOf({ stores, files, retention: { ...kept, recordings: 0 }, log }).find(({ what }) => what === 'recordings')!;
    assert.equal(must(await forever.drop(now + 365 * day, 9)), 0);
  });

  it('keeps for ever what is to be kept 0 seconds', async (t) => {
    const stores = await new Folder(t).open();
    must(await stores.audit.add({ at: 1, actor: 'local', from: '', action: 'x', object: 'y' }));
    const chores = choresOf({ stores, files: noFiles, retention: { ...kept, audit: 0 }, log });
    for (const { drop } of chores) must(await drop(Date.UTC(2026, 0, 1), 9));
    assert.equal(must(await stores.audit.list({ limit: 9 })).items.length, 1);
  });
});
