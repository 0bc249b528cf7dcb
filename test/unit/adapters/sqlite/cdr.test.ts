import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { WriteQueue, type WriteQueueReport } from '../../../../src/adapters/sqlite/write-queue.ts';
import { err, ok, type Result } from '../../../../src/lib/result.ts';
import type { Scheduler } from '../../../../src/lib/machine.ts';
import type { CdrRecord } from '../../../../src/ports/cdr.ts';
import type { StoreProblem } from '../../../../src/ports/store-problem.ts';
import { Folder, must } from './fixture.ts';

const opened = (id: string): CdrRecord => ({ type: 'callOpened', id, at: 1_000, protocol: 'sip', callId: `${id}@host`, caller: 'sip:ann@example.com', alias: '2000' });

describe('call detail records in SQLite', () => {
  it('fold what happened into one row a call and one a conference', async (t) => {
    const folder = new Folder(t);
    const { cdr } = await folder.open();
    must(
      await cdr.write([
        opened('a'),
        { type: 'callAnswered', id: 'a', at: 1_010 },
        { type: 'conferenceOpened', id: 'c', roomId: 'r', at: 2_000 },
        { type: 'callAdmitted', id: 'a', roomId: 'r', role: 'host', rule: 'host_pin' },
        { type: 'callJoined', id: 'a', at: 2_010, conferenceId: 'c' },
        { type: 'callClosed', id: 'a', at: 3_000, reason: 'caller_hung_up', cause: 'BYE', fault: 'caller' },
        { type: 'conferenceClosed', id: 'c', at: 3_001, reason: 'emptied', peakParticipants: 1 },
        { type: 'callAnswered', id: 'never opened', at: 1 },
      ]),
    );
    const raw = new Database(folder.database, { readonly: true });
    assert.deepEqual(raw.prepare('select * from cdr_calls').all(), [
      { id: 'a', protocol: 'sip', call_id: 'a@host', caller: 'sip:ann@example.com', alias: '2000', room_id: 'r', conference_id: 'c', role: 'host', rule: 'host_pin', started_at: 1_000, answered_at: 1_010, joined_at: 2_010, ended_at: 3_000, end_reason: 'caller_hung_up', end_cause: 'BYE', end_fault: 'caller' },
    ]);
    assert.deepEqual(raw.prepare('select * from cdr_conferences').all(), [{ id: 'c', room_id: 'r', started_at: 2_000, ended_at: 3_001, end_reason: 'emptied', peak_participants: 1 }]);
    raw.close();
  });

  it('restart leaves no phantom: what a crash left open is closed with reason `restart`, the rest stays as it is', async (t) => {
    const folder = new Folder(t);
    const crashed = await folder.open();
    must(await crashed.cdr.write([opened('ended'), { type: 'callClosed', id: 'ended', at: 2_000, reason: 'kicked', cause: '', fault: 'nobody' }, opened('open'), { type: 'conferenceOpened', id: 'c', roomId: 'r', at: 1 }]));
    const { cdr } = await folder.open();
    assert.deepEqual(must(await cdr.closeLeftOpen(9_000)), { calls: 1, conferences: 1 });
    assert.deepEqual(must(await cdr.closeLeftOpen(9_001)), { calls: 0, conferences: 0 });
    const raw = new Database(folder.database, { readonly: true });
    assert.deepEqual(raw.prepare('select id, ended_at, end_reason from cdr_calls order by id').all(), [
      { id: 'ended', ended_at: 2_000, end_reason: 'kicked' },
      { id: 'open', ended_at: 9_000, end_reason: 'restart' },
    ]);
    raw.close();
  });

  it('written twice are there once', async (t) => {
    const { cdr } = await new Folder(t).open();
    must(await cdr.write([opened('a')]));
    must(await cdr.write([opened('a'), { type: 'callAnswered', id: 'a', at: 5 }]));
    assert.equal(must(await cdr.closeLeftOpen(1)).calls, 1);
  });
});

/** A store whose answers the test sets, and a clock it moves. */
class Bench {
  answer: Result<void, StoreProblem> = ok(undefined);
  readonly written: string[] = [];
  readonly reports: WriteQueueReport[] = [];
  readonly timers: { readonly ms: number; readonly fn: () => void }[] = [];
  readonly queue: WriteQueue<CdrRecord>;

  constructor(limit: number) {
    const write = (records: readonly CdrRecord[]): Promise<Result<void, StoreProblem>> => {
      if (this.answer.ok) this.written.push(...records.map(({ id }) => id));
      return Promise.resolve(this.answer);
    };
    const scheduler: Scheduler = {
      now: () => 0,
      after: (ms, fn) => {
        const timer = { ms, fn };
        this.timers.push(timer);
        return () => void this.timers.splice(this.timers.indexOf(timer) >>> 0, 1);
      },
    };
    this.queue = new WriteQueue({ write, scheduler, limit, retryMs: 500, report: (report) => this.reports.push(report) });
  }

  /** The clock reaches the next timer, and every promise under way settles. */
  async advance(): Promise<void> {
    this.timers.shift()?.fn();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const full: Result<void, StoreProblem> = err({ code: 'store_full', message: 'full', advice: '' });

describe('the queue before the records', () => {
  it('writes in order, not in the caller, and says nothing when all is well', async () => {
    const bench = new Bench(10);
    for (const id of ['a', 'b', 'c']) bench.queue.record(opened(id));
    assert.deepEqual(bench.written, []);
    await bench.advance();
    bench.queue.record(opened('d'));
    await bench.advance();
    assert.deepEqual(bench.written, ['a', 'b', 'c', 'd']);
    assert.deepEqual([bench.reports, bench.timers], [[], []]);
  });

  it('writes a hundred at a time and lets others in between', async () => {
    const bench = new Bench(1_000);
    for (let n = 0; n < 250; n++) bench.queue.record(opened(String(n)));
    const sizes: number[] = [];
    while (bench.timers.length > 0) {
      await bench.advance();
      sizes.push(bench.written.length);
    }
    assert.deepEqual(sizes, [100, 200, 250]);
  });

  it('outlasts a full disk: keeps the records in order, tries again, says when it recovered', async () => {
    const bench = new Bench(10);
    bench.answer = full;
    for (const id of ['a', 'b']) bench.queue.record(opened(id));
    await bench.advance();
    bench.queue.record(opened('c'));
    assert.deepEqual(bench.timers.map(({ ms }) => ms), [500]);
    bench.answer = ok(undefined);
    await bench.advance();
    assert.deepEqual(bench.written, ['a', 'b', 'c']);
    assert.deepEqual(bench.reports.map(({ type }) => type), ['failing', 'recovered']);
  });

  it('is bounded: beyond the limit records are dropped, counted and told', async () => {
    const bench = new Bench(3);
    bench.answer = full;
    bench.queue.record(opened('a'));
    await bench.advance();
    for (const id of ['b', 'c', 'd', 'e']) bench.queue.record(opened(id));
    bench.answer = ok(undefined);
    await bench.advance();
    assert.deepEqual(bench.written, ['a', 'b', 'c']);
    assert.deepEqual(bench.reports.slice(1), [{ type: 'recovered' }, { type: 'dropped', count: 2 }]);
  });

  it('takes records while it writes, and loses none of them', async () => {
    const bench = new Bench(10);
    bench.queue.record(opened('a'));
    bench.timers.shift()?.fn();
    bench.queue.record(opened('b'));
    assert.deepEqual(bench.timers, [], 'one write at a time');
    await bench.advance();
    await bench.advance();
    assert.deepEqual(bench.written, ['a', 'b']);
  });

  it('writes what is left when it is closed, and says how many it could not', async () => {
    const good = new Bench(1_000);
    for (let n = 0; n < 150; n++) good.queue.record(opened(String(n)));
    assert.equal(await good.queue.close(), 0);
    assert.equal(good.written.length, 150);
    const bad = new Bench(10);
    bad.answer = full;
    bad.queue.record(opened('a'));
    bad.queue.record(opened('b'));
    await bad.advance();
    assert.equal(await bad.queue.close(), 2);
    assert.deepEqual([good.timers, bad.timers], [[], []], 'no timer is left');
  });
});
