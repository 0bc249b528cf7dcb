/**
 * What a client says on the event socket: a command line, header lines, an empty line, and a body when a Content-Length
 * header announces one. Bytes in, commands out; a socket may cut them anywhere. FreeSWITCH ends lines with LF, and takes
 * CR LF as well and skips empty lines before a command.
 */
import { err, ok, type Result } from '../../lib/result.ts';
import type { EventFormat } from './encode.ts';
import type { EslHeader } from './event.ts';

export type EslCommand =
  | { readonly verb: 'connect' | 'exit' | 'noevents' | 'nolinger' | 'nolog' | 'resume' }
  | { readonly verb: 'auth'; readonly password: string }
  | { readonly verb: 'event'; readonly format: EventFormat; readonly words: readonly string[] }
  /** `uuid` is empty when the socket's own channel is meant; `format` undefined leaves it as it is. */
  | { readonly verb: 'myevents'; readonly uuid: string; readonly format: EventFormat | undefined }
  | { readonly verb: 'sendevent'; readonly name: string; readonly headers: readonly EslHeader[]; readonly body: string }
  | { readonly verb: 'getvar'; readonly name: string }
  | { readonly verb: 'log'; readonly level: string }
  | { readonly verb: 'nixevent'; readonly words: readonly string[] }
  | { readonly verb: 'filter'; readonly header: string; readonly value: string }
  /** `header` may be `all`; an empty `value` removes every filter on the header. */
  | { readonly verb: 'filter delete'; readonly header: string; readonly value: string }
  | { readonly verb: 'api'; readonly command: string }
  | { readonly verb: 'bgapi'; readonly command: string; readonly jobUuid: string | undefined }
  /** `uuid` is empty when the socket's own channel is meant. */
  | { readonly verb: 'sendmsg'; readonly uuid: string; readonly message: SendMessage }
  /** Seconds; undefined is until the client closes. */
  | { readonly verb: 'linger'; readonly seconds: number | undefined }
  | { readonly verb: 'divert_events'; readonly value: string }
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
        commands.push(toCommand(lines, headers, decoder.decode(buffered.subarray(end.next, total))));
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

/** Names in lower case. */
function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(lines.flatMap(readHeader).map(([name, value]) => [name.toLowerCase(), value]));
}

function readHeader(line: string): readonly (readonly [string, string])[] {
  const colon = line.indexOf(':');
  return colon > 0 ? [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]] : [];
}

function readFormat(word: string | undefined): EventFormat | undefined {
  const format = word?.toLowerCase();
  return format === 'json' || format === 'plain' || format === 'xml' ? format : undefined;
}

function contentLength(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('content-length') ?? '0';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function toCommand([line = '', ...headerLines]: readonly string[], headers: ReadonlyMap<string, string>, body: string): EslCommand {
  const [word, rest] = cut(line.trim());
  const verb = word.toLowerCase();
  switch (verb) {
    case 'connect':
    case 'exit':
    case 'noevents':
    case 'nolinger':
    case 'nolog':
    case 'resume':
      return { verb };
    case 'auth':
      return { verb: 'auth', password: rest };
    case 'userauth':
      // `user@domain:password`: there is one password, whoever says it.
      return { verb: 'auth', password: rest.slice(rest.indexOf(':') + 1) };
    case 'event':
    case 'events': {
      const all = words(rest);
      const format = readFormat(all[0]);
      // Any other first word is already an event's name: the format is then `plain`.
      if (format !== undefined) return { verb: 'event', format, words: all.slice(1) };
      return { verb: 'event', format: 'plain', words: all };
    }
    case 'myevents': {
      const all = words(rest);
      return { verb, uuid: all.find((text) => readFormat(text) === undefined) ?? '', format: all.map(readFormat).find((format) => format !== undefined) };
    }
    case 'sendevent':
      return { verb, name: rest.toUpperCase(), headers: headerLines.flatMap(readHeader), body };
    case 'getvar':
      return { verb, name: rest };
    case 'log':
      return { verb, level: rest };
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
      return { verb, seconds: /^\d{1,6}$/.test(rest) ? Number(rest) : undefined };
    case 'divert_events':
      return { verb, value: rest };
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
