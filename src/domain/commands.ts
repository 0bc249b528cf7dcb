import type { CommandName } from './command-name.ts';
import type { Audience, CallId } from './conference-state.ts';
import type { DialTarget } from './dial.ts';
import type { PermissionSet } from './permissions.ts';
import type { Pin } from './pin-format.ts';
import type { ControlLevel } from './privilege.ts';
import type { RoomId } from './room.ts';

/** Who gives a command. */
export type Commander =
  /** By keypad, or by the console of somebody who is in the conference: his permissions count. */
  | { readonly kind: 'participant'; readonly call: CallId }
  /** A member's session, in the conference or not. */
  | { readonly kind: 'member'; readonly name: string; readonly permissions: PermissionSet }
  /** `level`: over this room. */
  | { readonly kind: 'user'; readonly name: string; readonly level: ControlLevel }
  | { readonly kind: 'system' };

/** The commands of the keypad that are for a conference; `claimHost` needs a PIN compared first. */
export type KeypadCommand = { readonly type: Exclude<CommandName, 'claimHost'> };

/** To one participant; `target` is his call. */
type Targeted<Type extends string> = { readonly type: Type; readonly target: CallId };

/** What people do to a conference, by keypad, REST or console: one union, one check (`control.ts`). */
export type ControlCommand =
  | KeypadCommand
  | { readonly type: 'claimHost'; readonly entry: Pin }
  | Targeted<'mute' | 'unmute' | 'kick' | 'admit' | 'refuse' | 'promote' | 'demote' | 'transferHost' | 'lowerHand'>
  | { readonly type: 'muteGuests' | 'unmuteGuests' | 'muteAll' | 'unmuteAll' | 'lock' | 'unlock' }
  /** -12 to 12. */
  | (Targeted<'setGain'> & { readonly decibels: number })
  | (Targeted<'setDeaf'> & { readonly deaf: boolean })
  | (Targeted<'move'> & { readonly room: RoomId })
  | (Targeted<'rename'> & { readonly name: string })
  /** CO-27: of one participant at most. */
  | (Targeted<'important'> & { readonly on: boolean })
  | { readonly type: 'dial'; readonly to: DialTarget }
  /** `file`: relative to the folder of announcements. */
  | { readonly type: 'announce'; readonly to: Audience; readonly text?: string; readonly file?: string }
  | { readonly type: 'message'; readonly to: Audience; readonly text: string }
  | { readonly type: 'recordStart' | 'recordStop' | 'recordPause' | 'recordResume' }
  | { readonly type: 'extend'; readonly seconds: number }
  /** Of pictures: checked like all others, then refused as long as there are none. */
  | { readonly type: 'layout'; readonly layout: string }
  | (Targeted<'participantLayout'> & { readonly layout: string })
  | (Targeted<'allowLayoutControl'> & { readonly allowed: boolean })
  | (Targeted<'aspect'> & { readonly aspect: 'wide' | 'standard' })
  | (Targeted<'camera'> & { readonly move: 'left' | 'right' | 'up' | 'down' | 'in' | 'out' })
  | Targeted<'thumbnail'>;

export type ControlType = ControlCommand['type'];
