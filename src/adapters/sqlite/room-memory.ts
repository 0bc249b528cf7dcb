import type { Room } from '../../domain/room.ts';

/** Rooms and members remembered at a time, all together: some ten megabytes. */
const most = 20_000;

const sizeOf = (rooms: readonly Room[]): number => rooms.reduce((sum, { members }) => sum + 1 + members.length, 0);

/** Rooms as they were read, by what they were asked for by; all of one version. Of too many, those not asked for longest are forgotten. */
export class RoomMemory {
  readonly #most: number;
  #version = '';
  #size = 0;
  /** In the order of being asked for. */
  readonly #rooms = new Map<string, readonly Room[]>();

  constructor(size = most) {
    this.#most = size;
  }

  get(version: string, key: string): readonly Room[] | undefined {
    if (version !== this.#version) return undefined;
    const rooms = this.#rooms.get(key);
    if (rooms === undefined) return undefined;
    this.#rooms.delete(key);
    this.#rooms.set(key, rooms);
    return rooms;
  }

  /** What is not there is not remembered: strangers try many numbers. */
  set(version: string, key: string, rooms: readonly Room[]): void {
    if (rooms.length === 0) return;
    if (version !== this.#version) {
      this.#rooms.clear();
      this.#size = 0;
      this.#version = version;
    }
    this.#size += sizeOf(rooms) - sizeOf(this.#rooms.get(key) ?? []);
    this.#rooms.set(key, rooms);
    for (const [oldest, forgotten] of this.#rooms) {
      if (this.#size <= this.#most) break;
      this.#rooms.delete(oldest);
      this.#size -= sizeOf(forgotten);
    }
  }
}
