/** Which of the final responses to a forked request its sender gets (RFC 3261 §16.7, steps 6 and 7). */
import type { SipHeader, SipResponse } from './message.ts';

/** How a branch ended: with a response, or with the status that stands for none (§16.8, §16.9). */
export type BranchFinal = { readonly kind: 'received'; readonly response: SipResponse } | { readonly kind: 'made'; readonly status: 408 | 503 };

/** A response to pass on, or a status to answer with. */
export type BestResponse = { readonly kind: 'received'; readonly response: SipResponse } | { readonly kind: 'made'; readonly status: number };

/** Step 6: within 4xx, those "that provide information affecting resubmission of this request". */
const TELLING = [401, 407, 415, 420, 484];
const CHALLENGES = new Set(['www-authenticate', 'proxy-authenticate']);

/** `finals` in the order they came, without 2xx; `preferred` goes before others of its class. */
export function bestResponse(finals: readonly BranchFinal[], preferred: readonly number[] = TELLING): BestResponse {
  const classOf = (final: BranchFinal): number => Math.floor(statusOf(final) / 100);
  const wanted = finals.some((final) => classOf(final) === 6) ? 6 : Math.min(...finals.map(classOf));
  const candidates = finals.filter((final) => classOf(final) === wanted);
  const best = candidates.find((final) => preferred.includes(statusOf(final))) ?? candidates.find(({ kind }) => kind === 'received') ?? candidates[0];
  // §16.7 step 6: no final response at all is a 408.
  if (best === undefined) return { kind: 'made', status: 408 };
  // Step 6: a 503 would say that the proxy itself is overloaded.
  if (statusOf(best) === 503) return { kind: 'made', status: 500 };
  if (best.kind === 'made') return best;
  return { kind: 'received', response: withChallenges(best.response, finals) };
}

/** Step 7: a 401 or 407 carries the challenges of all the others. */
function withChallenges(best: SipResponse, finals: readonly BranchFinal[]): SipResponse {
  if (!isChallenge(best.status)) return best;
  const others = finals.flatMap((final): readonly SipHeader[] =>
    final.kind === 'received' && final.response !== best && isChallenge(final.response.status) ? final.response.headers.filter(({ name }) => CHALLENGES.has(name.toLowerCase())) : [],
  );
  return { ...best, headers: [...best.headers, ...others] };
}

function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}

function statusOf(final: BranchFinal): number {
  return final.kind === 'received' ? final.response.status : final.status;
}
