import type { CallId } from './conference-state.ts';
import type { AdmissionRule } from './policy.ts';

/**
 * One decision about a call, as it is kept for `GET /calls/{id}/explain`: the rule that made it and what it read. Never a PIN or
 * a token: only that one was given, and what it was.
 */
export interface Decision {
  readonly callId: CallId;
  readonly at: number;
  /** `arrival`: the rows of policy.md section 1; `pin`: an entry; `place`: steps (a) to (e); `claim`: `*1`. */
  readonly stage: 'arrival' | 'pin' | 'place' | 'claim';
  readonly rule: AdmissionRule | PlaceRule;
  /** `reject`, `askPin`, `admit`, `wrong`, `lobby`, `join`, ... */
  readonly outcome: string;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
}

/** The steps after the table of policy.md section 1, and `*1`. */
export type PlaceRule = 'early' | 'closed' | 'locked' | 'full' | 'join' | 'host_claimed' | 'claim_wrong';
