/** Calls from user to user: media end to end, no mixer. Implemented by `adapters/drachtio`. */
import type { DigestCredentials } from '../domain/digest.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { NextHop } from '../domain/registrar.ts';
import type { BranchId } from '../domain/user-call.ts';
import type { Result } from '../lib/result.ts';
import type { Caller, InboundLeg } from './call-leg.ts';
import type { AuthVerdict } from './registrar.ts';

/** A call that has come in and that nobody has taken yet. One of the three is called, once. */
export interface Invitation {
  readonly aliases: readonly [string, ...string[]];
  readonly address: string;
  readonly caller: Caller;
  /** Answers to a challenge of a proxy (407). */
  readonly credentials: readonly DigestCredentials[];
  /** Whose call it says it is (From), and the host it was sent to; lower case. */
  readonly from: { readonly user: string; readonly host: string };
  readonly calledHost: string;
  /** Answers to our own challenge (401, RFC 3261 §22.2). */
  readonly authorization: readonly DigestCredentials[];
  /** For rooms: its media is ours. `identity`: the user the caller has proved to be. */
  takeLeg(identity?: string): InboundLeg;
  /** For users: its media is somebody else's. */
  takeForUser(): UserCallLeg;
  /** Asks who is calling, or makes him wait. */
  refuse(verdict: Exclude<AuthVerdict, { readonly kind: 'authenticated' }>): void;
  /** As `refuse`, for a call to a room; `forbidden` ends it. */
  challenge(verdict: Exclude<AuthVerdict, { readonly kind: 'authenticated' }> | { readonly kind: 'forbidden' }): void;
}

export interface UserCallLeg {
  readonly id: string;
  readonly protocolId: string;
  readonly caller: Caller;
  /** What was offered can be passed on, or why not. */
  readonly offer: 'usable' | EndReason;
  /** Set once, before anything else is called. */
  listen(handlers: UserCallHandlers): void;
  /** Calls a telephone. */
  invite(branch: BranchId, target: CallTarget): void;
  /** Stops it, whatever it has come to. */
  cancel(branch: BranchId): void;
  /** Tells the caller that it rings. */
  ring(): void;
  /** Gives the caller the telephone that answered. From then on each side hears what the other does. */
  connect(branch: BranchId): Promise<Result<void, 'gone'>>;
  /** Ends both sides in whatever state they are. Idempotent. */
  end(reason: EndReason): Promise<void>;
}

export interface CallTarget {
  readonly uri: string;
  readonly hop: NextHop;
  /** Whom the telephone shows as calling. */
  readonly from: { readonly name: string; readonly display: string };
}

export interface UserCallHandlers {
  readonly onRinging: (branch: BranchId) => void;
  readonly onAnswered: (branch: BranchId) => void;
  readonly onFailed: (branch: BranchId, status: number) => void;
  readonly onEnded: (reason: EndReason) => void;
}
