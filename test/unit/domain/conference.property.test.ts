import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from '../../properties.ts';
import { conferenceStep, initialConference, isMuted, isOpen, type ConferenceEffect, type ConferenceEvent, type ConferenceState, type ConferenceTimer } from '../../../src/domain/conference.ts';
import type { RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hostPinOnly, hour, minute, noPins, policy } from './fixtures.ts';
import { Timeline } from './timeline.ts';

type Action =
  | { readonly act: 'enter'; readonly role: 'host' | 'guest' }
  | { readonly act: 'call'; readonly pick: number; readonly event: (call: string) => ConferenceEvent }
  | { readonly act: 'room'; readonly event: ConferenceEvent }
  /** The mixer confirms all who are joining. */
  | { readonly act: 'mixer' }
  | { readonly act: 'wait'; readonly ms: number };

const commands = ['help', 'toggleHand', 'count', 'toggleMuteGuests', 'toggleMuteSelf', 'toggleLock', 'admitNext', 'refuseNext', 'endForAll'] as const;
const rooms: readonly RoomRules[] = [noPins, hostPinOnly, bothPins].flatMap((room) => [
  { ...room, pinHostControls: 'full' as const },
  { ...room, pinHostControls: 'full' as const, participantLimit: 3 },
  { ...room, muteGuestsOnJoin: true },
]);

const ofCall = (event: fc.Arbitrary<(call: string) => ConferenceEvent>): fc.Arbitrary<Action> => fc.record({ act: fc.constant('call' as const), pick: fc.nat(5), event });

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('host' as const, 'guest' as const).map((role): Action => ({ act: 'enter', role })) },
  { weight: 20, arbitrary: fc.constant({ act: 'mixer' }) },
  { weight: 5, arbitrary: ofCall(fc.constant((call) => ({ type: 'joined', call }))) },
  { weight: 3, arbitrary: ofCall(fc.constant((call) => ({ type: 'joinFailed', call, reason: 'media_unavailable' }))) },
  { weight: 10, arbitrary: ofCall(fc.constant((call) => ({ type: 'left', call }))) },
  { weight: 40, arbitrary: ofCall(fc.constantFrom(...commands).map((type) => (call: string): ConferenceEvent => ({ type: 'command', by: { kind: 'participant', call }, command: { type } }))) },
  { weight: 5, arbitrary: ofCall(fc.constantFrom('host' as const, 'none' as const).map((match) => (call: string): ConferenceEvent => ({ type: 'hostClaimed', call, match }))) },
  { weight: 3, arbitrary: fc.constantFrom(...rooms).map((room): Action => ({ act: 'room', event: { type: 'roomChanged', room } })) },
  { weight: 1, arbitrary: fc.constantFrom<ConferenceEvent>({ type: 'endAll', reason: 'media_lost' }, { type: 'roomRemoved' }).map((event): Action => ({ act: 'room', event })) },
  { weight: 10, arbitrary: fc.constantFrom(1_000, minute, 5 * minute, 15 * minute, 4 * hour, 24 * hour).map((ms): Action => ({ act: 'wait', ms })) },
);

/** Checks every step of a conference against what must always hold. */
class Watched extends Timeline<ConferenceState, ConferenceEvent, ConferenceEffect> {
  readonly #joins = new Map<string, number>();
  /** As the mixer was told. */
  readonly #mutedInMixer = new Map<string, boolean>();
  #entered = 0;

  constructor(room: RoomRules) {
    super({
      initial: initialConference(room),
      step: (state, event, now) => {
        const next = conferenceStep(state, event, policy, now);
        this.#check(state, event, next.state, next.effects);
        return next;
      },
      fired: (name) => ({ type: 'timer', name: name as ConferenceTimer }),
    });
  }

  run(action: Action): void {
    if (action.act === 'wait') this.advance(action.ms);
    else if (action.act === 'mixer') for (const { call, place } of this.state.participants.values()) this.post(...(place === 'joining' ? [{ type: 'joined', call } as const] : []));
    else this.post(this.#event(action));
  }

  #event(action: Exclude<Action, { act: 'wait' | 'mixer' }>): ConferenceEvent {
    switch (action.act) {
      case 'enter':
        this.#entered += 1;
        return { type: 'enter', call: `c${this.#entered}`, name: '', role: action.role, rule: action.role === 'host' ? 'host_pin' : 'guest_pin', wrongPins: 0 };
      case 'call':
        return action.event(`c${Math.max(this.#entered - action.pick, 0)}`);
      case 'room':
        return action.event;
    }
  }

  #check(before: ConferenceState, event: ConferenceEvent, after: ConferenceState, effects: readonly ConferenceEffect[]): void {
    const participants = [...after.participants.values()];
    const known = new Set([...before.participants.keys(), ...before.leaving, ...after.participants.keys(), ...after.leaving]);
    const inside = participants.filter(({ place }) => place !== 'lobby');

    for (const { call, place, role, waitsFor } of participants) {
      assert.ok(!after.leaving.has(call), 'never in the conference and leaving it');
      if (place !== 'lobby') assert.equal(after.access, 'open', 'nobody inside an unopened conference');
      if (place === 'lobby' && waitsFor === 'host') assert.ok(!isOpen(after) && role === 'guest', 'nobody waits for a host in an open room');
      if (place === 'lobby' && waitsFor === 'unlock') assert.equal(after.lock, 'locked', 'nobody waits at a lock that is not there');
    }
    if (after.lock === 'locked') assert.equal(after.access, 'open', 'closing releases the lock');
    assert.equal(after.access === 'open', inside.length > 0, 'open exactly while somebody is inside');

    for (const effect of effects) {
      const call = 'call' in effect ? effect.call : effect.do === 'tell' && effect.to !== 'room' ? effect.to.call : effect.do === 'emit' && 'call' in effect.event ? effect.event.call : undefined;
      if (call !== undefined) assert.ok(known.has(call), `${effect.do} about ${call}, who is not here`);
      if (effect.do === 'join') {
        this.#joins.set(effect.call, (this.#joins.get(effect.call) ?? 0) + 1);
        this.#mutedInMixer.set(effect.call, effect.muted);
      }
      if (effect.do === 'mute') {
        assert.equal(before.participants.get(effect.call)?.place === 'conference' || event.type === 'joined', true, 'only members can be muted');
        this.#mutedInMixer.set(effect.call, effect.muted);
      }
    }
    for (const [call, joins] of this.#joins) assert.equal(joins, 1, `${call} joined ${joins} times`);
    for (const participant of participants) {
      if (participant.place === 'conference') assert.equal(this.#mutedInMixer.get(participant.call), isMuted(participant), 'the mixer is told of every mute');
    }
    const limit = after.room.participantLimit;
    if (limit !== undefined && effects.some((effect) => effect.do === 'join')) assert.ok(inside.length <= limit, 'more than the limit');

    const occupied = (state: ConferenceState): boolean => state.participants.size + state.leaving.size > 0;
    assert.equal(effects.filter((effect) => effect.do === 'idle').length, occupied(before) && !occupied(after) ? 1 : 0, 'idle exactly when the last one has gone');
    assert.ok(effects.filter((effect) => effect.do === 'end').every((effect) => after.leaving.has(effect.call)), 'who is ended is leaving');
  }

  /** Timers and the state they belong to, once all effects of a step were performed. */
  checkTimers(): void {
    const expected = [...this.state.participants.values()].filter(({ place }) => place === 'lobby').flatMap(({ call }) => [`wait:${call}`, `lobbyPrompt:${call}`]);
    if (this.state.guestsOnly !== undefined) expected.push('guestsOnly');
    if (this.state.guestsOnly !== undefined && this.state.guestsOnly.warnings.length > 0) expected.push('guestsOnlyWarning');
    if (this.state.lone !== 'off') expected.push('lone');
    if (this.state.lock === 'locked') expected.push('lockRelease');
    assert.deepEqual(Object.keys(this.timers()), expected.sort());
  }
}

describe('properties of a conference', () => {
  it('whatever happens: never two states at once, admitted once, known calls only, within the limit, no guest in an unopened room, every timer owned', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rooms), fc.array(actions, { maxLength: 60, size: 'max' }), (room, script) => {
        const conference = new Watched(room);
        for (const action of script) {
          conference.run(action);
          conference.checkTimers();
        }
        for (const call of [...conference.state.participants.keys(), ...conference.state.leaving]) conference.post({ type: 'left', call });
        assert.deepEqual(conference.timers(), {});
      }),
      { numRuns: 400 },
    );
  });
});
