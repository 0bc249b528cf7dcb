/** When a scheduled room runs. */
export interface Schedule {
  /** Local date and time of the first occurrence, without offset: `2026-12-01T10:00:00`. */
  readonly start: string;
  /** IANA name, e.g. `Europe/Berlin`: an hour of the clock stays that hour when daylight saving begins or ends. */
  readonly timeZone: string;
  /** Milliseconds; null: until somebody ends it. */
  readonly durationMs: number | null;
  /** RFC 5545 §3.3.10, without DTSTART; absent: once. */
  readonly rrule?: string;
  /** So long before the start callers wait instead of being turned away; absent: the default of 10 min. */
  readonly earlyEntryMs?: number;
}

/** COD-16. */
export const defaultDurationMs = 3_600_000;
export const defaultEarlyEntryMs = 600_000;
