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

/** A dialog or connection that went while the library was still using it; it does not wait for its own requests (D-39, F-1). */
const lateRequests: ReadonlySet<string> = new Set(['ENODIALOG', 'EDRACHTIO', 'ESOCKETDESTROYED', 'EINVALIDSOCKET']);

/**
 * Throws of the libraries nobody can catch, out of a socket handler (D-6, D-7, D-15) or a promise they forgot. They harm one
 * connection or request and not the process: it is lost or repeated by itself, and the calls on it end as lost.
 */
export function knownThrow(error: unknown): 'known' | 'unknown' {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && lateRequests.has(String(error.code))) return 'known';
  const ofLibrary = /node_modules[\\/]drachtio-/.test(error.stack ?? '');
  const harmless = error instanceof URIError || /sip profile found on the media server|invalid msg type|missing length specifier/.test(error.message);
  return ofLibrary && harmless ? 'known' : 'unknown';
}
