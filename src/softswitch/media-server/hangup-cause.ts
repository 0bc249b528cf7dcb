/** Hang-up causes by FreeSWITCH's names and Q.850 numbers; those above 127 are its own. */

const CAUSES = {
  NONE: 0,
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_TRANSIT_NET: 2,
  NO_ROUTE_DESTINATION: 3,
  CHANNEL_UNACCEPTABLE: 6,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  SUBSCRIBER_ABSENT: 20,
  CALL_REJECTED: 21,
  NUMBER_CHANGED: 22,
  REDIRECTION_TO_NEW_DESTINATION: 23,
  EXCHANGE_ROUTING_ERROR: 25,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  FACILITY_REJECTED: 29,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_CIRCUIT_CONGESTION: 34,
  NETWORK_OUT_OF_ORDER: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  REQUESTED_CHAN_UNAVAIL: 44,
  OUTGOING_CALL_BARRED: 52,
  INCOMING_CALL_BARRED: 54,
  BEARERCAPABILITY_NOTAUTH: 57,
  BEARERCAPABILITY_NOTAVAIL: 58,
  SERVICE_UNAVAILABLE: 63,
  SERVICE_NOT_IMPLEMENTED: 79,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  PROTOCOL_ERROR: 111,
  INTERWORKING: 127,
  ORIGINATOR_CANCEL: 487,
  LOSE_RACE: 502,
  MANAGER_REQUEST: 503,
  ATTENDED_TRANSFER: 601,
  ALLOTTED_TIMEOUT: 602,
  USER_CHALLENGE: 603,
  MEDIA_TIMEOUT: 604,
} as const;

export type HangupCause = keyof typeof CAUSES;

/** A name in any case or a number; anything else is NORMAL_CLEARING (F-13). */
export function hangupCause(text: string): HangupCause {
  const wanted = text.trim().toUpperCase();
  const name = Object.entries(CAUSES).find(([cause, number]) => cause === wanted || String(number) === wanted)?.[0];
  return (name as HangupCause | undefined) ?? 'NORMAL_CLEARING';
}

/** Q.850, or FreeSWITCH's own above 127. */
export function causeNumber(cause: HangupCause): number {
  return CAUSES[cause];
}

/** The Reason header of the BYE (RFC 3326): Q.850 for the causes that are, FreeSWITCH's own numbers as SIP. */
export function reasonHeader(cause: HangupCause): string {
  const number = CAUSES[cause];
  if (number <= 127) return `Q.850;cause=${number};text="${cause}"`;
  return `SIP;cause=${cause === 'MEDIA_TIMEOUT' ? 804 : number};text="${cause}"`;
}
