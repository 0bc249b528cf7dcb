import type { Decision } from '../domain/decision.ts';
import { roomRoleOf } from '../domain/member.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { CdrCall, CdrCallQuery, CdrConference, CdrConferenceQuery, CdrQuery } from '../ports/cdr.ts';
import type { DecisionStore } from '../ports/decisions.ts';
import type { EndpointDetails, LivePort, MediaStatistics } from '../ports/live.ts';
import type { Page } from '../ports/page.ts';
import { timeText } from './audit.ts';

export interface CallsOptions {
  readonly cdr: CdrQuery;
  readonly decisions: Pick<DecisionStore, 'ofCall'>;
  readonly live: LivePort;
}

export type CallView = ReturnType<typeof callView>;
export type ConferenceRecordView = ReturnType<typeof conferenceRecordView>;

export interface LiveCallView {
  readonly endpoint?: EndpointDetails;
  readonly statistics?: MediaStatistics;
}

/** Times are RFC 3339. */
export interface DecisionView extends Omit<Decision, 'at' | 'callId'> {
  readonly at: string;
}

/** Calls and conferences as the records have them: under way, and over. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  async list(query: CdrCallQuery): Promise<Result<Page<CallView>, Problem>> {
    const page = await this.#options.cdr.calls(query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map(callView) }) : page;
  }

  async conferences(query: CdrConferenceQuery): Promise<Result<Page<ConferenceRecordView>, Problem>> {
    const page = await this.#options.cdr.conferences(query);
    return page.ok ? ok({ ...page.value, items: page.value.items.map(conferenceRecordView) }) : page;
  }

  /** While it goes on, with what is known of the far end and the media. */
  async get(id: string): Promise<Result<CallView & LiveCallView, Problem>> {
    const { cdr, live } = this.#options;
    const found = await cdr.call(id);
    if (!found.ok) return found;
    if (found.value === undefined) return err(unknown);
    const endpoint = live.details(id);
    const statistics = endpoint === undefined ? undefined : await live.statistics(id);
    return ok({ ...callView(found.value), ...(endpoint === undefined ? {} : { endpoint }), ...(statistics === undefined ? {} : { statistics }) });
  }

  /** N-02: the rules that decided about a call, with what they read, in order. `room`: it must have been about this one. */
  async explain(id: string, room?: string): Promise<Result<readonly DecisionView[], Problem>> {
    const { cdr, decisions, live } = this.#options;
    const kept = await decisions.ofCall(id);
    if (!kept.ok) return kept;
    // Those just made are on their way to the store.
    const told = new Set(kept.value.map(keyOf));
    const all = [...kept.value, ...live.decisions(id).filter((decision) => !told.has(keyOf(decision)))];
    const about = room === undefined ? all : all.filter(({ inputs }) => inputs['room'] === room);
    if (about.length > 0) return ok(about.map(({ at, stage, rule, outcome, inputs }) => ({ at: timeText(at), stage, rule, outcome, inputs })));
    const record = await cdr.call(id);
    if (!record.ok) return record;
    return record.value === undefined || (room !== undefined && record.value.roomId !== room) ? err(unknown) : ok([]);
  }
}

const unknown: Problem = { code: 'call_unknown', message: 'there is no such call', advice: 'list the calls for their ids' };

const keyOf = ({ at, stage, rule, outcome }: Decision): string => `${at} ${stage} ${rule} ${outcome}`;

export function callView(call: CdrCall) {
  const { id, protocol, callId, caller, alias, startedAt, roomId, conferenceId, role, rule, answeredAt, joinedAt, end } = call;
  return {
    id,
    state: end === undefined ? ('active' as const) : ('ended' as const),
    protocol,
    protocolId: callId,
    caller,
    alias,
    startedAt: timeText(startedAt),
    ...(roomId === undefined ? {} : { room: roomId }),
    ...(conferenceId === undefined ? {} : { conference: conferenceId }),
    ...(role === undefined ? {} : { role: roomRoleOf(role) }),
    ...(rule === undefined ? {} : { rule }),
    ...(answeredAt === undefined ? {} : { answeredAt: timeText(answeredAt) }),
    ...(joinedAt === undefined ? {} : { joinedAt: timeText(joinedAt) }),
    ...(end === undefined ? {} : { endedAt: timeText(end.at), reason: end.reason, cause: end.cause, fault: end.fault, durationSeconds: Math.round((end.at - startedAt) / 1_000) }),
  };
}

export function conferenceRecordView({ id, roomId, startedAt, end, peakParticipants }: CdrConference) {
  return {
    id,
    state: end === undefined ? ('active' as const) : ('ended' as const),
    room: roomId,
    startedAt: timeText(startedAt),
    ...(end === undefined ? {} : { endedAt: timeText(end.at), reason: end.reason, durationSeconds: Math.round((end.at - startedAt) / 1_000) }),
    ...(peakParticipants === undefined ? {} : { peakParticipants }),
  };
}
