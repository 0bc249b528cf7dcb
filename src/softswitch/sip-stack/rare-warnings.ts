/** Warnings that anyone on the internet can cause: one of a kind in ten seconds, with the number left out since the last. */
import type { Scheduler } from '../../lib/machine.ts';
import type { Logger } from './api.ts';

const EVERY_MS = 10_000;

export function rareWarnings(log: Logger, scheduler: Pick<Scheduler, 'now'>): Logger {
  /** By message: those are few, as nothing from outside is in them. */
  const told = new Map<string, { readonly at: number; leftOut: number }>();
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    error: (fields, message) => log.error(fields, message),
    warn: (fields, message) => {
      const last = told.get(message);
      const at = scheduler.now();
      if (last !== undefined && at - last.at < EVERY_MS) {
        last.leftOut += 1;
        return;
      }
      told.set(message, { at, leftOut: 0 });
      log.warn(last === undefined || last.leftOut === 0 ? fields : { ...fields, leftOut: last.leftOut }, message);
    },
  };
}
