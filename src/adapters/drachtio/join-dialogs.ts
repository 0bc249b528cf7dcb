import type Srf from 'drachtio-srf';
import { attempt } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import type { Log } from '../../ports/log.ts';
import { accepted, allowed } from './methods.ts';

export interface JoinOptions {
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** One side hung up; the other one is still to be ended. */
  readonly onEnded: (side: 'first' | 'second') => void;
}

/** Timer B of a re-INVITE is 32 s; a person who waits for an answer to hold gives up before. */
const relayMs = 10_000;

/** What each of two calls asks for within it is asked of the other one. */
export function joinDialogs(first: Srf.Dialog, second: Srf.Dialog, options: JoinOptions): void {
  relay(first, second, 'first', options);
  relay(second, first, 'second', options);
}

function relay(from: Srf.Dialog, to: Srf.Dialog, side: 'first' | 'second', { scheduler, log, onEnded }: JoinOptions): void {
  const offer = async (req: Srf.Request, res: Srf.Response): Promise<void> => {
    const contact = { Contact: from.local.contact };
    if (req.body === '') {
      // An UPDATE renews the session (RFC 4028); a re-INVITE asks for an offer, and its ACK answers it (RFC 3264 §4).
      if (req.method === 'UPDATE') {
        res.send(200, { headers: contact });
        return;
      }
      from.once('ack', (ack) => {
        if (ack.body !== '' && to.connected) void attempt(to.modify(ack.body), relayMs, scheduler);
      });
      res.send(200, { body: to.remote.sdp, headers: { ...contact, 'Content-Type': 'application/sdp' } });
      return;
    }
    const answered = await attempt(to.modify(req.body), relayMs, scheduler);
    if (answered.ok) {
      from.remote.sdp = req.body;
      res.send(200, { body: answered.value, headers: { ...contact, 'Content-Type': 'application/sdp' } });
    } else {
      log.debug({ how: answered.error.kind }, 'the other side refused an offer');
      res.send(488);
    }
  };
  const info = async (req: Srf.Request, res: Srf.Response): Promise<void> => {
    const type = req.get('Content-Type');
    const asked = await attempt(to.request({ method: 'INFO', body: req.body, headers: type === undefined ? {} : { 'Content-Type': type } }), relayMs, scheduler);
    res.send(asked.ok ? asked.value.status : 408);
  };
  from.on('destroy', () => onEnded(side));
  from.on('modify', (req, res) => void offer(req, res));
  from.on('update', (req, res) => void offer(req, res));
  from.on('info', (req, res) => void info(req, res));
  from.on('options', (_req, res) => res.send(200, { headers: { Allow: allowed, Accept: accepted } }));
  for (const method of ['message', 'notify', 'refer', 'publish'] as const) from.on(method, (_req, res) => res.send(405, { headers: { Allow: allowed } }));
}
