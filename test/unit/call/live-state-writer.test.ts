import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../../src/adapters/system/log.ts';
import { LiveStateWriter } from '../../../src/call/live-state-writer.ts';
import { snapshotOf } from '../../../src/domain/conference-snapshot.ts';
import { initialConference } from '../../../src/domain/conference.ts';
import { err, ok } from '../../../src/lib/result.ts';
import type { KeptCall, KeptConference, LiveRecord, LiveState } from '../../../src/ports/live-state.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { bothPins } from '../domain/fixtures.ts';

const caller = { name: 'Ann', number: '17', uri: 'sip:17@example.com', source: { address: '192.0.2.1', port: 5060, transport: 'udp' } };
const call = (callId: string, deadlines: KeptCall['deadlines'] = {}): KeptCall => ({ callId, roomId: 'r', protocol: 'sip', protocolId: 'x', aliases: ['1000'], caller, since: 0, endpoint: `e-${callId}`, deadlines });
const conference: KeptConference = { roomId: 'r', state: snapshotOf(initialConference(bothPins)), deadlines: {} };

function begin(before: LiveState = { conferences: [], calls: [] }) {
  const clock = new FakeClock();
  const batches: string[][] = [];
  let there: readonly KeptCall[] = [];
  let fails = 0;
  const writer = new LiveStateWriter({
    store: {
      write: (records: readonly LiveRecord[]) => {
        if (fails > 0) {
          fails -= 1;
          return Promise.resolve(err({ code: 'store_full', message: 'disk full', advice: '' }));
        }
        batches.push(records.map((record) => `${record.type} ${record.type === 'call' ? record.call.callId : record.type === 'callGone' ? record.callId : ''}`.trim()));
        return Promise.resolve(ok(undefined));
      },
      read: () => Promise.resolve(ok(before)),
      clear: () => Promise.resolve(ok(undefined)),
    },
    before,
    keep: () => ({ conference: there.length === 0 ? undefined : conference, calls: there }),
    scheduler: clock,
    log: createLogger('silent'),
  });
  const after = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await settle();
  };
  return {
    writer,
    after,
    fail: (times: number) => (fails = times),
    become: (...calls: readonly KeptCall[]) => {
      there = calls;
      writer.changed('r');
    },
    batches,
  };
}

describe('what goes on in rooms, kept for a process that takes over', () => {
  it('many changes are one write; a call is written once, and again only when it is another; gone is gone', async () => {
    const { become, after, batches } = begin();
    become(call('a'));
    become(call('a'), call('b'));
    await after(50);
    become(call('a', { mediaPoll: 7 }), call('b', { longest: 9 }));
    await after(50);
    become();
    await after(50);
    assert.deepEqual(batches, [['call a', 'call b', 'conference'], ['call b', 'conference'], ['callGone a', 'callGone b', 'conferenceGone']]);
  });

  it('what could not be written is written a second later, as it is by then', async () => {
    const { become, after, fail, batches } = begin();
    fail(1);
    become(call('a'));
    await after(50);
    become(call('b'));
    await after(50);
    assert.deepEqual(batches, []);
    await after(1_000);
    assert.deepEqual(batches, [['call b', 'conference']]);
  });

  it('what a former process wrote and is not there any more is taken off; closing writes what is left', async () => {
    const { writer, become, batches } = begin({ conferences: [conference], calls: [call('old')] });
    become(call('a'));
    await writer.close();
    assert.deepEqual(batches, [['call a', 'callGone old', 'conference']]);
  });
});
