import { conferenceStep, initialConference, type ConferenceEffect, type ConferenceEvent, type ConferenceState, type ConferenceTimer, type Participant } from '../../../src/domain/conference.ts';
import type { Commander, KeypadCommand } from '../../../src/domain/commands.ts';
import type { ConferenceCommand } from '../../../src/domain/conference-commands.ts';
import type { KeepAlive } from '../../../src/domain/dial.ts';
import type { AdmissionRule, Policy, RoomRules } from '../../../src/domain/policy.ts';
import { unreachable } from '../../../src/lib/result.ts';
import { policy, promptText } from './fixtures.ts';
import { Timeline } from './timeline.ts';

/** A conference told as a story: each verb posts an event, `heard()` gives what came of it in lines. The mixer and the legs answer at once. */
export class Meeting extends Timeline<ConferenceState, ConferenceEvent, ConferenceEffect> {
  /** `silent`: joins are not confirmed, for tests that do it themselves. */
  mixer: 'answers' | 'silent' = 'answers';
  readonly #lines: string[] = [];

  constructor(room: RoomRules, rules: Policy = policy) {
    super({
      initial: initialConference(room),
      step: (state, event, now) => conferenceStep(state, event, rules, now),
      fired: (name) => ({ type: 'timer', name: name as ConferenceTimer }),
    });
  }

  override post(...events: readonly ConferenceEvent[]): void {
    const queue = [...events];
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      super.post(event);
      for (const effect of this.take()) {
        this.#lines.push(line(effect));
        if (effect.do === 'join' && this.mixer === 'answers') queue.push({ type: 'joined', call: effect.call });
        if (effect.do === 'end') queue.push({ type: 'left', call: effect.call });
      }
    }
  }

  host(...calls: readonly string[]): this {
    for (const call of calls) this.enter(call, 'host', this.state.room.hasHostPin ? 'host_pin' : 'no_pins');
    return this;
  }

  guest(...calls: readonly string[]): this {
    for (const call of calls) this.enter(call, 'guest', 'guest_pin');
    return this;
  }

  enter(call: string, role: 'host' | 'guest', rule: AdmissionRule, wrongPins = 0, more: { readonly member?: string; readonly keepAlive?: KeepAlive } = {}): void {
    this.post({ type: 'enter', call, name: call, role, rule, wrongPins, ...more });
  }

  leave(...calls: readonly string[]): this {
    for (const call of calls) this.post({ type: 'left', call });
    return this;
  }

  /** By console or REST. */
  orders(by: Commander, command: ConferenceCommand, request?: string): this {
    this.post({ type: 'command', by, command, ...(request === undefined ? {} : { request }) });
    return this;
  }

  does(call: string, type: KeypadCommand['type']): this {
    return this.orders({ kind: 'participant', call }, { type });
  }

  claims(call: string, match: 'host' | 'none'): this {
    this.post({ type: 'hostClaimed', call, match });
    return this;
  }

  changes(change: Partial<RoomRules>): this {
    this.post({ type: 'roomChanged', room: { ...this.state.room, ...change } });
    return this;
  }

  after(ms: number): this {
    this.advance(ms);
    return this;
  }

  /** What happened since it was last asked. Facts only if `facts` says so. */
  heard(facts: 'with facts' | 'without facts' = 'without facts'): readonly string[] {
    const lines = this.#lines.splice(0);
    return facts === 'with facts' ? lines : lines.filter((text) => !text.startsWith('fact '));
  }

  /** Who is where, e.g. `h1 conference`. */
  who(): readonly string[] {
    return [...this.state.participants.values()].map(({ call, place }) => `${call} ${place}`);
  }

  participant(call: string): Participant {
    const participant = this.state.participants.get(call);
    if (participant === undefined) throw new Error(`${call} is not here`);
    return participant;
  }
}

function line(effect: ConferenceEffect): string {
  switch (effect.do) {
    case 'join':
      return `join ${effect.call}${effect.muted ? ' muted' : ''}`;
    case 'lobby':
      return `lobby ${effect.call} for ${effect.waitsFor}`;
    case 'tell':
      return `${effect.to === 'room' ? 'room' : effect.to.call} hears ${promptText(effect.prompts)}`;
    case 'text':
      return `room reads ${promptText(effect.prompts)}`;
    case 'end':
      return `end ${effect.call} ${effect.reason}: ${promptText(effect.goodbye)}`;
    case 'mute':
      return `${effect.muted ? 'mute' : 'unmute'} ${effect.call}`;
    case 'gain':
      return `gain ${effect.call} ${effect.decibels}`;
    case 'deaf':
      return `${effect.deaf ? 'deafen' : 'undeafen'} ${effect.call}`;
    case 'perform':
      return `perform ${effect.command.type}`;
    case 'answer':
      return `answer ${effect.request} ${effect.outcome}`;
    case 'opened':
    case 'idle':
      return effect.do;
    case 'emit':
      return `fact ${[effect.event.type, 'call' in effect.event ? effect.event.call : '', 'why' in effect.event ? effect.event.why : ''].join(' ').trim()}`;
    case 'startTimer':
    case 'cancelTimer':
      return effect.do;
    default:
      return unreachable(effect);
  }
}
