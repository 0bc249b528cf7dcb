/** Cuts a TCP byte stream into SIP messages (RFC 3261 §18.3) within bounds, and finds keep-alives (RFC 5626 §3.5.1). */
import { canonicalName } from './header-names.ts';
import { endOfHead } from './parse.ts';

export type Framed =
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** CR LF CR LF: answer CR LF. */
  | { readonly kind: 'ping' }
  /** The stream cannot be followed any further: close it. `too_large` came with its head, for a 413. */
  | { readonly kind: 'broken'; readonly code: 'too_large' | 'bad_content_length'; readonly head?: Uint8Array };

const decoder = new TextDecoder();
const EMPTY = new Uint8Array(0);

export class StreamFramer {
  #buffer: Uint8Array = EMPTY;
  /** Where the search for the end of the head goes on, so that a slow sender does not cost a rescan per byte. */
  #searched = 0;
  #needed: number | undefined;
  #broken = false;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when a message was begun and is not complete; half a keep-alive does not count, line ends without end do. */
  get partial(): boolean {
    return this.#buffer.length > 3 || this.#buffer.some((byte) => byte !== 13 && byte !== 10);
  }

  push(chunk: Uint8Array): Framed[] {
    const out: Framed[] = [];
    if (this.#broken) return out;
    this.#buffer = this.#buffer.length === 0 ? chunk : concat(this.#buffer, chunk);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      out.push(next);
      if (next.kind === 'broken') {
        this.#broken = true;
        this.#buffer = EMPTY;
        break;
      }
    }
    // Keep only what is not consumed, not the whole chunk it came in.
    if (this.#buffer.length > 0 && this.#buffer.byteLength < this.#buffer.buffer.byteLength) this.#buffer = this.#buffer.slice();
    return out;
  }

  #next(): Framed | undefined {
    if (this.#needed === undefined) {
      const start = this.#skipEmptyLines();
      if (start === 'ping') return { kind: 'ping' };
      if (this.#buffer.length === 0) return undefined;
      const bodyStart = endOfHead(this.#buffer, Math.max(0, this.#searched - 3));
      this.#searched = this.#buffer.length;
      if (bodyStart === undefined) return this.#buffer.length > this.#maxBytes ? { kind: 'broken', code: 'too_large' } : undefined;
      const head = this.#buffer.subarray(0, bodyStart);
      const length = contentLength(decoder.decode(head));
      if (length === undefined) return { kind: 'broken', code: 'bad_content_length', head };
      // The size is known before a byte of the body is kept.
      if (bodyStart + length > this.#maxBytes) return { kind: 'broken', code: 'too_large', head };
      this.#needed = bodyStart + length;
    }
    if (this.#buffer.length < this.#needed) return undefined;
    const bytes = this.#buffer.subarray(0, this.#needed);
    this.#drop(this.#needed);
    return { kind: 'message', bytes };
  }

  /** RFC 3261 §7.5: empty lines before a start line are ignored; a double CRLF is a keep-alive. */
  #skipEmptyLines(): 'ping' | undefined {
    let at = 0;
    while (this.#buffer[at] === 13 && this.#buffer[at + 1] === 10) {
      at += 2;
      if (at === 4) {
        this.#drop(4);
        return 'ping';
      }
    }
    while (this.#buffer[at] === 10) at += 1;
    // A lone CR LF stays until it is known whether it is half of a ping.
    if (at > 0 && at < this.#buffer.length && this.#buffer[at] !== 13) this.#drop(at);
    else if (at === this.#buffer.length) this.#searched = 0;
    return undefined;
  }

  #drop(count: number): void {
    this.#buffer = this.#buffer.subarray(count);
    this.#searched = 0;
    this.#needed = undefined;
  }
}

function contentLength(head: string): number | undefined {
  let length: number | undefined;
  for (const line of head.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon < 0 || canonicalName(line.slice(0, colon).trim()) !== 'Content-Length') continue;
    const value = line.slice(colon + 1).trim();
    if (!/^[0-9]{1,9}$/.test(value)) return undefined;
    if (length !== undefined && length !== Number(value)) return undefined;
    length = Number(value);
  }
  // Mandatory on streams (RFC 3261 §20.14); senders that leave it out have no body.
  return length ?? 0;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
