import type { CallId } from '../domain/conference.ts';
import type { ControlCommand, KeypadCommand } from '../domain/commands.ts';
import type { Room } from '../domain/room.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { ConferenceActor } from './conference-actor.ts';

export type KeypadOrder = KeypadCommand | Extract<ControlCommand, { readonly type: 'claimHost' }>;

/** Carries out what a participant asks for. Only a PIN needs the store; whether it is allowed, the conference's rules say. */
export async function execute(call: CallId, command: KeypadOrder, conference: ConferenceActor, rooms: RoomStore): Promise<'done' | 'wrongPin'> {
  if (command.type !== 'claimHost') {
    conference.post({ type: 'command', by: { kind: 'participant', call }, command });
    return 'done';
  }
  return claimHost(call, command, conference, rooms);
}

/** Only the store can compare PINs. */
export async function claimHost(call: CallId, command: Extract<ControlCommand, { readonly type: 'claimHost' }>, conference: ConferenceActor, rooms: RoomStore): Promise<'done' | 'wrongPin'> {
  const room = await roomNow(rooms, conference.room);
  const match = room === 'removed' ? 'none' : rooms.identify(room, command.entry);
  conference.post({ type: 'hostClaimed', call, match: match === 'host' ? 'host' : 'none' });
  return match === 'host' ? 'done' : 'wrongPin';
}

/** The room with the PINs now in force. While the store cannot be read, what is known of it counts. */
export async function roomNow(rooms: RoomStore, known: Room): Promise<Room | 'removed'> {
  const found = await rooms.byId(known.id);
  return found.ok ? (found.value ?? 'removed') : known;
}
