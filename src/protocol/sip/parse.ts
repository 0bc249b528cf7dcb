/** The SIP parser (RFC 3261 §7, §25): total, it never throws. What is wrong with a request says what to answer it with. */
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import type { CSeq } from './cseq.ts';
import { parseCSeq } from './cseq.ts';
import { canonicalName, isToken } from './header-names.ts';
import type { SipHeader, SipMessage, SipRequest } from './message.ts';
import { headerValue, headerValues } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { splitOutsideQuotes } from './lists.ts';
import type { Via } from './via.ts';
import { parseVia } from './via.ts';

export interface ParseLimits {
  /** Header lines in one message. */
  readonly headerCount: number;
  /** Characters in one header line, folded lines together; also the start line. */
  readonly headerLineBytes: number;
}

/** A message with the parts every receiver needs, parsed once. */
export interface Parsed {
  readonly message: SipMessage;
  /** The topmost Via. */
  readonly via: Via;
  readonly cseq: CSeq;
  readonly callId: string;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
}

export interface ParseFailure {
  readonly code: 'not_sip' | 'bad_start_line' | 'bad_header' | 'too_many_headers' | 'line_too_long' | 'missing_header' | 'bad_body_length' | 'bad_version';
  readonly message: string;
  /** Status to answer a request with. */
  readonly status: 400 | 505;
  /** The request as far as it was understood, when an answer can find its way back; never an ACK. */
  readonly request?: SipRequest;
}

const decoder = new TextDecoder();
const START_REQUEST = /^([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP\/([0-9]+\.[0-9]+)$/;
const METHOD = /^[A-Za-z0-9\-.!%*_+`'~]+/;
const VERSION = 'SIP/2.0';
const START_RESPONSE = /^SIP\/2\.0 ([1-6][0-9][0-9])(?: (.*))?$/;
/** Headers that may stand once only: a second one with another value makes the message ambiguous (RFC 4475 §3.3.8). */
const ONCE = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length'] as const;

/** Parses one whole message: a datagram, or what `StreamFramer` cut out of a stream. */
export function parseMessage(bytes: Uint8Array, limits: ParseLimits): Result<Parsed, ParseFailure> {
  const bodyStart = endOfHead(bytes);
  const head = decoder.decode(bodyStart === undefined ? bytes : bytes.subarray(0, bodyStart));
  const lines = head.split(/\r?\n/);
  const first = lines[0] ?? '';
  if (first.length > limits.headerLineBytes) return err({ code: 'line_too_long', message: 'start line too long', status: 400 });

  const read = readHeaders(lines, limits);
  const request = START_REQUEST.exec(first);
  const broken = request === null ? brokenRequest(first) : undefined;
  if (broken !== undefined) return fail('bad_start_line', 'white space in the request line', { kind: 'request', ...broken, headers: read.headers, body: '' });
  const response = request === null ? START_RESPONSE.exec(first) : null;
  if (request?.[1] !== undefined && request[2] !== undefined) {
    const message: SipRequest = { kind: 'request', method: request[1], uri: request[2], headers: read.headers, body: '' };
    if (request[3] !== '2.0') return fail('bad_version', `SIP version ${request[3] ?? ''}`, message, 505);
    if (!read.ok) return fail(read.code, read.message, message);
    return complete(message, bytes, bodyStart);
  }
  if (response?.[1] === undefined) {
    return err({ code: first.includes('SIP/') ? 'bad_start_line' : 'not_sip', message: 'neither a request line nor a status line', status: 400 });
  }
  const message: SipMessage = { kind: 'response', status: Number(response[1]), reason: response[2] ?? '', headers: read.headers, body: '' };
  if (!read.ok) return fail(read.code, read.message, message);
  return complete(message, bytes, bodyStart);
}

/**
 * Parses a message as a drachtio client writes it: a start line, some headers, a body, but no Via or CSeq of its own.
 * Its Content-Length counts UTF-16 units and is not believed: the body is everything after the empty line.
 */
export function parseFragment(text: string, limits: ParseLimits): Result<SipMessage, string> {
  const end = text.indexOf('\r\n\r\n');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const body = end < 0 ? '' : text.slice(end + 4);
  const first = lines[0] ?? '';
  const read = readHeaders(lines, limits);
  if (!read.ok) return err(read.message);
  const request = START_REQUEST.exec(first);
  if (request?.[1] !== undefined && request[2] !== undefined) return ok({ kind: 'request', method: request[1], uri: request[2], headers: read.headers, body });
  const response = START_RESPONSE.exec(first);
  if (response !== null) return ok({ kind: 'response', status: Number(response[1]), reason: response[2] ?? '', headers: read.headers, body });
  return err('neither a request line nor a status line');
}

/**
 * What is recognizable as a request line, though not as RFC 3261 §7.1 has it: white space where none may be. Cut by hand: a
 * pattern with two runs of white space takes quadratic time for a long one.
 */
function brokenRequest(line: string): Pick<SipRequest, 'method' | 'uri'> | undefined {
  const whole = line.trimEnd();
  const method = METHOD.exec(whole)?.[0];
  if (method === undefined || !whole.endsWith(VERSION)) return undefined;
  const between = whole.slice(method.length, -VERSION.length);
  const uri = between.trim();
  return uri !== '' && isBlank(between.at(0)) && isBlank(between.at(-1)) ? { method, uri } : undefined;
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

/** Offset of the first byte after the empty line, or undefined when there is none. Bare LF is understood too. */
export function endOfHead(bytes: Uint8Array, from = 0): number | undefined {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

type HeadersRead =
  | { readonly ok: true; readonly headers: readonly SipHeader[] }
  | { readonly ok: false; readonly headers: readonly SipHeader[]; readonly code: ParseFailure['code']; readonly message: string };

function readHeaders(lines: readonly string[], limits: ParseLimits): HeadersRead {
  const headers: SipHeader[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const begun = lines[index] ?? '';
    if (begun === '') break;
    // RFC 3261 §7.3.1: a line that begins with white space continues the one before.
    const parts = [begun.trimEnd()];
    let length = begun.length;
    for (let next = lines[index + 1]; isBlank(next?.at(0)) && length <= limits.headerLineBytes; next = lines[index + 1]) {
      const part = next?.trim() ?? '';
      index += 1;
      if (part === '') continue;
      parts.push(part);
      length += part.length + 1;
    }
    const line = parts.join(' ');
    if (length > limits.headerLineBytes) return { ok: false, headers, code: 'line_too_long', message: 'header line too long' };
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    if (!isToken(name)) return { ok: false, headers, code: 'bad_header', message: 'header line without a name' };
    if (headers.length === limits.headerCount) return { ok: false, headers, code: 'too_many_headers', message: `more than ${limits.headerCount} headers` };
    headers.push({ name: canonicalName(name), value: line.slice(colon + 1).trim() });
  }
  return { ok: true, headers };
}

function complete(head: SipMessage, bytes: Uint8Array, bodyStart: number | undefined): Result<Parsed, ParseFailure> {
  for (const name of ONCE) {
    const values = headerValues(head, name);
    if (values.length > 1 && values.some((value) => value !== values[0])) return fail('bad_header', `${name} more than once`, head);
  }
  const essentials = readEssentials(head);
  if (typeof essentials === 'string') return fail('missing_header', `missing or malformed ${essentials}`, head);
  if (head.kind === 'request' && essentials.cseq.method !== head.method) return fail('bad_header', 'CSeq names another method', head);
  const maxForwards = headerValue(head, 'Max-Forwards');
  if (maxForwards !== undefined && !(/^[0-9]{1,10}$/.test(maxForwards) && Number(maxForwards) <= 255)) {
    return fail('bad_header', 'malformed Max-Forwards', head);
  }

  if (bodyStart === undefined) return fail('bad_body_length', 'no empty line after the headers', head);
  const available = bytes.length - bodyStart;
  const declared = headerValue(head, 'Content-Length');
  let length = available;
  if (declared !== undefined) {
    if (!/^[0-9]{1,9}$/.test(declared)) return fail('bad_body_length', 'malformed Content-Length', head);
    // RFC 3261 §18.3: a datagram may hold more than the message, but not less.
    length = Number(declared);
    if (length > available) return fail('bad_body_length', `Content-Length ${length}, but ${available} bytes follow`, head);
  }
  const body = length === 0 ? '' : decoder.decode(bytes.subarray(bodyStart, bodyStart + length));
  return ok({ ...essentials, message: { ...head, body } });
}

type Essentials = Omit<Parsed, 'message'>;

/** The essentials, or the name of the header that is missing or malformed (RFC 3261 §8.1.1). */
function readEssentials(message: SipMessage): Essentials | string {
  const top = headerValue(message, 'Via');
  // §25.1: neither a parameter nor an element of a list may be empty.
  const via = top === undefined || /[;,]\s*[;,]/.test(top) ? undefined : parseVia(splitOutsideQuotes(top, ',')[0] ?? '');
  if (via === undefined) return 'Via';
  const callId = headerValue(message, 'Call-ID');
  if (callId === undefined || !/^[\x21-\x7e]+$/.test(callId)) return 'Call-ID';
  const cseq = parseCSeq(headerValue(message, 'CSeq') ?? '');
  if (cseq === undefined) return 'CSeq';
  const from = parseNameAddr(headerValue(message, 'From') ?? '');
  if (from === undefined) return 'From';
  const to = parseNameAddr(headerValue(message, 'To') ?? '');
  if (to === undefined) return 'To';
  return { via, cseq, callId, fromTag: from.params.get('tag'), toTag: to.params.get('tag') };
}

function fail(code: ParseFailure['code'], message: string, head: SipMessage, status: 400 | 505 = 400): Result<Parsed, ParseFailure> {
  // An ACK is never answered (RFC 3261 §17.1.1.3); without Via and CSeq an answer would find nobody (§17.1.3).
  const answerable = head.kind === 'request' && head.method !== 'ACK' && ['Via', 'CSeq'].every((name) => headerValue(head, name) !== undefined);
  return err({ code, message, status, ...(answerable ? { request: head } : {}) });
}
