/** Framing of the drachtio protocol: `<decimal byte count>#<payload>`, back to back, UTF-8. */
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';

export type FrameError = 'not_a_frame' | 'frame_too_large';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const EMPTY = new Uint8Array(0);
const HASH = 35;

/** Bytes, not characters: a receiver counts what arrives. */
export function encodeFrame(payload: string): Uint8Array {
  const body = encoder.encode(payload);
  const head = encoder.encode(`${body.length}#`);
  const frame = new Uint8Array(head.length + body.length);
  frame.set(head);
  frame.set(body, head.length);
  return frame;
}

/** Cuts a stream into payloads. After an error the stream cannot be followed: nothing more comes out. */
export class FrameDecoder {
  #buffer: Uint8Array = EMPTY;
  #error: FrameError | undefined;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The payloads completed by `chunk`, and then the error if what follows them is no frame. */
  push(chunk: Uint8Array): Result<string, FrameError>[] {
    const out: Result<string, FrameError>[] = [];
    if (this.#error !== undefined) return out;
    this.#buffer = this.#buffer.length === 0 ? chunk : concat(this.#buffer, chunk);
    let at = 0;
    for (;;) {
      const frame = this.#frameAt(at);
      if (frame === undefined) break;
      if (typeof frame === 'string') {
        this.#error = frame;
        this.#buffer = EMPTY;
        out.push(err(frame));
        return out;
      }
      out.push(ok(decoder.decode(this.#buffer.subarray(frame.start, frame.end))));
      at = frame.end;
    }
    this.#buffer = this.#buffer.slice(at);
    return out;
  }

  /** The frame that begins at `at`; undefined when it is not complete. */
  #frameAt(at: number): { readonly start: number; readonly end: number } | FrameError | undefined {
    const digits = String(this.#maxBytes).length;
    let length = 0;
    let index = at;
    for (; index < this.#buffer.length && this.#buffer[index] !== HASH; index += 1) {
      const digit = (this.#buffer[index] ?? 0) - 48;
      if (digit < 0 || digit > 9 || index - at >= digits) return 'not_a_frame';
      length = length * 10 + digit;
    }
    if (index === this.#buffer.length) return undefined;
    if (index === at) return 'not_a_frame';
    if (length > this.#maxBytes) return 'frame_too_large';
    const start = index + 1;
    return this.#buffer.length - start < length ? undefined : { start, end: start + length };
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
