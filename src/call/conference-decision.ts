import { isOpen, type ConferenceEffect, type ConferenceState } from '../domain/conference.ts';
import { isInside } from '../domain/conference-state.ts';
import { placeRuleOf, type Decision } from '../domain/decision.ts';

/** What the rules of a conference decided about a call, as `GET /calls/{id}/explain` tells of it: its place (policy.md section 1, steps (a) to (e)), and `*1`. */
export function decisionOf(effect: ConferenceEffect, state: ConferenceState, at: number): Decision | undefined {
  const decided = decidedBy(effect);
  if (decided === undefined) return undefined;
  const { room, lock, participants } = state;
  const { role = null, rule = null, waitsFor = null } = participants.get(decided.callId) ?? {};
  const others = [...participants.values()].filter((participant) => isInside(participant) && participant.call !== decided.callId).length;
  return { ...decided, at, inputs: { room: room.id, role, admittedBy: rule, waitedFor: waitsFor, hostPin: room.hasHostPin, open: isOpen(state), locked: lock === 'locked', others, limit: room.participantLimit ?? null } };
}

function decidedBy(effect: ConferenceEffect): Pick<Decision, 'callId' | 'stage' | 'rule' | 'outcome'> | undefined {
  switch (effect.do) {
    case 'join':
      return { callId: effect.call, stage: 'place', rule: 'join', outcome: 'join' };
    case 'end':
      if (effect.reason === 'full') return { callId: effect.call, stage: 'place', rule: 'full', outcome: 'end' };
      return effect.reason === 'pin_failed' ? { callId: effect.call, stage: 'claim', rule: 'claim_wrong', outcome: 'end' } : undefined;
    case 'tell':
      return effect.to !== 'room' && effect.prompts.some(({ key }) => key === 'host_refused') ? { callId: effect.to.call, stage: 'claim', rule: 'claim_wrong', outcome: 'wrong' } : undefined;
    case 'emit': {
      const { event } = effect;
      if (event.type === 'waiting') return { callId: event.call, stage: 'place', rule: placeRuleOf(event.waitsFor), outcome: 'lobby' };
      return event.type === 'roleChanged' && event.hostBy === 'claimed' ? { callId: event.call, stage: 'claim', rule: 'host_claimed', outcome: 'host' } : undefined;
    }
    default:
      return undefined;
  }
}
