/** Things that arrive, and tests that wait for them: the test's own time limit ends a wait that is in vain. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: { readonly wanted: (item: T) => boolean; readonly resolve: (item: T) => void }[] = [];

  put(item: T): void {
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    const [waiter] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiter === undefined) this.#items.push(item);
    else waiter.resolve(item);
  }

  /** Takes the first item that is `wanted`, now or when it comes; others stay. */
  next(wanted: (item: T) => boolean = () => true): Promise<T> {
    const index = this.#items.findIndex(wanted);
    const [item] = index < 0 ? [] : this.#items.splice(index, 1);
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  get all(): readonly T[] {
    return this.#items;
  }
}
