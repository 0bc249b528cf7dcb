/**
 * Call records for clients that asked for them: `cdr:attempt` when an INVITE comes or goes, `cdr:start` with its 2xx,
 * `cdr:stop` when the call is over or came to nothing. Each goes to one client with the route of that name.
 */
import { cdrMessage } from '../../protocol/drachtio/server-message.ts';
import type { CdrEnd } from '../../protocol/drachtio/server-message.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { SipMessage } from '../../protocol/sip/message.ts';
import { serialize } from '../../protocol/sip/serialize.ts';
import type { DialogEnd } from '../sip-stack/api.ts';
import type { Clients } from './clients.ts';

type Source = 'network' | 'application';

export class CallRecords {
  readonly #clients: Clients;
  readonly #scheduler: Scheduler;

  constructor(clients: Clients, scheduler: Scheduler) {
    this.#clients = clients;
    this.#scheduler = scheduler;
  }

  attempt(source: Source, invite: SipMessage): void {
    this.#send('attempt', source, undefined, invite);
  }

  start(source: Source, role: 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas', success: SipMessage): void {
    this.#send('start', source, role, success);
  }

  stop(source: Source, why: CdrEnd, last: SipMessage): void {
    this.#send('stop', source, why, last);
  }

  #send(event: 'attempt' | 'start' | 'stop', source: Source, detail: string | undefined, message: SipMessage): void {
    const client = this.#clients.choose(`cdr:${event}`);
    client?.send((msgId) => cdrMessage(msgId, event, source, this.#scheduler.now(), detail, serialize(message)));
  }
}

/** What an INVITE that got no 2xx is recorded as. */
export function endOfFailure(status: number): CdrEnd {
  return status === 487 ? 'call-canceled' : 'call-rejected';
}

/** What a dialog that the stack ended is recorded as. */
export function endByStack(reason: DialogEnd): CdrEnd {
  switch (reason) {
    case 'session_expired':
      return 'session-expired';
    case 'ack_timeout':
      return 'system-error-initiated-termination';
    case 'cancel_race':
    case 'subscription_expired':
      return 'system-initiated-termination';
  }
}
