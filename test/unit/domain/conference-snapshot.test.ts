import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromSnapshot, snapshotOf, type ConferenceSnapshot } from '../../../src/domain/conference-snapshot.ts';
import { bothPins } from './fixtures.ts';
import { Meeting } from './meeting.ts';

/** As a database gives it back. */
const stored = (snapshot: ConferenceSnapshot): ConferenceSnapshot => JSON.parse(JSON.stringify(snapshot)) as ConferenceSnapshot;

describe('a conference as plain data', () => {
  it('comes back as it was: hosts, guests, waiters, mutes, hands, promotions, a lock and an announced end', () => {
    const meeting = new Meeting(bothPins);
    meeting.enter('early', 'guest', 'guest_pin');
    meeting.host('hanna', 'hugo');
    meeting.post({ type: 'hostClaimed', call: 'early', match: 'host' });
    meeting.enter('gus', 'guest', 'guest_pin');
    meeting.post({ type: 'command', by: { kind: 'system' }, command: { type: 'muteGuests' } });
    meeting.post({ type: 'command', by: { kind: 'participant', call: 'gus' }, command: { type: 'toggleHand' } });
    meeting.post({ type: 'command', by: { kind: 'system' }, command: { type: 'lock' } });
    meeting.enter('late', 'guest', 'guest_pin');
    for (const call of ['hanna', 'hugo', 'early']) meeting.post({ type: 'left', call });
    assert.deepEqual([...meeting.state.participants.values()].map(({ call, place }) => `${call} ${place}`), ['gus conference', 'late lobby']);
    assert.ok(meeting.state.guestsOnly !== undefined && meeting.state.lock === 'locked');
    assert.deepEqual(fromSnapshot(stored(snapshotOf(meeting.state)), bothPins), meeting.state);
  });

  it('OVD-09: what a promotion changed is restored by a demotion afterwards, too', () => {
    const meeting = new Meeting(bothPins);
    meeting.host('hanna');
    meeting.enter('gus', 'guest', 'guest_pin');
    meeting.post({ type: 'hostClaimed', call: 'gus', match: 'host' });
    const back = fromSnapshot(stored(snapshotOf(meeting.state)), bothPins).participants.get('gus');
    assert.equal(back?.original?.role, 'guest');
    assert.deepEqual(back, meeting.state.participants.get('gus'));
  });
});
