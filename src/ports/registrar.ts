/** What signalling adapters ask of the registrar. Implemented by `call/registrar`. */
import type { DigestAlgorithm, DigestCredentials } from '../domain/digest.ts';
import type { Binding, RegisterRequest, RegisterVerdict } from '../domain/registrar.ts';

export interface Challenge {
  readonly realm: string;
  /** One challenge each, in this order (RFC 8760 §2.4). */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly nonce: string;
  /** `stale`: the secret was right, another nonce is needed. */
  readonly why: 'asked' | 'stale';
}

export type AuthVerdict =
  | { readonly kind: 'authenticated'; readonly user: string }
  | { readonly kind: 'challenge'; readonly challenge: Challenge }
  /** Too many wrong ones from there: nothing is judged before. */
  | { readonly kind: 'wait'; readonly seconds: number };

/** A REGISTER as it came. */
export interface Registration extends RegisterRequest {
  /** User part of the address of record (To). */
  readonly user: string;
  readonly credentials: readonly DigestCredentials[];
}

export type RegisterAnswer =
  | Exclude<AuthVerdict, { readonly kind: 'authenticated' }>
  /** Somebody else's address of record. */
  | { readonly kind: 'forbidden' }
  | Exclude<RegisterVerdict, { readonly kind: 'changed' | 'unchanged' }>
  | { readonly kind: 'registered'; readonly bindings: readonly RegisteredContact[] };

export interface RegisteredContact extends Pick<Binding, 'uri' | 'parameters'> {
  /** Seconds left. */
  readonly expires: number;
}

export interface RegistrarPort {
  register(request: Registration): RegisterAnswer;
}
