import type { CallId, WaitsFor } from './conference-state.ts';
import type { AdmissionRule } from './policy.ts';
import type { RouteVerdict } from './user-call.ts';

/**
 * One decision about a call, as it is kept for `GET /calls/{id}/explain`: the rule that made it and what it read. Never a PIN or
 * a token: only that one was given, and what it was.
 */
export interface Decision {
  readonly callId: CallId;
  readonly at: number;
  /** `arrival`: the rows of policy.md section 1; `pin`: an entry; `place`: steps (a) to (e); `claim`: `*1`. */
  readonly stage: 'arrival' | 'pin' | 'place' | 'claim';
  readonly rule: AdmissionRule | PlaceRule | CallRule;
  /** `reject`, `askPin`, `admit`, `wrong`, `lobby`, `join`, ... */
  readonly outcome: string;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
}

/** The steps after the table of policy.md section 1, and `*1`. */
export type PlaceRule = 'early' | 'closed' | 'locked' | 'full' | 'join' | 'host_claimed' | 'claim_wrong';

/** Before there is a room, or where there is none: the attendant asks, an offer has nothing to be used, a call to a user or by a number rule. */
export type CallRule = 'attendant' | 'media_unusable' | RouteVerdict['rule'];

/** Steps (a) to (c). */
export const placeRuleOf = (waitsFor: WaitsFor): PlaceRule => (({ start: 'early', host: 'closed', unlock: 'locked' }) as const)[waitsFor];
