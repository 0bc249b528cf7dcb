/** Random secrets that are handed out once and known again by their hash. Implemented by `adapters/system/secrets`. */
export interface Secrets {
  /** 256 bits, in letters, digits, `-` and `_`. */
  token(): string;
  /** SHA-256 in lower-case hexadecimal. Enough for what is random; people's passwords need `Passwords`. */
  hash(token: string): string;
  /** Takes the same time wherever they differ. */
  equal(a: string, b: string): boolean;
}
