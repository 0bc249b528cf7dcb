import type { Participant, Turn } from './conference-state.ts';

/** N-12: one model with three causes; each change is told once. */
export function changeMute(turn: Turn, participant: Participant, muted: Participant['muted']): void {
  const before = participant.muted;
  if (before.self === muted.self && before.host === muted.host && before.policy === muted.policy) return;
  turn.syncMute({ ...participant, muted });
  turn.emit({ type: 'muteChanged', call: participant.call, muted });
}
