import type { CommandName } from './command-name.ts';
import type { Permission, PermissionSet } from './permissions.ts';

/** Why a command is refused; spoken to the one who gave it, and told with the event. */
export type Refusal =
  | 'not_permitted'
  /** Permitted, but there is nothing to do it with. */
  | 'not_now'
  | 'muted_by_host'
  | 'room_closed'
  | 'full'
  | 'nobody_waiting';

export type ControlVerdict = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly why: Refusal };

/** What the check reads of who gives a command. */
export interface Controller {
  readonly place: 'lobby' | 'joining' | 'conference';
  readonly permissions: PermissionSet;
}

const allowed: ControlVerdict = { kind: 'allowed' };

/** `anyone`: section 3, everybody may mute and unmute themselves, raise a hand and leave. */
const needs: Readonly<Record<CommandName, Permission | 'anyone'>> = {
  help: 'anyone',
  claimHost: 'anyone',
  toggleHand: 'anyone',
  count: 'anyone',
  toggleMuteSelf: 'anyone',
  toggleMuteGuests: 'canMuteOthers',
  toggleLock: 'canLock',
  nextLayout: 'canChangeLayout',
  admitNext: 'canAdmit',
  refuseNext: 'canAdmit',
  endForAll: 'canEndMeeting',
};

/** The one check every command passes, whether keyed, clicked or sent. */
export function mayControl({ place, permissions }: Controller, command: CommandName): ControlVerdict {
  const need = needs[command];
  if (need !== 'anyone' && !permissions.has(need)) return { kind: 'refused', why: 'not_permitted' };
  // A waiter is no member of the conference; claiming host is his way in.
  if (place !== 'conference' && command !== 'claimHost' && command !== 'help') return { kind: 'refused', why: 'not_now' };
  return allowed;
}
