import type { Log, LogLevel, LogLevels } from '../../ports/log.ts';
import { logLevels } from '../../ports/log.ts';

type Severity = 'debug' | 'info' | 'warn' | 'error';

/**
 * A log whose level can be changed for all children there are: those of pino keep the level they were made with, so the log
 * below is made at `trace` and this one says what reaches it.
 */
export function adjustable(log: Log, first: LogLevel): { readonly log: Log; readonly levels: LogLevels } {
  let least = logLevels.indexOf(first);
  const wanted = (severity: Severity): boolean => logLevels.indexOf(severity) >= least;
  const over = (below: Log): Log => ({
    debug: (fields, message) => (wanted('debug') ? below.debug(fields, message) : undefined),
    info: (fields, message) => (wanted('info') ? below.info(fields, message) : undefined),
    warn: (fields, message) => (wanted('warn') ? below.warn(fields, message) : undefined),
    error: (fields, message) => (wanted('error') ? below.error(fields, message) : undefined),
    child: (fields) => over(below.child(fields)),
  });
  return {
    log: over(log),
    levels: {
      level: () => logLevels[least] ?? first,
      setLevel: (level) => {
        least = logLevels.indexOf(level);
      },
    },
  };
}
