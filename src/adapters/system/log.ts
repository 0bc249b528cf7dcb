import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Values under these names never reach a log, at any depth (policy section 2). */
const hiddenNames = ['pin', 'pins', 'hostPin', 'guestPin', 'entry', 'digit', 'digits', 'secret', 'password', 'authorization', 'proxyAuthorization'];
const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
const hidden = new Set(hiddenNames.map(plainName));
/** Deeper than this an object is not worth a log line. */
const deepest = 6;

/**
 * JSON lines, one an event, to standard error: standard output belongs to people and scripts.
 * `level` is trace, debug, info, warn, error or silent.
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: censor },
      // Keys of SRTP are in SDP (RFC 4568), which a library may put into its errors.
      hooks: { streamWrite: (line) => line.replaceAll(/inline:[A-Za-z0-9+/]+/gi, 'inline:[hidden]') },
      // What a child logger is bound to does not pass the formatter, only serializers.
      serializers: Object.fromEntries(hiddenNames.map((name) => [name, () => '[hidden]'])),
    },
    destination,
  );
}

const censor = (fields: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, censored(name, value, 1)]));

function censored(name: string, value: unknown, depth: number): unknown {
  if (hidden.has(plainName(name))) return '[hidden]';
  if (Array.isArray(value)) return depth < deepest ? value.map((item) => censored('', item, depth + 1)) : '[...]';
  // Errors and objects that know how to show themselves (a Pin, a Date) are left to it.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  if (depth >= deepest) return '[...]';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, censored(key, inner, depth + 1)]));
}
