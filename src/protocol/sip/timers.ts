/** Timer values of RFC 3261 Table 4, in ms, and what the four transaction machines have in common. */
export const T1 = 500;
export const T2 = 4000;
export const T4 = 5000;
/** Timers B, F, H, J, L, M and the wait for an ACK. */
export const GIVE_UP = 64 * T1;
/** Timer D over an unreliable transport: "at least 32 seconds". */
export const TIMER_D = 32_000;

/** Effects every transaction machine has: the runner starts and cancels timers; a firing comes back as `{ type: 'timer', name }`. */
export type TimerEffect<Name extends string> =
  | { readonly do: 'startTimer'; readonly name: Name; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: Name };
