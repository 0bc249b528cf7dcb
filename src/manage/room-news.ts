import type { Room, RoomId } from '../domain/room.ts';

/** What running calls are told after a change is kept: it counts from the next call on, and for who is inside as far as the rules say. */
export type RoomNews =
  | { readonly type: 'added' | 'changed' | 'removed'; readonly room: Room }
  /** OV-46. */
  | { readonly type: 'memberRemoved'; readonly room: Room; readonly member: string };

/** How many are in each room, lobby included; a room that is not in it is empty. */
export type Presence = () => ReadonlyMap<RoomId, number>;
