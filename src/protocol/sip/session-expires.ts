/** The Session-Expires and Min-SE headers (RFC 4028 §4, §5) and what a UAS answers to them (§9). */
import { parseParams } from './lists.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { headerValue } from './message.ts';
import { hasOption } from './option-tags.ts';

/** "MUST NOT be less than 90 seconds" (§4). */
export const MIN_SESSION_SECONDS = 90;

export interface SessionExpires {
  readonly seconds: number;
  /** Who refreshes, by the role in the transaction the header stands in. */
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** Undefined when there is none, or none that can be understood. */
export function sessionExpiresOf(message: Pick<SipMessage, 'headers'>): SessionExpires | undefined {
  const value = headerValue(message, 'Session-Expires');
  const match = /^([0-9]{1,9})\s*(?:;(.*))?$/s.exec(value ?? '');
  if (match === null) return undefined;
  const refresher = parseParams(match[2] ?? '').get('refresher')?.toLowerCase();
  return { seconds: Number(match[1]), refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** The Min-SE of a 422 (§5), s. */
export function minSessionSeconds(message: Pick<SipMessage, 'headers'>): number | undefined {
  const [, seconds] = /^([0-9]{1,9})\s*(?:;.*)?$/s.exec(headerValue(message, 'Min-SE') ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

export function formatSessionExpires({ seconds, refresher }: SessionExpires): string {
  return `${seconds}${refresher === undefined ? '' : `;refresher=${refresher}`}`;
}

export type Agreed = SessionExpires & { readonly refresher: 'uac' | 'uas' };

/** The session timer a 2xx to `request` agrees on; `given` is what the user put into the 2xx. Undefined when neither side asks for one. */
export function agreeSession(request: SipRequest, given: SessionExpires | undefined): Agreed | undefined {
  const asked = sessionExpiresOf(request);
  const wanted = given ?? asked;
  if (wanted === undefined) return undefined;
  // §9, Table 2: a UAC that does not know session timers cannot be made the refresher; where it leaves the choice open, the caller is.
  const refresher = wanted.refresher ?? asked?.refresher ?? (hasOption(request, 'Supported', 'timer') ? 'uac' : 'uas');
  return { seconds: Math.max(wanted.seconds, MIN_SESSION_SECONDS), refresher };
}

/** §9: whether the interval must be refused with 422; one that cannot be raised by a client without session timers is not. */
export function isIntervalTooSmall(request: SipRequest): boolean {
  const asked = sessionExpiresOf(request);
  return asked !== undefined && asked.seconds < MIN_SESSION_SECONDS && hasOption(request, 'Supported', 'timer');
}
