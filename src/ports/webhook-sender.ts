import type { Result } from '../lib/result.ts';

export interface Delivery {
  readonly url: string;
  /** Signs `<timestamp>.<body>`. */
  readonly secret: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** `refused`: the address is none that may be called. */
export interface DeliveryProblem {
  readonly kind: 'refused' | 'unreachable' | 'timeout' | 'status';
  /** For people; never a part of what was answered. */
  readonly message: string;
  /** HTTP status, where there was one. */
  readonly status?: number;
}

/** Posts to receivers of webhooks. Settles within a deadline of its own. */
export interface WebhookSender {
  /** The status of an answer 2xx. */
  send(delivery: Delivery): Promise<Result<number, DeliveryProblem>>;
  /** Ends what is under way. */
  close(): void;
}
