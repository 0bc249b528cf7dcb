/** The reliable provisional responses to one INVITE (RFC 3262 §3): one at a time, and what follows waits for its PRACK. */
import type { AwaitedResponseEvent, Repetition } from '../../protocol/sip/awaited-response.ts';
import { stepAwaitedResponse, untilPrack } from '../../protocol/sip/awaited-response.ts';
import type { Context } from './context.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import { transactionMachine } from './transaction-machine.ts';

export class ReliableResponses {
  readonly #context: Context;
  readonly #giveUp: () => void;
  #lastSeq: number;
  /** The one whose PRACK is awaited. */
  #waiting: { readonly rseq: number; readonly machine: TransactionMachine<AwaitedResponseEvent> } | undefined;
  readonly #held: (() => void)[] = [];

  /** `giveUp` is called when a PRACK did not come within 64*T1. */
  constructor(context: Context, giveUp: () => void) {
    this.#context = context;
    this.#giveUp = giveUp;
    // §3: the first value is chosen uniformly between 1 and 2**31 - 1.
    this.#lastSeq = context.ids.cseq();
  }

  nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  /** Runs `send` at once, or when the PRACK awaited has come. */
  inTurn(send: () => void): void {
    if (this.#waiting === undefined) send();
    else this.#held.push(send);
  }

  /** A reliable response went out; `repeat` sends it again. */
  sent(rseq: number, repetition: Repetition, repeat: () => void): void {
    const machine = transactionMachine(this.#context, untilPrack, stepAwaitedResponse, (effect) => {
      switch (effect.do) {
        case 'sendResponse':
          repeat();
          break;
        case 'proceed':
          this.#waiting = undefined;
          // What is sent may be reliable itself: the rest waits for its PRACK.
          for (const send of this.#held.splice(0)) this.inTurn(send);
          break;
        case 'giveUp':
          this.#over();
          this.#giveUp();
          break;
      }
    });
    this.#waiting = { rseq, machine };
    machine.post({ type: 'start', repetition });
  }

  /** Whether `rseq` is the response whose PRACK is awaited; it has come then. */
  acknowledged(rseq: number): boolean {
    if (this.#waiting?.rseq !== rseq) return false;
    this.#waiting.machine.post({ type: 'acknowledged' });
    return true;
  }

  /** No PRACK is waited for, and what was held back is forgotten. */
  stop(): void {
    this.#waiting?.machine.stop();
    this.#over();
  }

  #over(): void {
    this.#waiting = undefined;
    this.#held.length = 0;
  }
}
