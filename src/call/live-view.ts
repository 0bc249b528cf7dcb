import type { LiveConference, LiveParticipant } from '../ports/live.ts';
import type { CallSession } from './call-session.ts';
import type { ConferenceActor } from './conference-actor.ts';
import { dueTimers } from './due-timers.ts';

export interface LiveViewOptions {
  readonly session: (call: string) => CallSession | undefined;
  readonly recording: LiveConference['recording'];
  readonly now: number;
}

/** A conference as the API shows it. */
export function liveConference({ room, state, timers, conferenceId, isOpen }: ConferenceActor, { session, recording, now }: LiveViewOptions): LiveConference {
  return {
    room: room.id,
    ...(conferenceId === undefined ? {} : { conferenceId }),
    access: isOpen ? 'open' : 'closed',
    lock: state.lock,
    guestsMuted: state.guests === 'muted',
    recording,
    participants: [...state.participants.values()].map((participant): LiveParticipant => {
      const call = session(participant.call);
      const { protocol = 'sip', dialled } = call?.leg ?? {};
      const ofConference = new Map([...timers].filter(([name]) => name.endsWith(`:${participant.call}`)));
      return {
        ...participant,
        protocol,
        direction: dialled === undefined ? 'in' : 'out',
        alias: call?.alias ?? '',
        held: call?.isHeld ?? false,
        timers: [...dueTimers(ofConference, now, () => true), ...dueTimers(call?.timers ?? new Map(), now, (name) => name !== 'mediaPoll')],
      };
    }),
    timers: dueTimers(timers, now, (name) => !name.includes(':')),
  };
}
