/** A call as signalling adapters hand it to the actors. Implemented by `adapters/drachtio`, later `adapters/h323`. */
import type { Result } from '../lib/result.ts';
import type { EntryRole } from '../domain/policy.ts';
import type { KeepAlive } from '../domain/dial.ts';
import type { EndReason } from '../domain/reasons.ts';
import type { MediaDescription } from './media.ts';

/** A call, whichever side makes it. */
export interface CallLeg {
  /** Ours, unique: names the call in logs, CDR and API. */
  readonly id: string;
  readonly protocol: 'sip' | 'h323';
  /** The protocol's own name of the call (SIP Call-ID). */
  readonly protocolId: string;
  /** What was dialled, most exact first, lower case: `user@host` and the user part, or digits. At least one. */
  readonly aliases: readonly [string, ...string[]];
  /** The far end: who calls, or whom we call. */
  readonly caller: Caller;
  /** The user of ours the far end has proved to be, or whose telephones we call. */
  readonly identity?: string;
  /** The token of what was dialled: of a link of the room, or of a member of it. Never to be printed. */
  readonly credential?: string;
  readonly offer: LegOffer;
  /** What the signalling server calls the answered call, so that another process can take it over. */
  readonly dialog?: string | undefined;
  /** There when it is us who call. */
  readonly dialled?: DialledLeg;
  /** Set once, before anything else is called. */
  listen(handlers: LegHandlers): void;
  /**
   * 200 with our media. When the caller left the offer to us, our media is the offer and the caller's answer is waited for
   * and comes back. A call of ours is made by it, and settles with the callee's answer. `gone`: the far end cancelled, refused, or
   * signalling was lost meanwhile; `onEnded` has told.
   */
  answer(media: MediaDescription): Promise<Result<MediaDescription | undefined, 'gone'>>;
  /** Ends the call in whatever state it is: a failure response before the answer, BYE after it. Idempotent, settles within a deadline. */
  end(reason: EndReason): Promise<void>;
  /** SIP MESSAGE (RFC 3428) in the dialog, text/plain. `not_supported`: the far end takes none. */
  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>>;
}

export interface InboundLeg extends CallLeg {
  /** How often it may still be sent on (Max-Forwards). */
  readonly hopsLeft: number;
  /** Tells the caller that it rings elsewhere. */
  ring(): void;
}

/** A call the conference makes, and what the callee is to be in it. */
export interface DialledLeg {
  readonly room: string;
  /** Given by who may; otherwise admission decides (policy.md section 1, row 3). */
  readonly role?: EntryRole;
  readonly keepAlive: KeepAlive;
  /** Keyed after the answer, `,` being 2 s. */
  readonly dtmf?: string;
  readonly ringingMs: number;
}

export type LegOffer =
  | { readonly kind: 'offered'; readonly media: MediaDescription }
  /** The caller leaves the offer to us. */
  | { readonly kind: 'none' }
  /** What was offered cannot be read, or has nothing that can be used. */
  | { readonly kind: 'unusable'; readonly reason: EndReason };

export interface Caller {
  /** Display name, or the number when there is none. */
  readonly name: string;
  /** User part of the caller's address. */
  readonly number: string;
  readonly uri: string;
  readonly source: { readonly address: string; readonly port: number; readonly transport: string };
  readonly userAgent?: string;
  /** `number` is what a peer we trust says of the caller (RFC 3325), not what he says of himself. */
  readonly asserted?: 'yes';
  /** The caller asked not to be named to others (RFC 3323); `name` does not name him, the rest is for the operator. */
  readonly privacy?: 'withheld';
}

export interface LegHandlers {
  /** It rings at the callee. */
  readonly onRinging?: () => void;
  readonly onDigit: (digit: string, via: 'info' | 'h245') => void;
  /** The far end ended it (BYE, CANCEL), or signalling did. */
  readonly onEnded: (reason: EndReason) => void;
  /** A new offer inside the call; the answer goes back. */
  readonly onOffer: (offer: MediaDescription) => Promise<Result<MediaDescription, 'refused'>>;
}

/** Where inbound legs come from. */
export interface SignallingPort {
  /** Where callers can dial to, e.g. `sip:192.0.2.7:5060`. */
  readonly addresses: readonly string[];
  readonly available: boolean;
}
