/** Where the legs and conferences of a place are: on one worker as long as there are any. */
export class Places<Slot> {
  readonly #byName = new Map<string, { readonly slot: Slot; uses: number }>();

  find(place: string | undefined): Slot | undefined {
    return place === undefined ? undefined : this.#byName.get(place)?.slot;
  }

  /** One more of `place` is on `slot`, which is the one of the others, if there are others. */
  hold(place: string | undefined, slot: Slot): void {
    if (place === undefined) return;
    const held = this.#byName.get(place);
    if (held === undefined) this.#byName.set(place, { slot, uses: 1 });
    else held.uses++;
  }

  release(place: string | undefined): void {
    if (place === undefined) return;
    const held = this.#byName.get(place);
    if (held !== undefined && --held.uses === 0) this.#byName.delete(place);
  }
}
