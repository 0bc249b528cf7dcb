/** How long a subscription lives (RFC 6665 §4.1.2, §4.4.1; RFC 3515 §2.4.4), which is how long its dialog does. */
import { parseParams } from '../../protocol/sip/lists.ts';
import type { SipMessage } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';

/** What nobody said otherwise; a REFER's subscription is told its time by the first NOTIFY. */
const DEFAULT_SECONDS = 3600;
const MAX_SECONDS = 86_400;

/** The time a 2xx to SUBSCRIBE or REFER grants, s. */
export function grantedSeconds(response: Pick<SipMessage, 'headers'>): number {
  return bounded(headerValue(response, 'Expires'));
}

/** What a NOTIFY says of its subscription: over, or the seconds left. */
export function notifiedSeconds(notify: Pick<SipMessage, 'headers'>): number | 'over' {
  const [state = '', ...params] = (headerValue(notify, 'Subscription-State') ?? '').split(';');
  if (state.trim().toLowerCase() === 'terminated') return 'over';
  return bounded(parseParams(params.join(';')).get('expires'));
}

function bounded(text: string | undefined): number {
  const seconds = text !== undefined && /^[0-9]{1,9}$/.test(text.trim()) ? Number(text) : DEFAULT_SECONDS;
  return Math.min(seconds, MAX_SECONDS);
}
