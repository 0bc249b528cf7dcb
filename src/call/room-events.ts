import type { Commander } from '../domain/commands.ts';
import type { ConferenceFact, ConferenceState, Participant } from '../domain/conference.ts';
import { isReuse } from '../domain/admission.ts';
import type { RoomEvent } from '../domain/events.ts';
import type { EndReason } from '../domain/reasons.ts';
import { unreachable } from '../lib/result.ts';

export interface EventContext {
  readonly at: number;
  readonly state: ConferenceState;
  /** As it is, or was before it left. */
  readonly participant: (call: string) => Participant | undefined;
  readonly reasonOf: (call: string) => EndReason;
}

/** Who did it, for people: the name of a user or participant, else `system`. */
export const commanderName = (by: Commander, participant: EventContext['participant']): string => {
  if (by.kind === 'participant') return participant(by.call)?.name ?? by.call;
  return by.kind === 'system' ? 'system' : by.name;
};

/** A fact of a conference as it is told outside. */
export function eventOf(fact: ConferenceFact, { at, state, participant, reasonOf }: EventContext): RoomEvent {
  const where = { at, roomId: state.room.id } as const;
  const nameOf = (call: string): string => participant(call)?.name ?? '';
  switch (fact.type) {
    case 'opened':
    case 'closed':
      return { ...where, type: `conference.${fact.type}`, data: {} };
    case 'locked':
    case 'unlocked':
      return { ...where, type: `conference.${fact.type}`, data: {} };
    case 'ending':
      return { ...where, type: 'conference.ending', data: { rule: fact.rule, endsAt: fact.endsAt, state: fact.state } };
    case 'extended':
      return { ...where, type: 'conference.extended', data: { rule: fact.rule, endsAt: fact.endsAt } };
    case 'scheduleStarted':
      return { ...where, type: 'schedule.started', data: { start: fact.start, end: fact.end } };
    case 'scheduleEnded':
      return { ...where, type: 'schedule.ended', data: { end: fact.end } };
    case 'waiting':
      return { ...where, type: 'participant.waiting', callId: fact.call, data: { name: nameOf(fact.call), role: participant(fact.call)?.role ?? 'guest', waitsFor: fact.waitsFor } };
    case 'joined': {
      const joined = participant(fact.call);
      const { role = 'guest', rule = 'no_pins', member } = joined ?? {};
      return { ...where, type: 'participant.joined', callId: fact.call, data: { name: nameOf(fact.call), role, rule, ...(member === undefined ? {} : { member }), ...(isReused(state, joined) ? { reused: true } : {}) } };
    }
    case 'left':
      return { ...where, type: 'participant.left', callId: fact.call, data: { name: nameOf(fact.call), reason: reasonOf(fact.call) } };
    case 'handRaised':
    case 'handLowered':
      return { ...where, type: `participant.${fact.type}`, callId: fact.call, data: {} };
    case 'roleChanged':
      return { ...where, type: 'participant.roleChanged', callId: fact.call, data: { role: fact.role, hostBy: fact.hostBy ?? null } };
    case 'muteChanged':
      return { ...where, type: 'participant.muteChanged', callId: fact.call, data: { muted: fact.muted } };
    case 'renamed':
      return { ...where, type: 'participant.renamed', callId: fact.call, data: { name: fact.name } };
    case 'changed': {
      const { gain, deaf, important } = fact;
      const data = { ...(gain === undefined ? {} : { gain }), ...(deaf === undefined ? {} : { deaf }), ...(important === undefined ? {} : { important }) };
      return { ...where, type: 'participant.changed', callId: fact.call, data };
    }
    case 'refusedCommand':
      return { ...where, type: 'command.refused', ...(fact.call === undefined ? {} : { callId: fact.call }), data: { command: fact.command, why: fact.why, by: commanderName(fact.by, participant) } };
    default:
      return unreachable(fact);
  }
}

/** OV-38: the link or PIN of an external member is used by somebody else already. */
function isReused({ room, participants }: ConferenceState, joined: Participant | undefined): boolean {
  const member = room.members.find(({ id }) => id === joined?.member);
  if (member === undefined) return false;
  const others = [...participants.values()].filter(({ call }) => call !== joined?.call).flatMap(({ member: other }) => (other === undefined ? [] : [other]));
  return isReuse(member, new Set(others));
}
