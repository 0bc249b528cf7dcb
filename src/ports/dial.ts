/** Calls that we make. Implemented by `adapters/drachtio`. */
import type { CallLeg, DialledLeg } from './call-leg.ts';
import type { CallTarget } from './user-call.ts';

/** A call that we make; its INVITE goes out with `answer`. */
export interface OutboundLeg extends CallLeg {
  readonly offer: { readonly kind: 'none' };
}

export interface DialRequest {
  /** All are called at once; the first to answer has the call (a user with several telephones). */
  readonly targets: readonly [CallTarget, ...CallTarget[]];
  /** As people wrote it. */
  readonly dialled: string;
  /** Shown to others as who this is. */
  readonly name: string;
  /** The user whose telephones the targets are. */
  readonly identity?: string;
  /** Digest of ours, where a target asks (RFC 3261 §22). */
  readonly credentials?: DialCredentials;
  /** Of a call that is sent on (RFC 3261 §16.6 step 3): Max-Forwards. */
  readonly hopsLeft?: number;
  /** For a conference. */
  readonly into?: DialledLeg;
}

/** Never to be printed. */
export interface DialCredentials {
  readonly username: string;
  readonly password: string;
}

export interface DialPort {
  /** Whether calls can be made. */
  readonly available: boolean;
  dial(request: DialRequest): OutboundLeg;
}
