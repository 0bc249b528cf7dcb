/** RFC 4733 §3.2, table 3: event codes 0 to 15 are the sixteen keys. */
const KEYS = '0123456789*#ABCD';

/** The key of an event code; undefined for the events that are no key (flash and beyond). */
export const digitOfEvent = (event: number): string | undefined => KEYS[event];
