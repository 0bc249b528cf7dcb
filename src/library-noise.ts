import type { Log } from './ports/log.ts';

/** The libraries write to the console (D-23 of the protocol reference), and one of them uses what Node deprecates. Both belong in the log. */
export function quietLibraries(log: Log): void {
  const quiet =
    (level: 'debug' | 'warn') =>
    (...said: readonly unknown[]): void =>
      log[level]({ part: 'library' }, said.map((part) => (part instanceof Error ? part.message : String(part))).join(' '));
  console.log = quiet('debug');
  console.info = quiet('debug');
  console.warn = quiet('warn');
  console.error = quiet('warn');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.debug({ part: 'library', warning: warning.name }, warning.message));
}

/**
 * Throws out of a socket handler of a library that harm one connection and not the process (D-6, D-7, D-15): the
 * connection is lost or repeated by itself, and the calls on it end as lost.
 */
export function knownThrow(error: unknown): 'known' | 'unknown' {
  if (!(error instanceof Error)) return 'unknown';
  const library = /node_modules[\\/]drachtio-/.test(error.stack ?? '');
  const harmless = error instanceof URIError || /sip profile found on the media server|invalid msg type|missing length specifier/.test(error.message);
  return library && harmless ? 'known' : 'unknown';
}
