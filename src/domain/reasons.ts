import { say, type Prompt, type PromptKey } from './prompts.ts';

/** Why a leg ended: the product's reason. Wire causes and whose fault it was are looked up from it (`endCause`). */
export type EndReason =
  // the caller
  | 'caller_hung_up'
  | 'caller_cancelled'
  // admission
  | 'unknown_alias'
  | 'source_blocked'
  | 'not_started_yet'
  | 'has_ended'
  | 'member_in_use'
  | 'encryption_required'
  | 'number_failed'
  | 'number_timeout'
  | 'pin_failed'
  | 'pin_timeout'
  | 'full'
  | 'refused'
  // endings by rule, policy.md section 5
  | 'guests_only_timeout'
  | 'lonely_timeout'
  | 'no_media'
  | 'max_duration'
  | 'wait_host_timeout'
  | 'locked_timeout'
  | 'schedule_ended'
  | 'unattended'
  // people
  | 'host_ended'
  | 'kicked'
  | 'moved'
  | 'member_removed'
  | 'room_removed'
  | 'admin_ended'
  // the user who was called
  | 'callee_hung_up'
  | 'callee_busy'
  | 'callee_declined'
  | 'callee_unavailable'
  | 'no_answer'
  // media and signalling
  | 'no_common_codec'
  | 'bad_offer'
  | 'media_unavailable'
  | 'media_lost'
  | 'signalling_lost'
  | 'ack_timeout'
  // us
  | 'shutdown'
  | 'restart'
  | 'server_error';

/** Three things kept apart: what the wire says, the product's reason, and whose fault it was. */
export interface EndCause {
  /** SIP status of the failure response when the leg ends before it was answered. */
  readonly status: number;
  /** For people, beside the status (SIP `Warning`). */
  readonly warning?: string;
  /** Q.850 cause value. */
  readonly cause: number;
  readonly fault: 'caller' | 'policy' | 'peer' | 'us';
  /** What calls are counted under. */
  readonly bucket: 'ended' | 'turned_away' | 'peer_failed' | 'we_failed';
  /** Said before the leg is ended, if it can hear. */
  readonly goodbye?: PromptKey;
  /** What is told outside instead: a source that is blocked must not learn it. */
  readonly told?: EndReason;
}

const causes: Readonly<Record<EndReason, EndCause>> = {
  caller_hung_up: { status: 487, cause: 16, fault: 'caller', bucket: 'ended' },
  caller_cancelled: { status: 487, cause: 16, fault: 'caller', bucket: 'ended' },

  unknown_alias: { status: 404, cause: 1, fault: 'caller', bucket: 'turned_away' },
  encryption_required: { status: 488, warning: 'Encryption required', cause: 88, fault: 'policy', bucket: 'turned_away', goodbye: 'admission_refused' },
  source_blocked: { status: 404, cause: 1, fault: 'caller', bucket: 'turned_away', told: 'unknown_alias' },
  not_started_yet: { status: 480, cause: 16, fault: 'caller', bucket: 'turned_away', goodbye: 'not_started_yet' },
  has_ended: { status: 480, cause: 16, fault: 'caller', bucket: 'turned_away', goodbye: 'has_ended' },
  member_in_use: { status: 486, cause: 17, fault: 'policy', bucket: 'turned_away', goodbye: 'admission_refused' },
  number_failed: { status: 404, cause: 1, fault: 'caller', bucket: 'turned_away', goodbye: 'number_invalid_3' },
  number_timeout: { status: 480, cause: 28, fault: 'caller', bucket: 'turned_away', goodbye: 'number_none' },
  pin_failed: { status: 403, cause: 21, fault: 'caller', bucket: 'turned_away', goodbye: 'pin_invalid_3' },
  pin_timeout: { status: 403, cause: 21, fault: 'caller', bucket: 'turned_away', goodbye: 'pin_none' },
  full: { status: 486, cause: 17, fault: 'policy', bucket: 'turned_away', goodbye: 'full' },
  refused: { status: 403, cause: 21, fault: 'policy', bucket: 'turned_away', goodbye: 'admission_refused' },

  guests_only_timeout: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'ended' },
  lonely_timeout: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'ended' },
  no_media: { status: 480, cause: 16, fault: 'peer', bucket: 'peer_failed' },
  max_duration: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'will_disconnect' },
  wait_host_timeout: { status: 480, cause: 16, fault: 'policy', bucket: 'turned_away', goodbye: 'wait_timeout_host' },
  locked_timeout: { status: 480, cause: 16, fault: 'policy', bucket: 'turned_away', goodbye: 'wait_timeout_locked' },
  schedule_ended: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'ended' },
  unattended: { status: 480, cause: 16, fault: 'policy', bucket: 'ended' },

  host_ended: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'ended_by_host' },
  kicked: { status: 403, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'kicked' },
  moved: { status: 480, cause: 16, fault: 'policy', bucket: 'ended' },
  member_removed: { status: 403, cause: 21, fault: 'policy', bucket: 'ended', goodbye: 'kicked' },
  // As any alias nobody has: outside, a room removed is a room that never was.
  room_removed: { status: 404, cause: 1, fault: 'policy', bucket: 'ended', goodbye: 'ended' },
  admin_ended: { status: 480, cause: 16, fault: 'policy', bucket: 'ended', goodbye: 'ended' },

  callee_hung_up: { status: 480, cause: 16, fault: 'caller', bucket: 'ended' },
  callee_busy: { status: 486, cause: 17, fault: 'peer', bucket: 'turned_away' },
  callee_declined: { status: 603, cause: 21, fault: 'peer', bucket: 'turned_away' },
  callee_unavailable: { status: 480, cause: 20, fault: 'peer', bucket: 'turned_away' },
  no_answer: { status: 480, cause: 19, fault: 'peer', bucket: 'turned_away' },

  no_common_codec: { status: 488, cause: 88, fault: 'peer', bucket: 'peer_failed' },
  bad_offer: { status: 400, cause: 95, fault: 'peer', bucket: 'peer_failed' },
  media_unavailable: { status: 503, cause: 42, fault: 'us', bucket: 'we_failed', goodbye: 'system_error' },
  media_lost: { status: 503, cause: 41, fault: 'us', bucket: 'we_failed' },
  signalling_lost: { status: 503, cause: 41, fault: 'us', bucket: 'we_failed' },
  ack_timeout: { status: 408, cause: 102, fault: 'peer', bucket: 'peer_failed' },

  shutdown: { status: 503, cause: 41, fault: 'us', bucket: 'ended', goodbye: 'service_closing' },
  restart: { status: 503, cause: 41, fault: 'us', bucket: 'ended', goodbye: 'service_closing' },
  server_error: { status: 500, cause: 41, fault: 'us', bucket: 'we_failed', goodbye: 'system_error' },
};

export const endCause = (reason: EndReason): EndCause => causes[reason];

/** Value of the SIP `Reason` header (RFC 3326): the Q.850 cause for machines, the product's reason as its text. */
export const reasonHeader = (reason: EndReason): string => `Q.850;cause=${endCause(reason).cause};text="${endCause(reason).told ?? reason}"`;

/** What a leg hears in full before it is ended. */
export function goodbyeOf(reason: EndReason): readonly Prompt[] {
  const { goodbye } = endCause(reason);
  return goodbye === undefined ? [] : say(goodbye);
}

/** The log level follows whose fault it was: a warning is for us to look at. A planned stop is none. */
export const logLevelOf = (reason: EndReason): 'info' | 'warn' => (endCause(reason).bucket === 'we_failed' ? 'warn' : 'info');
