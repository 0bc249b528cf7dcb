/** From the network to the clients: requests, CANCEL, ACK, and dialogs the stack ended. */
import { randomUUID } from 'node:crypto';
import type { SipRequest } from '../../protocol/sip/message.ts';
import type { Dialog, DialogEnd, Logger, OnWire, ServerTransaction, SipUser } from '../sip-stack/api.ts';
import type { CallRecords } from './call-records.ts';
import { endByStack } from './call-records.ts';
import type { Calls } from './calls.ts';
import { dialogIdOf } from './calls.ts';
import type { Clients } from './clients.ts';
import type { Frames } from './frames.ts';

export class Inbound implements SipUser {
  readonly #calls: Calls;
  readonly #clients: Clients;
  readonly #frames: Frames;
  readonly #records: CallRecords;
  readonly #log: Logger;

  constructor(calls: Calls, clients: Clients, frames: Frames, records: CallRecords, log: Logger) {
    this.#calls = calls;
    this.#clients = clients;
    this.#frames = frames;
    this.#records = records;
    this.#log = log;
  }

  onRequest(transaction: ServerTransaction): void {
    const { dialog, request } = transaction;
    const { method } = request.message;
    const client = dialog === undefined ? this.#clients.choose(method.toLowerCase()) : this.#calls.ownerOf(dialog);
    if (client === undefined) {
      this.#log.debug({ method }, 'sip server: no client for a request');
      // A dialog has no client when that went away: its BYE is on its way, or it is kept.
      transaction.respond({ status: dialog === undefined ? 503 : 481 });
      if (dialog?.state === 'ended') this.#calls.forget(dialog);
      return;
    }
    if (method === 'INVITE' && dialog === undefined) this.#records.attempt('network', request.message);
    if (method === 'BYE') this.#records.stop('network', 'normal-release', request.message);
    const { id } = this.#calls.addPending(client, transaction);
    if (dialog === undefined) {
      const { host, port } = request.flow.local;
      client.send(this.#frames.push('network', request, id, '', { receivedOn: { address: host, port } }));
    } else {
      client.send(this.#frames.push('network', request, id, dialogIdOf(dialog)));
      // A BYE has ended it.
      this.#calls.updateDialog(client, dialog);
    }
  }

  onCancel(transaction: ServerTransaction, cancel: OnWire<SipRequest>): void {
    const request = this.#calls.requestOf(transaction);
    if (request === undefined) return;
    this.#calls.deletePending(request.id);
    if (request.isNew) this.#records.stop('network', 'call-canceled', cancel.message);
    const { dialog } = transaction;
    request.client.send(this.#frames.push('network', cancel, request.id, dialog === undefined ? '' : dialogIdOf(dialog)));
    // The 487 has ended it, but not if it was a re-INVITE.
    if (dialog !== undefined) this.#calls.updateDialog(request.client, dialog);
  }

  onAck(transaction: ServerTransaction, dialog: Dialog, ack: OnWire<SipRequest>): void {
    const request = this.#calls.requestOf(transaction);
    const id = request?.isNew === true ? request.id : randomUUID();
    // drachtio-server leaves the protocol of an ACK empty.
    this.#calls.ownerOf(dialog)?.send(this.#frames.push('network', ack, id, dialogIdOf(dialog), { protocol: '' }));
  }

  onDialogEnded(dialog: Dialog, reason: DialogEnd, bye: OnWire<SipRequest>): void {
    const client = this.#calls.ownerOf(dialog);
    if (client === undefined) {
      this.#calls.forget(dialog);
      return;
    }
    if (reason !== 'subscription_expired') this.#records.stop('application', endByStack(reason), bye.message);
    this.#calls.updateDialog(client, dialog);
    client.send(this.#frames.push('application', bye, 'unsolicited', dialogIdOf(dialog)));
  }
}
