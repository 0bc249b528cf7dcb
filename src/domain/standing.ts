import type { Standing } from './admission.ts';
import { isOpen, type ConferenceState } from './conference-state.ts';
import { extendedTo } from './schedule-end.ts';

/** A conference as admission reads it. */
export function standingOf(state: ConferenceState): Standing {
  const members = [...state.participants.values()].flatMap(({ member }) => (member === undefined ? [] : [member]));
  const extended = extendedTo(state.schedule);
  return { open: isOpen(state), locked: state.lock === 'locked', members: new Set(members), ...(extended === undefined ? {} : { extendedTo: extended }) };
}
