/** What is under way, by the ids the drachtio protocol gives it, and which client it belongs to. */
import { randomUUID } from 'node:crypto';
import { GIVE_UP } from '../../protocol/sip/timers.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { ClientTransaction, Dialog, ServerTransaction } from '../sip-stack/api.ts';
import type { Client } from './client.ts';

/** A request given to a client, which owes the answer. */
export interface PendingRequest {
  readonly id: string;
  readonly client: Client;
  readonly transaction: ServerTransaction;
  /** The request came outside any dialog. */
  readonly isNew: boolean;
}

/** A request of a client's, whose final response is owed to it. */
export interface OwnRequest {
  readonly id: string;
  readonly client: Client;
  readonly transaction: ClientTransaction;
}

export interface Call {
  readonly client: Client;
  readonly dialog: Dialog;
}

export class Calls {
  readonly #pending = new Map<string, PendingRequest & { readonly cancelExpiry: () => void }>();
  /** Stays after the answer: the ACK of a 2xx is told under the id of its INVITE. */
  readonly #byTransaction = new WeakMap<ServerTransaction, PendingRequest>();
  readonly #own = new Map<string, OwnRequest>();
  readonly #dialogs = new Map<string, Call>();
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get sizes(): { readonly pendingRequests: number; readonly ownRequests: number; readonly dialogs: number } {
    return { pendingRequests: this.#pending.size, ownRequests: this.#own.size, dialogs: this.#dialogs.size };
  }

  addPending(client: Client, transaction: ServerTransaction): PendingRequest {
    const id = randomUUID();
    // The stack answers a non-INVITE in the client's place before this, and tells nobody; an INVITE it takes back with `onCancel`.
    const expires = transaction.request.message.method === 'INVITE' ? () => undefined : this.#scheduler.after(GIVE_UP, () => this.deletePending(id));
    const pending = { id, client, transaction, isNew: transaction.dialog === undefined, cancelExpiry: expires };
    this.#pending.set(id, pending);
    this.#byTransaction.set(transaction, pending);
    return pending;
  }

  pending(id: string): PendingRequest | undefined {
    return this.#pending.get(id);
  }

  /** The request as it was given to a client, answered or not. */
  requestOf(transaction: ServerTransaction): PendingRequest | undefined {
    return this.#byTransaction.get(transaction);
  }

  deletePending(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.cancelExpiry();
    this.#pending.delete(id);
  }

  addOwn(id: string, client: Client, transaction: ClientTransaction): void {
    this.#own.set(id, { id, client, transaction });
  }

  own(id: string): OwnRequest | undefined {
    return this.#own.get(id);
  }

  deleteOwn(id: string): void {
    this.#own.delete(id);
  }

  /** Remembers the dialog of a call, or forgets it when it is over. */
  updateDialog(client: Client, dialog: Dialog): void {
    const id = dialogIdOf(dialog);
    const known = this.#dialogs.get(id);
    // Who only sends something in the dialog of a client that went away does not get it (F-10).
    if (dialog.state !== 'ended') this.#dialogs.set(id, known?.dialog === dialog ? known : { client, dialog });
    else if (known?.dialog === dialog) this.#dialogs.delete(id);
    if (dialog.state === 'ended') this.#forgetInvites(dialog);
  }

  /** With its dialog a re-INVITE is over: the stack has answered it, and its client need not (RFC 3261 §15.1.2). */
  #forgetInvites(dialog: Dialog): void {
    for (const { id, transaction } of this.#pending.values()) {
      if (transaction.dialog === dialog && transaction.request.message.method === 'INVITE') this.deletePending(id);
    }
  }

  deleteCall(dialogId: string): void {
    this.#dialogs.delete(dialogId);
  }

  /** The call of a dialog id; a dialog that is over is not found. */
  call(dialogId: string): Call | undefined {
    const call = this.#dialogs.get(dialogId);
    return call === undefined || call.dialog.state === 'ended' ? undefined : call;
  }

  /** The client a dialog belongs to, over or not; undefined when it went away. */
  ownerOf(dialog: Dialog): Client | undefined {
    const client = this.#clientOf(dialog);
    return client?.open === true ? client : undefined;
  }

  #clientOf(dialog: Dialog): Client | undefined {
    const call = this.#dialogs.get(dialogIdOf(dialog));
    if (call?.dialog === dialog) return call.client;
    if (dialog.role === 'uas') return undefined;
    // Another fork of the same INVITE: the id, with our own tag in it, is the same.
    if (call !== undefined) return call.client;
    // A NOTIFY that came before the answer to its SUBSCRIBE: the dialog is its client's already.
    return [...this.#own.values()].find(({ transaction: { request } }) => headerValue(request.message, 'Call-ID') === dialog.callId)?.client;
  }

  /** The call with this Call-ID: a client may name its dialog by header instead of id. */
  callByCallId(callId: string): Call | undefined {
    return [...this.#dialogs.values()].find(({ dialog }) => dialog.callId === callId && dialog.state !== 'ended');
  }

  /** A dialog that ended without a client to tell. */
  forget(dialog: Dialog): void {
    if (this.#dialogs.get(dialogIdOf(dialog))?.dialog === dialog) this.#dialogs.delete(dialogIdOf(dialog));
    this.#forgetInvites(dialog);
  }

  /** Hands out everything of `client`, or of all clients, and forgets it; with `but` calls they stay. */
  take(client?: Client, but?: 'calls'): { readonly pending: readonly PendingRequest[]; readonly own: readonly OwnRequest[]; readonly calls: readonly Call[] } {
    const mine = <T extends { readonly client: Client }>(entries: Iterable<T>): T[] => [...entries].filter((entry) => client === undefined || entry.client === client);
    const pending = mine(this.#pending.values());
    const own = mine(this.#own.values());
    const calls = but === 'calls' ? [] : mine(this.#dialogs.values());
    for (const { id } of pending) this.deletePending(id);
    for (const { id } of own) this.#own.delete(id);
    for (const { dialog } of calls) this.#dialogs.delete(dialogIdOf(dialog));
    return { pending, own, calls };
  }
}

/** `<Call-ID>;from-tag=<tag of the From of the request that made the dialog>`: clients build it themselves too. */
export function dialogIdOf(dialog: Dialog): string {
  return `${dialog.callId};from-tag=${dialog.role === 'uac' ? dialog.localTag : dialog.remoteTag}`;
}
