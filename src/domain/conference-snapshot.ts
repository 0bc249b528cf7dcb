import type { ConferenceState, Participant } from './conference-state.ts';
import type { Permission } from './permissions.ts';
import type { RoomRules } from './policy.ts';

/** A conference as plain data, for a process that takes it over. The room itself is read anew: it may have been changed. */
export interface ConferenceSnapshot extends Omit<ConferenceState, 'room' | 'participants' | 'leaving' | 'existence'> {
  /** In order of arrival. */
  readonly participants: readonly ParticipantSnapshot[];
}

type Plain<T extends Pick<Participant, 'permissions'>> = Omit<T, 'permissions'> & { readonly permissions: readonly Permission[] };

interface ParticipantSnapshot extends Plain<Omit<Participant, 'original'>> {
  readonly original?: Plain<NonNullable<Participant['original']>>;
}

/** Those who hear their goodbye are not in it: they are over. */
export function snapshotOf({ access, lock, guests, participants, guestsOnly, lone, schedule }: ConferenceState): ConferenceSnapshot {
  return { access, lock, guests, guestsOnly, lone, schedule, participants: [...participants.values()].map(plain) };
}

export function fromSnapshot({ participants, access, lock, guests, guestsOnly, lone, schedule }: ConferenceSnapshot, room: RoomRules): ConferenceState {
  return {
    room,
    access,
    lock,
    guests,
    guestsOnly,
    lone,
    schedule,
    participants: new Map(participants.map((participant) => [participant.call, whole(participant)])),
    leaving: new Set(),
    existence: 'exists',
  };
}

function plain({ original, permissions, ...rest }: Participant): ParticipantSnapshot {
  return { ...rest, permissions: [...permissions], ...(original === undefined ? {} : { original: { ...original, permissions: [...original.permissions] } }) };
}

function whole({ original, permissions, ...rest }: ParticipantSnapshot): Participant {
  return { ...rest, permissions: new Set(permissions), ...(original === undefined ? {} : { original: { ...original, permissions: new Set(original.permissions) } }) };
}
