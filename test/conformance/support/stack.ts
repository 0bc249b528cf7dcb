/** The SIP stack under test, with a user that answers OPTIONS and leaves the rest to the test. */
import { randomBytes } from 'node:crypto';
import type { Dialog, DialogEnd, OnWire, ServerTransaction, SipStack, SipStackOptions, Transport } from '../../../src/softswitch/sip-stack/api.ts';
import { createSipStack } from '../../../src/softswitch/sip-stack/sip-stack.ts';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import { Inbox } from './inbox.ts';
import { ManualScheduler } from './manual-scheduler.ts';
import { TestLog } from './server.ts';
import type { Target } from './sip-peer.ts';

export interface RunningStack {
  readonly stack: SipStack;
  readonly scheduler: ManualScheduler;
  readonly log: TestLog;
  readonly requests: Inbox<ServerTransaction>;
  readonly acks: Inbox<OnWire<SipRequest>>;
  readonly ended: Inbox<{ readonly dialog: Dialog; readonly reason: DialogEnd }>;
  at(transport: Transport, host?: string): Target;
  counter(name: string): number;
}

export async function startStack(options: Partial<SipStackOptions> = {}): Promise<RunningStack> {
  const scheduler = new ManualScheduler();
  const log = new TestLog();
  const requests = new Inbox<ServerTransaction>();
  const acks = new Inbox<OnWire<SipRequest>>();
  const ended = new Inbox<{ readonly dialog: Dialog; readonly reason: DialogEnd }>();
  const stack = createSipStack({
    listen: [
      { transport: 'udp', host: '127.0.0.1', port: 0 },
      { transport: 'tcp', host: '127.0.0.1', port: 0 },
    ],
    scheduler,
    log,
    random: randomBytes,
    methods: ['INVITE', 'BYE', 'OPTIONS', 'INFO', 'REGISTER', 'MESSAGE'],
    ...options,
    user: {
      onRequest: (transaction) => {
        if (transaction.request.message.method === 'OPTIONS') transaction.respond({ status: 200 });
        else requests.put(transaction);
      },
      onCancel: () => undefined,
      onAck: (_transaction, _dialog, ack) => acks.put(ack),
      onDialogEnded: (dialog, reason) => ended.put({ dialog, reason }),
    },
  });
  await stack.start();
  return {
    stack,
    scheduler,
    log,
    requests,
    acks,
    ended,
    at: (transport, host = '127.0.0.1') => ({ host, port: stack.addresses.find((address) => address.transport === transport && address.host === host)?.port ?? 0 }),
    counter: (name) => stack.debugState().counters[name] ?? 0,
  };
}
