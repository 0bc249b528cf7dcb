import { createHmac } from 'node:crypto';
import { lookup as resolve } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Networks } from '../../lib/networks.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Delivery, DeliveryProblem, WebhookSender } from '../../ports/webhook-sender.ts';

export interface WebhookSenderOptions {
  readonly timeoutMs: number;
  /** `allowed`: receivers may be in private networks, and this machine itself. */
  readonly privateAddresses: 'allowed' | 'refused';
}

/**
 * Addresses that are nobody's on the Internet (RFC 6890, RFC 4291 §2.5): what is reached there is inside, and whoever may make a
 * webhook would reach it with our hand.
 */
const inside = new Networks([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  // 64:ff9b::/96 and 2002::/16 lead to any address of IPv4.
  ...['::/128', '::1/128', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]);

const refusedMessage = 'the receiver has a private address; set webhooks.privateAddresses to allow it';

/** Judges the address that is connected to, not one that was looked up before: a name may lead elsewhere each time it is asked. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const [first] = addresses;
    if (first === undefined) callback(new Error('the name has no address'), []);
    else if (addresses.some(({ address }) => inside.has(address))) callback(Object.assign(new Error(refusedMessage), { code: 'REFUSED_ADDRESS' }), []);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** Posts by HTTP and HTTPS. Redirects are not followed, answers not read. */
export class HttpWebhookSender implements WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true, maxSockets: 4 }), 'https:': new HttpsAgent({ keepAlive: true, maxSockets: 4 }) };
  readonly #open = new Set<ClientRequest>();

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  send({ url, secret, body, at }: Delivery): Promise<Result<number, DeliveryProblem>> {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || (target.protocol !== 'http:' && target.protocol !== 'https:')) return Promise.resolve(err({ kind: 'refused', message: 'the address is not one of http or https' }));
    const guarded = this.#options.privateAddresses === 'refused';
    // A literal address is never looked up.
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (guarded && isIP(host) !== 0 && inside.has(host)) return Promise.resolve(err({ kind: 'refused', message: refusedMessage }));
    const timestamp = String(at);
    const bytes = Buffer.from(body);
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agents[target.protocol],
      ...(guarded ? { lookup: guardedLookup } : {}),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': bytes.length,
        'user-agent': 'vestibule-webhook',
        'x-timestamp': timestamp,
        'x-signature': signature(secret, timestamp, body),
      },
    };
    return this.#post(target, options, bytes);
  }

  close(): void {
    for (const request of this.#open) request.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #post(target: URL, options: RequestOptions, bytes: Buffer): Promise<Result<number, DeliveryProblem>> {
    const { timeoutMs } = this.#options;
    return new Promise((settle) => {
      const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, options);
      this.#open.add(request);
      const done = (outcome: Result<number, DeliveryProblem>): void => {
        clearTimeout(deadline);
        this.#open.delete(request);
        settle(outcome);
      };
      const deadline = setTimeout(() => {
        done(err({ kind: 'timeout', message: `no answer within ${timeoutMs} ms` }));
        request.destroy();
      }, timeoutMs);
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        done(status >= 200 && status < 300 ? ok(status) : err({ kind: 'status', status, message: `answered ${status}` }));
        // The connection is of use again once a short answer is over; of a long one nothing is wanted.
        let left = 65_536;
        response.on('data', (chunk: Buffer) => {
          left -= chunk.length;
          if (left < 0) request.destroy();
        });
        response.on('error', () => undefined);
        response.setTimeout(timeoutMs, () => request.destroy());
      });
      request.on('error', (error: Error & { readonly code?: string }) => done(err({ kind: error.code === 'REFUSED_ADDRESS' ? 'refused' : 'unreachable', message: error.code === 'REFUSED_ADDRESS' ? refusedMessage : (error.code ?? 'the connection failed') })));
      request.end(bytes);
    });
  }
}

/** OVD-12: HMAC-SHA256 in lower-case hexadecimal; the time is part of it, so that an old delivery cannot be sent again. */
export const signature = (secret: string, timestamp: string, body: string): string => createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
