import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { admit, judgePin, type AdmissionInput, type Grant, type PinMatch } from '../../../src/domain/admission.ts';
import type { Commander } from '../../../src/domain/commands.ts';
import type { ConferenceCommand } from '../../../src/domain/conference-commands.ts';
import { conferenceStep, initialConference, isOpen, type ConferenceEffect, type ConferenceEvent, type ConferenceState, type ConferenceTimer } from '../../../src/domain/conference.ts';
import type { Member } from '../../../src/domain/member.ts';
import type { AdmissionRule, RoomRules } from '../../../src/domain/policy.ts';
import { bothPins, hostPinOnly, hour, minute, noPins, policy, second } from './fixtures.ts';
import { Timeline } from './timeline.ts';

/** The whole policy at once: admission, the PINs, the conference and its timers, with whoever calls and whatever is done. */

type Call = Pick<AdmissionInput, 'identity' | 'credential' | 'dialled'>;
type Action =
  | { readonly act: 'call'; readonly call: Call }
  /** At the prompt: a PIN keyed, or `#`. */
  | { readonly act: 'key'; readonly pick: number; readonly entry: PinMatch | 'nothing' }
  | { readonly act: 'claim'; readonly pick: number }
  | { readonly act: 'mixer' }
  | { readonly act: 'mixerRefuses' | 'leave'; readonly pick: number }
  | { readonly act: 'order'; readonly by: Commander; readonly command: ConferenceCommand }
  | { readonly act: 'room'; readonly room: RoomRules }
  | { readonly act: 'memberRemoved'; readonly member: string }
  | { readonly act: 'ownerRemoved' | 'endForAll' | 'roomRemoved' }
  | { readonly act: 'wait'; readonly ms: number };

const member = (id: string, kind: Member['kind'], role: Member['role']): Member => ({ id, kind, name: id, role, overrides: {} });
const members = [member('max', 'internal', 'moderator'), member('sam', 'internal', 'speaker'), member('ext-1', 'external', 'moderator'), member('ext-2', 'external', 'speaker')];

const mostly = fc.constantFrom(true, true, true, false);

const rooms: fc.Arbitrary<RoomRules> = fc
  .record({
    pins: fc.constantFrom(noPins, hostPinOnly, bothPins, bothPins),
    anonymous: fc.record({ moderator: mostly, speaker: mostly }),
    limit: fc.constantFrom(undefined, 1, 3),
    pinHostControls: fc.constantFrom('none' as const, 'full' as const),
    muteGuestsOnJoin: fc.boolean(),
    memberReuse: fc.constantFrom('flag' as const, 'refuse' as const),
    rules: fc.constantFrom({}, { guestsOnly: 0 }, { guestsOnly: 30, waitingForHost: 60 }, { loneParticipant: 0 }),
    start: fc.constantFrom(undefined, undefined, undefined, '1970-01-01T00:05:00', '1970-01-01T00:30:00'),
  })
  .map(({ pins, limit, start, ...more }) => ({
    ...pins,
    ...more,
    ...(limit === undefined ? {} : { participantLimit: limit }),
    ...(start === undefined ? {} : { schedule: { start, timeZone: 'UTC', durationMs: hour } }),
    owner: 'olga',
    members,
  }));

const user = (name: string, privilege: 'administrator' | 'full_control' | 'creation') => ({ user: name, privilege });
const calls: fc.Arbitrary<Call> = fc.constantFrom<Call>(
  {},
  {},
  { identity: user('olga', 'creation') },
  { identity: user('root', 'administrator') },
  { identity: user('chief', 'full_control') },
  { identity: user('max', 'creation') },
  { identity: user('sam', 'creation') },
  { identity: user('gus', 'creation'), credential: { kind: 'rememberedGuestPin' } },
  ...(['moderatorLink', 'speakerLink', 'unknown'] as const).map((kind) => ({ credential: { kind } })),
  ...['ext-1', 'ext-2', 'gone'].map((id) => ({ credential: { kind: 'member' as const, id } })),
  { dialled: {} },
  { dialled: { role: 'host' } },
  { dialled: { role: 'guest' } },
  { dialled: {}, identity: user('olga', 'creation') },
);

const callIds = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'];
/** Mostly one of those who came first: they are likely to be there. */
const target = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('c0', 'c1', 'c2') }, { weight: 1, arbitrary: fc.constantFrom(...callIds) });
/** What limited control is enough for (policy section 4), written down here once more. */
const limitedTypes = ['mute', 'unmute', 'lowerHand', 'important', 'setGain', 'setDeaf', 'muteGuests', 'unmuteGuests', 'muteAll', 'unmuteAll'] as const;
/** What everybody may do for himself, and chat (section 3). */
const own: ReadonlySet<ConferenceCommand['type']> = new Set(['help', 'count', 'toggleHand', 'toggleMuteSelf', 'mute', 'unmute', 'lowerHand', 'message']);

const commands: fc.Arbitrary<ConferenceCommand> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('help', 'toggleHand', 'count', 'toggleMuteSelf', 'toggleMuteGuests', 'toggleLock', 'admitNext', 'refuseNext', 'endForAll', 'lock', 'unlock', 'muteGuests', 'unmuteGuests', 'muteAll', 'unmuteAll', 'recordStart').map((type) => ({ type })) },
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom('mute', 'unmute', 'kick', 'admit', 'admit', 'refuse', 'promote', 'promote', 'demote', 'transferHost', 'lowerHand'), target }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('important'), target, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('setGain'), target, decibels: fc.integer({ min: -20, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('setDeaf'), target, deaf: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('move'), target, room: fc.constant('r2') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('rename'), target, name: fc.constantFrom('Ann', '', 'a\nb') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('extend'), seconds: fc.constantFrom(60, 600, 1) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('thumbnail'), target }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('message'), to: fc.constantFrom('room' as const, { call: 'c0' }), text: fc.constant('hi') }) },
);
const commanders: fc.Arbitrary<Commander> = fc.oneof(
  { weight: 8, arbitrary: target.map((call) => ({ kind: 'participant' as const, call })) },
  { weight: 4, arbitrary: fc.constantFrom('full' as const, 'limited' as const, 'none' as const).map((level) => ({ kind: 'user' as const, name: 'u', level })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'system' as const }) },
);

const pick = fc.nat(7);
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: calls.map((call): Action => ({ act: 'call', call })) },
  { weight: 25, arbitrary: fc.record({ act: fc.constant('key' as const), pick, entry: fc.constantFrom<PinMatch | 'nothing'>('host', 'host', 'guest', 'none', 'nothing', { kind: 'member', id: 'ext-2' }, { kind: 'member', id: 'max' }) }) },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('claim' as const), pick }) },
  { weight: 20, arbitrary: fc.constant<Action>({ act: 'mixer' }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('mixerRefuses' as const, 'leave' as const), pick }) },
  { weight: 50, arbitrary: fc.record({ act: fc.constant('order' as const), by: commanders, command: commands }) },
  { weight: 5, arbitrary: rooms.map((room): Action => ({ act: 'room', room })) },
  { weight: 2, arbitrary: fc.constantFrom('max', 'ext-1', 'ext-2').map((id): Action => ({ act: 'memberRemoved', member: id })) },
  { weight: 2, arbitrary: fc.constantFrom('ownerRemoved' as const, 'endForAll' as const).map((act): Action => ({ act })) },
  { weight: 1, arbitrary: fc.constant<Action>({ act: 'roomRemoved' }) },
  { weight: 15, arbitrary: fc.constantFrom(second, minute, 5 * minute, 15 * minute, hour, 12 * hour, 24 * hour).map((ms): Action => ({ act: 'wait', ms })) },
);

/** Who is there before the story begins: nobody, a waiting member, guests with the owner. */
const beginnings: fc.Arbitrary<readonly Action[]> = fc.constantFrom<readonly Action[]>(
  [],
  [{ act: 'call', call: { credential: { kind: 'member', id: 'ext-2' } } }],
  [{ act: 'call', call: {} }, { act: 'key', pick: 0, entry: 'guest' }, { act: 'call', call: {} }, { act: 'key', pick: 0, entry: 'guest' }, { act: 'call', call: { identity: user('olga', 'creation') } }, { act: 'mixer' }],
);

const wayOf: Readonly<Partial<Record<AdmissionRule, 'moderator' | 'speaker'>>> = {
  no_pins: 'moderator',
  host_pin: 'moderator',
  moderator_link: 'moderator',
  speaker_link: 'speaker',
  guest_pin: 'speaker',
  guest_pin_remembered: 'speaker',
  host_pin_only_open: 'speaker',
  host_pin_only_no_pin: 'speaker',
};

/** One room, and everybody who ever called it. */
class World extends Timeline<ConferenceState, ConferenceEvent, ConferenceEffect> {
  #room: RoomRules;
  #existence: 'exists' | 'removed' = 'exists';
  #called = 0;
  /** At the prompt, with what `#` leads to. */
  readonly #asked = new Map<string, 'guest' | 'end'>();
  /** Everybody who was given a role, with the rule. */
  readonly #admitted = new Map<string, Grant>();
  readonly #inMixer = new Set<string>();
  readonly #answers = new Map<string, string>();
  #orders = 0;

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
    this.#room = room;
  }

  /** With nobody left the conference is dropped; the next one who comes begins another. */
  override post(...events: readonly ConferenceEvent[]): void {
    super.post(...events);
    if (!this.take().some((effect) => effect.do === 'idle')) return;
    this.state = initialConference(this.#room);
    this.dropTimers();
  }

  run(action: Action): void {
    if (this.#existence === 'removed') return;
    switch (action.act) {
      case 'call':
        this.#call(action.call);
        return;
      case 'key':
        this.#key([...this.#asked][action.pick % (this.#asked.size || 1)], action.entry);
        return;
      case 'claim':
        this.post({ type: 'hostClaimed', call: this.#name(action.pick), match: this.#room.hasHostPin ? 'host' : 'none' });
        return;
      case 'mixer':
        for (const { call, place } of this.state.participants.values()) if (place === 'joining') this.post({ type: 'joined', call });
        return;
      case 'mixerRefuses':
        this.post({ type: 'joinFailed', call: this.#name(action.pick), reason: 'media_unavailable' });
        return;
      case 'leave':
        this.post({ type: 'left', call: this.#name(action.pick) });
        return;
      case 'order':
        this.#order(action.by, action.command);
        return;
      case 'room':
        this.#change(action.room);
        return;
      case 'memberRemoved':
        this.#change({ ...this.#room, members: this.#room.members.filter(({ id }) => id !== action.member) });
        this.post({ type: 'memberRemoved', member: action.member });
        for (const participant of this.state.participants.values()) assert.notEqual(participant.member, action.member, 'a member removed is expelled');
        return;
      case 'ownerRemoved':
        this.#disown();
        return;
      case 'endForAll':
        this.#order({ kind: 'system' }, { type: 'endForAll' });
        assert.equal(this.state.participants.size, 0, 'after the end for all nobody is left');
        return;
      case 'roomRemoved':
        this.post({ type: 'roomRemoved' });
        this.#existence = 'removed';
        assert.equal(this.state.participants.size, 0, 'a removed room is empty');
        return;
      case 'wait':
        this.advance(action.ms);
        return;
    }
  }

  /** All hang up: nothing may be left. */
  empty(): void {
    for (const call of [...this.state.participants.keys(), ...this.state.leaving]) this.post({ type: 'left', call });
    assert.deepEqual(this.timers(), {}, 'no timer outlives the conference');
  }

  /** So many at most, each of them a day ahead at most, or until the end of the window. */
  checkTimers(): void {
    const timers = Object.entries(this.timers());
    const waiters = [...this.state.participants.values()].filter(({ place }) => place === 'lobby').length;
    assert.ok(timers.length <= 2 * waiters + 6, JSON.stringify(timers));
    for (const [name, due] of timers) assert.ok(due - this.now <= 25 * hour, `${name} in ${due - this.now} ms`);
  }

  #name(index: number): string {
    return callIds[index] ?? '';
  }

  #call(call: Call): void {
    if (this.#called === callIds.length) return;
    const id = this.#name(this.#called++);
    const { schedule } = this.state;
    const standing = {
      open: isOpen(this.state),
      locked: this.state.lock === 'locked',
      members: new Set([...this.state.participants.values()].flatMap((participant) => participant.member ?? [])),
      ...(schedule?.at === 'running' && schedule.extended === 'yes' && schedule.end !== null ? { extendedTo: schedule.end } : {}),
    };
    const verdict = admit({ room: this.#room, conference: standing, media: 'clear', now: this.now, source: 'free', ...call });
    if (verdict.kind === 'admit') this.#enter(id, verdict, call);
    else if (verdict.kind === 'askPin') this.#asked.set(id, verdict.noPin);
  }

  #key(asked: readonly [string, 'guest' | 'end'] | undefined, entry: PinMatch | 'nothing'): void {
    if (asked === undefined) return;
    const [id, noPin] = asked;
    if (entry === 'nothing') {
      this.#asked.delete(id);
      // The ways in force when it is submitted count (PX-16).
      if (noPin === 'guest' && this.#room.anonymous.speaker && this.#room.hasHostPin && !this.#room.hasGuestPin) this.#enter(id, { rule: 'host_pin_only_no_pin', role: 'guest' }, {});
      return;
    }
    if ((entry === 'host' && !this.#room.hasHostPin) || (entry === 'guest' && !this.#room.hasGuestPin)) return;
    const verdict = judgePin(entry, this.#room);
    if (entry === 'guest' && verdict.kind === 'admit') assert.equal(verdict.role, 'guest', 'a guest PIN never gives host');
    if (verdict.kind !== 'admit') return;
    this.#asked.delete(id);
    this.#enter(id, verdict, {});
  }

  #enter(id: string, { rule, role, member: by }: Grant, { identity, dialled }: Call): void {
    const way = wayOf[rule];
    assert.ok(way === undefined || this.#room.anonymous[way], `${rule} through a way that is disabled`);
    if (rule === 'owner') assert.ok(identity !== undefined && identity.user === this.#room.owner, 'the owner, proven');
    if (rule === 'administrator') assert.equal(identity?.privilege, 'administrator');
    if (by !== undefined) assert.ok(this.#room.members.some(({ id: known }) => known === by), 'a member there is');
    if (role === 'host' && this.#room.hasHostPin && (rule === 'guest_pin' || rule === 'guest_pin_remembered' || rule === 'speaker_link' || (dialled !== undefined && rule === 'dialled_guest'))) assert.fail(`${rule} gave host`);
    this.#admitted.set(id, { rule, role });
    this.post({ type: 'enter', call: id, name: id, role, rule, wrongPins: 0, ...(by === undefined ? {} : { member: by }) });
  }

  #order(by: Commander, command: ConferenceCommand): void {
    // There is no conference to give it to.
    if (this.state.participants.size + this.state.leaving.size === 0) return;
    const request = `q${this.#orders++}`;
    const giver = by.kind === 'participant' ? this.state.participants.get(by.call) : undefined;
    const before = this.state;
    this.post({ type: 'command', by, command, request });
    const answer = this.#answers.get(request) ?? 'performed';
    const succeeded = answer === 'done' || answer === 'performed';
    if (!succeeded) assert.deepEqual(this.state, before, 'what is refused changes nothing');
    if (by.kind === 'user') {
      const isLimited = limitedTypes.some((type) => type === command.type) || (command.type === 'message' && command.to !== 'room');
      if (by.level === 'none' || (by.level === 'limited' && !isLimited && command.type !== 'thumbnail')) assert.equal(answer, 'not_permitted', `${command.type} with ${by.level} control`);
    }
    // PX-10: who is guest, or host by PIN where that gives no controls, controls nobody else.
    const isPlainGuest = giver !== undefined && giver.role === 'guest' && giver.member === undefined && giver.rule === 'guest_pin' && giver.permissions.size === 7;
    if (isPlainGuest && succeeded) assert.ok(own.has(command.type) && !('target' in command && command.target !== giver.call), `a guest: ${command.type}`);
    if (command.type === 'endForAll' && succeeded) assert.equal(this.state.participants.size, 0, 'after the end for all nobody is left');
  }

  #disown(): void {
    const { owner, ...room } = this.#room;
    this.#change(room);
    const verdict = admit({ room, conference: { open: false, locked: false, members: new Set() }, media: 'clear', now: this.now, source: 'free', identity: user(owner ?? 'olga', 'creation') });
    assert.notEqual(verdict.rule, 'owner', 'an owner removed owns nothing');
  }

  #change(room: RoomRules): void {
    this.#room = room;
    this.post({ type: 'roomChanged', room });
  }

  #check(before: ConferenceState, event: ConferenceEvent, after: ConferenceState, effects: readonly ConferenceEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'answer') this.#answers.set(effect.request, effect.outcome);
      if (effect.do !== 'join') continue;
      assert.ok(this.#admitted.has(effect.call), 'nobody in the mixer without a role');
      assert.ok(!this.#inMixer.has(effect.call), 'once');
      this.#inMixer.add(effect.call);
      assert.notEqual(after.schedule?.at, 'early', 'nobody enters before the start');
    }
    for (const [call, { role, place, rule, original, waitsFor }] of after.participants) {
      assert.equal(this.#inMixer.has(call), place !== 'lobby', 'in the mixer exactly who is not in the lobby');
      if (waitsFor === 'start' && place === 'lobby') assert.equal(after.schedule?.at, 'early', 'nobody waits for a start that does not come');
      const granted = this.#admitted.get(call);
      assert.ok(granted !== undefined && (role === granted.role || original !== undefined), `${call} by ${rule}: roles change by promotion and *1 only`);
    }
    if (before.access === 'closed' && after.access === 'open' && after.room.hasHostPin) {
      assert.ok([...after.participants.values()].some(({ place, role }) => place !== 'lobby' && role === 'host'), `a host opens the room, not ${event.type}`);
    }
    if (event.type === 'left' && !after.participants.has(event.call)) this.#inMixer.delete(event.call);
  }
}

describe('properties of the whole policy', () => {
  it('PX-08 PX-10 PX-16 PX-23 PX-30 OV-05 OV-34 OV-46 CO-18 CO-39 CO-44: whoever calls, whatever is keyed, changed and commanded', () => {
    fc.assert(
      fc.property(rooms, beginnings, fc.array(actions, { maxLength: 60, size: 'max' }), (room, beginning, story) => {
        const world = new World(room);
        for (const action of [...beginning, ...story]) {
          world.run(action);
          world.checkTimers();
        }
        world.empty();
      }),
      { numRuns: 1_000 },
    );
  });
});
