import { roomRoleOf } from '../domain/member.ts';
import { ownership, visibility } from '../domain/privilege.ts';
import type { Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { EndpointDetails, LiveConference, LiveParticipant, LivePort, MediaStatistics } from '../ports/live.ts';
import type { TimerStatus } from '../ports/status.ts';
import { privilegeOf, type Actor } from './actor.ts';
import { timeText } from './audit.ts';

/** Times are RFC 3339. */
export type ParticipantView = ReturnType<typeof participantView>;

export interface TimerView extends TimerStatus {
  /** Whose it is; absent: the conference's. */
  readonly participant?: string;
  readonly dueAt: string;
}

export interface ConferenceView {
  readonly room: string;
  readonly conference?: string;
  readonly state: 'idle' | 'closed' | 'open';
  readonly lock: 'locked' | 'unlocked';
  readonly guestsMuted: boolean;
  readonly recording: LiveConference['recording'];
  /** In the conference; in the lobby. */
  readonly participantCount: number;
  readonly waitingCount: number;
}

/** What is going on in the rooms at the moment, as people are shown it. */
export class Conferences {
  readonly #live: LivePort;
  readonly #now: () => number;

  constructor(live: LivePort, now: () => number) {
    this.#live = live;
    this.#now = now;
  }

  /** Section 4: who sees names only learns nothing of what is going on. */
  conference(actor: Actor, room: Room): Result<ConferenceView, Problem> {
    if (actor.kind !== 'member') {
      const whose = actor.kind === 'user' ? ownership(actor.name, room.owner) : 'others';
      const seen = visibility(privilegeOf(actor), whose);
      const isMember = actor.kind === 'user' && room.members.some(({ kind, id }) => kind === 'internal' && id === actor.name);
      if (seen !== 'all' && seen !== 'detail' && !isMember) return err({ code: 'not_permitted', message: 'what goes on in this room is not shown to you', advice: 'ask for the privilege detail or a higher one' });
    }
    const live = this.#live.conference(room.id);
    if (live === undefined) return ok({ room: room.id, state: 'idle', lock: 'unlocked', guestsMuted: false, recording: 'off', participantCount: 0, waitingCount: 0 });
    const waiting = live.participants.filter(({ place }) => place === 'lobby').length;
    return ok({
      room: room.id,
      ...(live.conferenceId === undefined ? {} : { conference: live.conferenceId }),
      state: live.access,
      lock: live.lock,
      guestsMuted: live.guestsMuted,
      recording: live.recording,
      participantCount: live.participants.length - waiting,
      waitingCount: waiting,
    });
  }

  participants(room: Room): readonly ParticipantView[] {
    return (this.#live.conference(room.id)?.participants ?? []).map(participantView);
  }

  participant(room: Room, call: string): Result<ParticipantView, Problem> {
    const found = this.#live.conference(room.id)?.participants.find((each) => each.call === call);
    return found === undefined ? err(nobody) : ok(participantView(found));
  }

  details(room: Room, call: string): Result<EndpointDetails, Problem> {
    const details = this.#live.roomOf(call) === room.id ? this.#live.details(call) : undefined;
    return details === undefined ? err(nobody) : ok(details);
  }

  async statistics(room: Room, call: string): Promise<Result<MediaStatistics, Problem>> {
    const statistics = this.#live.roomOf(call) === room.id ? await this.#live.statistics(call) : undefined;
    return statistics === undefined ? err(nobody) : ok(statistics);
  }

  /** What will happen and when, the next first. */
  timers(room: Room): readonly TimerView[] {
    const live = this.#live.conference(room.id);
    if (live === undefined) return [];
    const dueAt = ({ dueInSeconds }: TimerStatus): string => timeText(this.#now() + dueInSeconds * 1_000);
    const all: TimerView[] = [
      ...live.timers.map((timer) => ({ ...timer, dueAt: dueAt(timer) })),
      ...live.participants.flatMap(({ call, timers }) => timers.map((timer) => ({ ...timer, participant: call, dueAt: dueAt(timer) }))),
    ];
    return all.sort((a, b) => a.dueInSeconds - b.dueInSeconds);
  }
}

export function participantView(participant: LiveParticipant) {
  const { call, name, role, hostBy, rule, permissions, original, member, place, waitsFor, since, muted, handRaised, gain, deaf, important, protocol, direction, alias, held } = participant;
  return {
    call,
    name,
    role: roomRoleOf(role),
    ...(hostBy === undefined ? {} : { hostBy }),
    /** OVD-09: can be demoted. */
    promoted: original !== undefined,
    rule,
    ...(member === undefined ? {} : { member }),
    permissions: [...permissions],
    place,
    ...(waitsFor === undefined ? {} : { waitsFor }),
    since: timeText(since),
    muted,
    handRaised,
    gain,
    deaf,
    important,
    protocol,
    direction,
    alias,
    held,
  };
}

const nobody: Problem = { code: 'target_unknown', message: 'there is no such participant in this conference', advice: 'see the list of participants' };
