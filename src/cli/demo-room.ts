import { generatePin, type Pin, type PinBounds } from '../domain/pin-format.ts';
import type { MediaEncryption } from '../domain/policy.ts';
import { newRoomSettings, type Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { MetaStore } from '../ports/meta.ts';
import type { RoomStore } from '../ports/rooms.ts';
import { untold } from './untold.ts';

export const demoAlias = '1000';
const madeKey = 'demoRoom';

export interface DemoRoomContext {
  readonly rooms: RoomStore;
  readonly meta: MetaStore;
  readonly pinBounds: PinBounds;
  readonly language: string;
  readonly mediaEncryption: MediaEncryption;
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
}

/** What to show at the start. The host PIN is had once, when it is made. */
export type DemoRoom =
  | { readonly kind: 'made'; readonly room: Room; readonly hostPin: Pin; readonly guestPin: Pin }
  | { readonly kind: 'there'; readonly room: Room; readonly guestPin: Pin | undefined }
  /** Removed, or never wanted: there were rooms before the first start. */
  | { readonly kind: 'none' };

/** On the first start makes a room to try: alias 1000, a host PIN and a guest PIN. A demo room removed is not made again. */
export async function ensureDemoRoom(context: DemoRoomContext): Promise<Result<DemoRoom, Problem>> {
  const made = await context.meta.get(madeKey);
  if (!made.ok) return made;
  if (made.value !== undefined) return recall(context);
  const rooms = await context.rooms.list({ limit: 1 });
  if (!rooms.ok) return rooms;
  const demo = rooms.value.items.length === 0 ? await make(context) : ok({ kind: 'none' as const });
  if (!demo.ok) return demo;
  const noted = await context.meta.set(madeKey, 'made');
  return noted.ok ? demo : noted;
}

async function make(context: DemoRoomContext): Promise<Result<DemoRoom, Problem>> {
  const host = generatePin(context.randomBelow, () => false, context.pinBounds);
  if (!host.ok) return host;
  const guest = generatePin(context.randomBelow, (pin) => pin.reveal() === host.value.reveal(), context.pinBounds);
  if (!guest.ok) return guest;
  const room = await context.rooms.add(
    newRoomSettings({ name: 'Demo', aliases: [demoAlias], language: context.language, mediaEncryption: context.mediaEncryption }),
    { host: host.value, guest: guest.value },
    untold,
  );
  return room.ok ? ok({ kind: 'made', room: room.value, hostPin: host.value, guestPin: guest.value }) : err(room.error);
}

async function recall(context: DemoRoomContext): Promise<Result<DemoRoom, Problem>> {
  const rooms = await context.rooms.byAlias(demoAlias);
  if (!rooms.ok) return rooms;
  const [room] = rooms.value;
  if (room === undefined) return ok({ kind: 'none' });
  const guestPin = await context.rooms.guestPin(room.id);
  return guestPin.ok ? ok({ kind: 'there', room, guestPin: guestPin.value }) : guestPin;
}
