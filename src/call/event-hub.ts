import { isLiveOnly, type RoomEvent } from '../domain/events.ts';

/** Where what happens in rooms goes: to be kept, and to who listens at the moment. */
export class EventHub {
  readonly #keep: (event: RoomEvent) => void;
  readonly #listeners = new Set<(event: RoomEvent) => void>();

  /** `keep` never blocks and never fails. */
  constructor(keep: (event: RoomEvent) => void) {
    this.#keep = keep;
  }

  tell(event: RoomEvent): void {
    if (!isLiveOnly(event)) this.#keep(event);
    this.tellKept(event);
  }

  /** What is kept already, by whoever made it. */
  tellKept(event: RoomEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    // The same function may listen twice.
    const own = (event: RoomEvent): void => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }
}
