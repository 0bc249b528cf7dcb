/** Where actors and adapters say what happened. Fields never hold a PIN or a digit being collected. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds `fields` to every line. */
  child(fields: object): Log;
}

/** Most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What is logged, changed while the program runs. */
export interface LogLevels {
  level(): LogLevel;
  setLevel(level: LogLevel): void;
}
