import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';

/** Whom a conference calls: by hand, or each time it runs (COD-19, PXD-26, PXD-27). */
export interface DialTarget {
  /** SIP or tel URI, or what a user of ours or a number rule is dialled by. */
  readonly uri: string;
  readonly name?: string;
  readonly role: 'moderator' | 'speaker';
  /** Keyed after the answer; `,` waits for 2 s. */
  readonly dtmf?: string;
  /** Whether the leg counts as somebody there: a recorder does not keep a conference up; `ifMultiple` does while there are two such. */
  readonly keepAlive: KeepAlive;
  /** `ladder`: at once, 4 times after 1 min, 5 times after 5 min. */
  readonly redial: 'none' | 'ladder';
}

export type KeepAlive = 'always' | 'ifMultiple' | 'never';

export type DialProblemCode = 'dial_uri_invalid' | 'dial_name_invalid' | 'dial_dtmf_invalid';

const longestUri = 256;
const longestName = 128;

export function validateDialTarget(target: DialTarget, field: string): Result<DialTarget, readonly Problem<DialProblemCode>[]> {
  const problems: Problem<DialProblemCode>[] = [];
  if (!/^[^\s<>"\p{Cc}]+$/u.test(target.uri) || target.uri.length > longestUri) {
    problems.push({ code: 'dial_uri_invalid', message: 'this cannot be called', advice: `give a SIP or tel URI, a number or a user, up to ${longestUri} characters`, field: `${field}.uri` });
  }
  if (target.name !== undefined && (target.name.length > longestName || /\p{Cc}/u.test(target.name))) {
    problems.push({ code: 'dial_name_invalid', message: 'this cannot be shown as a name', advice: `use one line of at most ${longestName} characters`, field: `${field}.name` });
  }
  if (target.dtmf !== undefined && !/^[0-9A-D*#,]{1,64}$/.test(target.dtmf)) {
    problems.push({ code: 'dial_dtmf_invalid', message: 'these keys cannot be sent', advice: 'use up to 64 of 0-9 A-D * # and , for a pause of 2 s', field: `${field}.dtmf` });
  }
  return problems.length === 0 ? ok(target) : err(problems);
}
