import type { Commander, ControlCommand, ControlType } from './commands.ts';
import type { Refusal } from './control.ts';
import type { KeepAlive } from './dial.ts';
import type { PermissionSet } from './permissions.ts';
import type { AdmissionRule, EntryRole, HostBy, Policy, RoomRules } from './policy.ts';
import { say, type Prompt, type PromptKey } from './prompts.ts';
import { goodbyeOf, type EndReason } from './reasons.ts';
import type { Running } from './schedule-end.ts';

export type CallId = string;

export interface Participant {
  readonly call: CallId;
  readonly name: string;
  readonly role: EntryRole;
  readonly hostBy?: HostBy;
  readonly rule: AdmissionRule;
  readonly permissions: PermissionSet;
  /** What a promotion or `*1` has changed, for a demotion to restore (OVD-09). */
  readonly original?: Pick<Participant, 'role' | 'hostBy' | 'permissions'>;
  /** Whose membership let him in. */
  readonly member?: string;
  /** Absent: `always`. */
  readonly keepAlive?: KeepAlive;
  /** `joining`: admitted, the mixer has not confirmed yet. Only `conference` counts as in the conference for the ending rules; `joining` counts for the limit. */
  readonly place: 'lobby' | 'joining' | 'conference';
  /** In the lobby: what for. Afterwards: what was waited for. */
  readonly waitsFor?: WaitsFor;
  readonly since: number;
  readonly muted: { readonly self: boolean; readonly host: boolean; readonly policy: boolean };
  /** What the mixer was told last: joining legs cannot be told yet. */
  readonly mixer: 'muted' | 'live';
  readonly handRaised: boolean;
  /** Decibels. */
  readonly gain: number;
  readonly deaf: boolean;
  /** CO-27: one of a conference at most. */
  readonly important: boolean;
  /** Wrong host PINs by `*1` and at the PIN prompt together: 3 a call. */
  readonly wrongPins: number;
}

/** What a participant brings along from where it was moved from; of a room it comes back to, its role there, too. */
export type Kept = Pick<Participant, 'muted' | 'gain' | 'deaf'> & Partial<Pick<Participant, 'hostBy' | 'permissions' | 'original' | 'handRaised' | 'important'>>;

export type WaitsFor = 'start' | 'host' | 'unlock';

/** What is carried out by others once the rules have allowed it. */
export type ServiceCommand = Extract<ControlCommand, { readonly type: 'move' | 'dial' | 'announce' | 'message' | 'recordStart' | 'recordStop' | 'recordPause' | 'recordResume' }>;

/** To be answered once; absent where nobody waits for the answer (a keypad). */
export type RequestId = string;

/**
 * Timers of the conference; those of one leg carry its call id. `guestsOnly` is the cut, `guestsOnlyWarning` the next spoken
 * warning; `lone` first the announcement, then the cut; `start` of a scheduled room,
 * `scheduleWarning` and `scheduleEnd` of its end; `lobbyPrompt:`/`wait:` are per waiter.
 */
export type ConferenceTimer = 'start' | 'scheduleWarning' | 'scheduleEnd' | 'guestsOnly' | 'guestsOnlyWarning' | 'lone' | 'lockRelease' | `lobbyPrompt:${CallId}` | `wait:${CallId}`;

export type Audience = 'room' | { readonly call: CallId };

export type ConferenceEffect =
  /** Into the mixer, out of the lobby if it was there. `joined` or `joinFailed` answers. */
  | { readonly do: 'join'; readonly call: CallId; readonly muted: boolean }
  /** Into the lobby: its music; prompts follow as `tell`. */
  | { readonly do: 'lobby'; readonly call: CallId; readonly waitsFor: WaitsFor }
  /** Says something in the conference (mixed in) or to one leg wherever it is (lobby: over the music). */
  | { readonly do: 'tell'; readonly to: Audience; readonly prompts: readonly Prompt[] }
  /** The same for all to read: to those in the conference or its lobby whose telephones show text. */
  | { readonly do: 'text'; readonly prompts: readonly Prompt[] }
  /** Ends a leg; `goodbye` is played to it in full first. Answered by `left`. */
  | { readonly do: 'end'; readonly call: CallId; readonly reason: EndReason; readonly goodbye: readonly Prompt[] }
  | { readonly do: 'mute'; readonly call: CallId; readonly muted: boolean }
  | { readonly do: 'gain'; readonly call: CallId; readonly decibels: number }
  | { readonly do: 'deaf'; readonly call: CallId; readonly deaf: boolean }
  /** Allowed; whoever carries it out answers. */
  | { readonly do: 'perform'; readonly command: ServiceCommand; readonly by: Commander; readonly request: RequestId | undefined }
  /** After the effects of the command. */
  | { readonly do: 'answer'; readonly request: RequestId; readonly outcome: 'done' | Refusal }
  | { readonly do: 'startTimer'; readonly name: ConferenceTimer; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: ConferenceTimer }
  /** The room opened: calls at row 9's prompt with no digit keyed go in at once. */
  | { readonly do: 'opened' }
  /** Nobody is left anywhere: the actor may be dropped. */
  | { readonly do: 'idle' }
  | { readonly do: 'emit'; readonly event: ConferenceFact };

/** What happened, for the log, the CDR and later the event stream. */
export type ConferenceFact =
  | { readonly type: 'opened' }
  | { readonly type: 'closed' }
  | { readonly type: 'locked' | 'unlocked' }
  | { readonly type: 'waiting'; readonly call: CallId; readonly waitsFor: WaitsFor }
  | { readonly type: 'joined' | 'handRaised' | 'handLowered'; readonly call: CallId }
  | { readonly type: 'left'; readonly call: CallId }
  | { readonly type: 'roleChanged'; readonly call: CallId; readonly role: EntryRole; readonly hostBy: HostBy | undefined }
  | { readonly type: 'muteChanged'; readonly call: CallId; readonly muted: Participant['muted'] }
  | { readonly type: 'renamed'; readonly call: CallId; readonly name: string }
  | { readonly type: 'changed'; readonly call: CallId; readonly gain?: number; readonly deaf?: boolean; readonly important?: boolean }
  /** `endsAt`: milliseconds since the epoch. */
  | { readonly type: 'ending'; readonly rule: 'guests_only' | 'lone' | 'schedule'; readonly endsAt: number; readonly state: 'announced' | 'cancelled' }
  | { readonly type: 'extended'; readonly rule: 'lone' | 'schedule'; readonly endsAt: number }
  | { readonly type: 'scheduleStarted'; readonly start: number; readonly end: number | null }
  | { readonly type: 'scheduleEnded'; readonly end: number }
  /** `call`: of a participant who gave it. */
  | { readonly type: 'refusedCommand'; readonly call?: CallId; readonly by: Commander; readonly command: ControlType; readonly why: Refusal };

export interface ConferenceState {
  readonly room: RoomRules;
  /** Whether a host has opened it; ask `isOpen`, because a room without a host PIN is always open. */
  readonly access: 'closed' | 'open';
  readonly lock: 'locked' | 'unlocked';
  /** All guests muted by a host, those to come included. */
  readonly guests: 'free' | 'muted';
  /** In order of arrival, lobby included. */
  readonly participants: ReadonlyMap<CallId, Participant>;
  /** Ended by us and not gone yet: they hear their goodbye. */
  readonly leaving: ReadonlySet<CallId>;
  /** The end of a conference that only guests are left in, and the warnings still to come, as times before it. */
  readonly guestsOnly: { readonly cutAt: number; readonly warnings: readonly number[] } | undefined;
  readonly lone: 'off' | 'counting' | 'announced';
  /** Of a scheduled room; undefined before anybody came. */
  readonly schedule: Running | undefined;
  /** Whether the room was removed: who still comes from a PIN prompt is ended. */
  readonly existence: 'exists' | 'removed';
}

/** Rooms without a host PIN are always open (PX-11). */
export const isOpen = (state: ConferenceState): boolean => state.access === 'open' || !state.room.hasHostPin;

export const isMuted = ({ muted }: Participant): boolean => muted.self || muted.host || muted.policy;

/** In the conference or on the way into it, as the limit counts. */
export const isInside = (participant: Participant): boolean => participant.place !== 'lobby';

/** The working copy of one step: what has happened so far, and the effects in their order. */
export class Turn {
  readonly effects: ConferenceEffect[] = [];
  readonly policy: Policy;
  readonly now: number;
  state: ConferenceState;

  constructor(state: ConferenceState, policy: Policy, now: number) {
    this.state = state;
    this.policy = policy;
    this.now = now;
  }

  set(change: Partial<ConferenceState>): void {
    this.state = { ...this.state, ...change };
  }

  /** Those of this kind, in order of arrival. The list does not follow later changes. */
  those(kind: (participant: Participant) => boolean): readonly Participant[] {
    return [...this.state.participants.values()].filter(kind);
  }

  count(kind: (participant: Participant) => boolean): number {
    return this.those(kind).length;
  }

  /** Adds a participant, or puts the changed one in its place. */
  put(participant: Participant): void {
    this.set({ participants: new Map(this.state.participants).set(participant.call, participant) });
  }

  do(effect: ConferenceEffect): void {
    this.effects.push(effect);
  }

  emit(event: ConferenceFact): void {
    this.do({ do: 'emit', event });
  }

  /** A time of 0 turns a timer off. */
  startTimer(name: ConferenceTimer, ms: number): void {
    if (ms > 0) this.do({ do: 'startTimer', name, ms });
  }

  cancelTimer(name: ConferenceTimer): void {
    this.do({ do: 'cancelTimer', name });
  }

  tell(to: Audience, ...keys: readonly PromptKey[]): void {
    this.do({ do: 'tell', to, prompts: say(...keys) });
  }

  /** Tells everybody in the conference but one. */
  tellOthers(call: CallId | undefined, ...keys: readonly PromptKey[]): void {
    for (const other of this.those((participant) => participant.place === 'conference' && participant.call !== call)) this.tell({ call: other.call }, ...keys);
  }

  /** Takes a participant out: nothing of it is left but, when we ended it, its name among the leaving. */
  remove({ call, place }: Participant): void {
    if (place === 'lobby') this.cancelWait(call);
    const participants = new Map(this.state.participants);
    participants.delete(call);
    this.set({ participants });
  }

  cancelWait(call: CallId): void {
    this.cancelTimer(`lobbyPrompt:${call}`);
    this.cancelTimer(`wait:${call}`);
  }

  end(participant: Participant, reason: EndReason, goodbye = goodbyeOf(reason)): void {
    this.remove(participant);
    this.set({ leaving: new Set(this.state.leaving).add(participant.call) });
    this.do({ do: 'end', call: participant.call, reason, goodbye });
  }

  /** Mutes or unmutes by its causes: joining legs are told when they have joined. */
  syncMute(participant: Participant): void {
    const mixer = isMuted(participant) ? 'muted' : 'live';
    const telling = participant.place === 'conference' && participant.mixer !== mixer;
    this.put(telling ? { ...participant, mixer } : participant);
    if (telling) this.do({ do: 'mute', call: participant.call, muted: mixer === 'muted' });
  }
}
