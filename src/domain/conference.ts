import type { ControlCommand } from './commands.ts';
import type { PermissionSet } from './permissions.ts';
import type { AdmissionRule, EntryRole, HostBy, RoomRules } from './policy.ts';
import type { Prompt } from './prompts.ts';
import type { EndReason } from './reasons.ts';

/**
 * One room while somebody is in it or waits for it: who is in the conference, who is in the lobby, open or closed, locked or
 * not, who is muted and why, and everything that ends people (policy.md section 1 after the table, sections 5 and 7).
 */
export type CallId = string;

export interface Participant {
  readonly call: CallId;
  readonly name: string;
  readonly role: EntryRole;
  readonly hostBy?: HostBy;
  readonly rule: AdmissionRule;
  readonly permissions: PermissionSet;
  /** `joining`: admitted, the mixer has not confirmed yet. Only `conference` counts as in the conference for the ending rules; `joining` counts for the limit. */
  readonly place: 'lobby' | 'joining' | 'conference';
  /** In the lobby: what for. */
  readonly waitsFor?: 'host' | 'unlock';
  readonly since: number;
  readonly muted: { readonly self: boolean; readonly host: boolean; readonly policy: boolean };
  readonly handRaised: boolean;
  /** Wrong host PINs by `*1` and at the PIN prompt together: 3 a call. */
  readonly wrongPins: number;
}

/**
 * Timers of the conference; those of one leg carry its call id. `guestsOnly` is the cut, `guestsOnlyWarning` the next spoken
 * warning; `lobbyPrompt:`/`wait:` are per waiter.
 */
export type ConferenceTimer = 'guestsOnly' | 'guestsOnlyWarning' | 'lone' | 'lockRelease' | `lobbyPrompt:${CallId}` | `wait:${CallId}`;

export type ConferenceEvent =
  /** A call has a role (from admission or IVR). */
  | { readonly type: 'enter'; readonly call: CallId; readonly name: string; readonly role: EntryRole; readonly rule: AdmissionRule; readonly wrongPins: number }
  /** The mixer took the leg, or did not. */
  | { readonly type: 'joined'; readonly call: CallId }
  | { readonly type: 'joinFailed'; readonly call: CallId; readonly reason: EndReason }
  /** The leg is gone (hung up, ended, lost); also sent after our own `end`. */
  | { readonly type: 'left'; readonly call: CallId }
  | { readonly type: 'command'; readonly call: CallId; readonly command: Exclude<ControlCommand, { type: 'claimHost' }> }
  /** `*1` with the entry already compared (the PIN itself does not come here). */
  | { readonly type: 'hostClaimed'; readonly call: CallId; readonly match: 'host' | 'none' }
  | { readonly type: 'timer'; readonly name: ConferenceTimer }
  /** The room was changed, or removed. */
  | { readonly type: 'roomChanged'; readonly room: RoomRules }
  | { readonly type: 'roomRemoved' }
  /** Everybody is to be told goodbye and ended (drain, media server lost). */
  | { readonly type: 'endAll'; readonly reason: EndReason };

export type Audience = 'room' | { readonly call: CallId };

export type ConferenceEffect =
  /** Into the mixer, out of the lobby if it was there. `joined` or `joinFailed` answers. */
  | { readonly do: 'join'; readonly call: CallId; readonly muted: boolean }
  /** Into the lobby: its music; prompts follow as `tell`. */
  | { readonly do: 'lobby'; readonly call: CallId; readonly waitsFor: 'host' | 'unlock' }
  /** Says something in the conference (mixed in) or to one leg wherever it is (lobby: over the music). */
  | { readonly do: 'tell'; readonly to: Audience; readonly prompts: readonly Prompt[] }
  /** Ends a leg; `goodbye` is played to it in full first. */
  | { readonly do: 'end'; readonly call: CallId; readonly reason: EndReason; readonly goodbye: readonly Prompt[] }
  | { readonly do: 'mute'; readonly call: CallId; readonly muted: boolean }
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
  | { readonly type: 'waiting'; readonly call: CallId; readonly waitsFor: 'host' | 'unlock' }
  | { readonly type: 'joined' | 'handRaised' | 'handLowered'; readonly call: CallId }
  | { readonly type: 'left'; readonly call: CallId }
  | { readonly type: 'roleChanged'; readonly call: CallId; readonly role: EntryRole; readonly hostBy: HostBy }
  | { readonly type: 'muteChanged'; readonly call: CallId; readonly muted: Participant['muted'] }
  | { readonly type: 'refusedCommand'; readonly call: CallId; readonly command: ControlCommand['type']; readonly why: string };
