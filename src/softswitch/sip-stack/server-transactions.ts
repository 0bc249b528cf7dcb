/** All server transactions alive, by key and by the request they were made for. */
import type { Parsed } from '../../protocol/sip/parse.ts';
import type { ServerTx } from './server-transaction.ts';

export class ServerTransactions {
  readonly #byKey = new Map<string, ServerTx>();
  readonly #byOriginal = new Map<string, ServerTx>();

  get size(): number {
    return this.#byKey.size;
  }

  values(): ServerTx[] {
    return [...this.#byKey.values()];
  }

  get(key: string): ServerTx | undefined {
    return this.#byKey.get(key);
  }

  add(key: string, transaction: ServerTx): void {
    this.#byKey.set(key, transaction);
    const original = originalKey(transaction.parsed);
    if (transaction.parsed.toTag === undefined && !this.#byOriginal.has(original)) this.#byOriginal.set(original, transaction);
  }

  delete(key: string, transaction: ServerTx): void {
    this.#byKey.delete(key);
    const original = originalKey(transaction.parsed);
    if (this.#byOriginal.get(original) === transaction) this.#byOriginal.delete(original);
  }

  /** RFC 3261 §8.2.2.2: whether this request, of another branch, is being handled already. A proxy may see it more than once. */
  hasMerged(parsed: Parsed): boolean {
    return parsed.toTag === undefined && this.#byOriginal.get(originalKey(parsed))?.proxied === false;
  }
}

function originalKey({ callId, fromTag, cseq }: Parsed): string {
  return `${callId} ${fromTag ?? ''} ${cseq.number} ${cseq.method}`;
}
