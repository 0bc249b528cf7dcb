/** DTMF in the body of a SIP INFO request: `application/dtmf-relay` and `application/dtmf`, neither ever standardised. */
import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import { digitOfEvent } from './digit.ts';

export interface InfoDigit {
  readonly digit: string;
  /** As the sender says, when it says anything sensible. */
  readonly durationMs?: number;
}

/** `unsupported_type` is answered 415, `malformed` 400. */
export type InfoFailure = 'unsupported_type' | 'malformed';

const MAX_BODY = 256;
const MAX_DURATION_MS = 60_000;

/** A key as itself, or as its event code of two digits (10 is `*`, 11 is `#`). */
function parseSignal(text: string): string | undefined {
  if (/^[0-9*#A-D]$/i.test(text)) return text.toUpperCase();
  return /^1[0-5]$/.test(text) ? digitOfEvent(Number(text)) : undefined;
}

function parseDuration(text: string): number | undefined {
  const duration = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  return duration >= 1 && duration <= MAX_DURATION_MS ? duration : undefined;
}

/** Lines `Signal=5` and `Duration=160` (ms), in any case and order, with blanks anywhere and any line ending. */
function parseRelay(body: string): InfoDigit | undefined {
  let digit: string | undefined;
  let durationMs: number | undefined;
  for (const line of body.split(/\r\n|\r|\n/)) {
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    const value = line.slice(equals + 1).trim();
    if (name === 'signal') digit ??= parseSignal(value);
    if (name === 'duration') durationMs ??= parseDuration(value);
  }
  if (digit === undefined) return undefined;
  return durationMs === undefined ? { digit } : { digit, durationMs };
}

/** `contentType` is the header's value, parameters and all. */
export function parseDtmfInfo(contentType: string, body: string): Result<InfoDigit, InfoFailure> {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return err('unsupported_type');
  if (body.length > MAX_BODY) return err('malformed');
  // Some senders put relay lines under the bare type.
  const bare = type === 'application/dtmf' ? parseSignal(body.trim()) : undefined;
  const digit = bare === undefined ? parseRelay(body) : { digit: bare };
  return digit === undefined ? err('malformed') : ok(digit);
}
