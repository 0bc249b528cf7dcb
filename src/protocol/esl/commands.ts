/**
 * What a client says on the event socket: a command line, header lines, an empty line, and a body when a Content-Length
 * header announces one. Bytes in, commands out; a socket may cut them anywhere. FreeSWITCH ends lines with LF, and takes
 * CR LF as well and skips empty lines before a command.
 */
import { err, ok, type Result } from '../../lib/result.ts';

export type EslCommand =
  | { readonly verb: 'connect' | 'exit' | 'noevents' }
  | { readonly verb: 'auth'; readonly password: string }
  | { readonly verb: 'event'; readonly format: 'plain' | 'json'; readonly words: readonly string[] }
  | { readonly verb: 'nixevent'; readonly words: readonly string[] }
  | { readonly verb: 'filter'; readonly header: string; readonly value: string }
  /** `header` may be `all`; an empty `value` removes every filter on the header. */
  | { readonly verb: 'filter delete'; readonly header: string; readonly value: string }
  | { readonly verb: 'api'; readonly command: string }
  | { readonly verb: 'bgapi'; readonly command: string; readonly jobUuid: string | undefined }
  /** `uuid` is empty when the socket's own channel is meant. */
  | { readonly verb: 'sendmsg'; readonly uuid: string; readonly message: SendMessage }
  | { readonly verb: 'linger' | 'divert_events' }
  | { readonly verb: 'unknown' };

export type SendMessage =
  | { readonly kind: 'execute'; readonly app: string; readonly argument: string; readonly eventUuid: string | undefined }
  | { readonly kind: 'hangup'; readonly cause: string }
  | { readonly kind: 'other' };

/** The peer sent more than a command may hold; nothing after it can be trusted. */
export interface EslReadError {
  readonly code: 'esl_command_too_long';
}

export interface EslReader {
  /** Takes what the socket gave; answers the commands complete by now. After an error the reader stays in error. */
  push(bytes: Uint8Array): Result<readonly EslCommand[], EslReadError>;
}

export interface EslReaderLimits {
  /** Bytes of one command with its headers and body. */
  readonly maxCommandBytes: number;
}

const LF = 0x0a;
const CR = 0x0d;

export function createEslReader(limits: EslReaderLimits): EslReader {
  const decoder = new TextDecoder();
  let buffered: Uint8Array = new Uint8Array(0);
  /** Nothing before this index can end the header block: a slow sender is not scanned again from the start. */
  let scanned = 0;
  let failed = false;

  const tooLong = (): Result<readonly EslCommand[], EslReadError> => {
    failed = true;
    buffered = new Uint8Array(0);
    return err({ code: 'esl_command_too_long' });
  };

  return {
    push(bytes) {
      if (failed) return err({ code: 'esl_command_too_long' });
      buffered = buffered.length === 0 ? bytes.slice() : concat(buffered, bytes);
      const commands: EslCommand[] = [];
      for (;;) {
        const start = skipLineEnds(buffered);
        if (start > 0) {
          buffered = buffered.subarray(start);
          scanned = 0;
        }
        const end = headerEnd(buffered, scanned);
        if (end === undefined) {
          if (buffered.length > limits.maxCommandBytes) return tooLong();
          scanned = Math.max(0, buffered.length - 3);
          return ok(commands);
        }
        const lines = decoder.decode(buffered.subarray(0, end.text)).split(/\r?\n/);
        const headers = readHeaders(lines.slice(1));
        const bodyLength = contentLength(headers);
        const total = end.next + bodyLength;
        if (total > limits.maxCommandBytes) return tooLong();
        if (buffered.length < total) return ok(commands);
        commands.push(toCommand(lines[0] ?? '', headers, decoder.decode(buffered.subarray(end.next, total))));
        buffered = buffered.subarray(total);
        scanned = 0;
      }
    },
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function skipLineEnds(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === LF || bytes[at] === CR) at++;
  return at;
}

/** Where the header block's text ends and where what follows the empty line begins. */
function headerEnd(bytes: Uint8Array, from: number): { readonly text: number; readonly next: number } | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return { text: at, next: at + 2 };
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return { text: at, next: at + 3 };
  }
  return undefined;
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function contentLength(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('content-length') ?? '0';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function toCommand(line: string, headers: ReadonlyMap<string, string>, body: string): EslCommand {
  const [verb, rest] = cut(line.trim());
  switch (verb.toLowerCase()) {
    case 'connect':
    case 'exit':
    case 'noevents':
      return { verb: verb.toLowerCase() as 'connect' | 'exit' | 'noevents' };
    case 'auth':
      return { verb: 'auth', password: rest };
    case 'event':
    case 'events': {
      const all = words(rest);
      const format = all[0]?.toLowerCase();
      // Any other first word is already an event's name: the format is then `plain`.
      if (format === 'json' || format === 'plain') return { verb: 'event', format, words: all.slice(1) };
      return { verb: 'event', format: 'plain', words: all };
    }
    case 'nixevent':
      return { verb: 'nixevent', words: words(rest) };
    case 'filter': {
      const [first, value] = cut(rest);
      if (first.toLowerCase() === 'delete') {
        const [header, only] = cut(value);
        return { verb: 'filter delete', header, value: only };
      }
      return { verb: 'filter', header: first, value };
    }
    case 'api':
      return rest === '' ? { verb: 'unknown' } : { verb: 'api', command: rest };
    case 'bgapi':
      return rest === '' ? { verb: 'unknown' } : { verb: 'bgapi', command: rest, jobUuid: headers.get('job-uuid') };
    case 'sendmsg':
      return { verb: 'sendmsg', uuid: rest, message: toMessage(headers, body) };
    case 'linger':
    case 'divert_events':
      return { verb: verb.toLowerCase() as 'linger' | 'divert_events' };
    default:
      return { verb: 'unknown' };
  }
}

function toMessage(headers: ReadonlyMap<string, string>, body: string): SendMessage {
  const call = headers.get('call-command');
  if (call === 'hangup') return { kind: 'hangup', cause: headers.get('hangup-cause') ?? '' };
  const app = headers.get('execute-app-name');
  if (call !== 'execute' || app === undefined || app === '') return { kind: 'other' };
  // A long argument may come as the body instead of a header (text/plain).
  return { kind: 'execute', app, argument: headers.get('execute-app-arg') ?? body, eventUuid: headers.get('event-uuid') };
}

/** The first word and the rest. */
function cut(text: string): readonly [string, string] {
  const space = text.indexOf(' ');
  return space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space + 1).trim()];
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}
