import type { ControlCommand, ControlType } from './commands.ts';
import type { Audience } from './conference-state.ts';
import type { Permission, PermissionSet } from './permissions.ts';
import type { MediaEncryption } from './policy.ts';
import { reaches, type ControlLevel } from './privilege.ts';

/** Why a command is refused; spoken to the one who keyed it, answered to the one who sent it, and told with the event. */
export type Refusal =
  | 'not_permitted'
  /** Permitted, but there is nothing to do it with. */
  | 'not_now'
  | 'muted_by_host'
  | 'room_closed'
  | 'full'
  | 'nobody_waiting'
  /** No participant of this conference. */
  | 'target_unknown'
  /** The participant is not where the command applies: in the lobby, in the conference. */
  | 'target_elsewhere'
  /** OVD-09: not promoted, or host already. */
  | 'role_conflict'
  /** CO-24. */
  | 'encryption_required'
  | 'no_video'
  /** A value of the command is out of range. */
  | 'value_invalid'
  /** Nothing on this machine makes speech of text. */
  | 'no_speech'
  /** Recordings take as much as they may. */
  | 'storage_full'
  /** The far end takes no messages. */
  | 'not_supported'
  /** The service asked for it did not do it. */
  | 'failed';

export type ControlVerdict = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly why: Refusal };

/** Who gives a command, as the check reads him. */
export type Controller =
  | { readonly kind: 'participant'; readonly place: 'lobby' | 'joining' | 'conference'; readonly permissions: PermissionSet }
  | { readonly kind: 'member'; readonly permissions: PermissionSet }
  | { readonly kind: 'user'; readonly level: ControlLevel }
  | { readonly kind: 'system' };

const allowed: ControlVerdict = { kind: 'allowed' };
const refused = (why: Refusal): ControlVerdict => ({ kind: 'refused', why });

/**
 * What a command needs: of participants and members a permission (`anyone`: section 3, everybody may mute and unmute
 * themselves, raise a hand and leave), of users a level over the room (section 4; `keypad`: it is about who gives it, and a user
 * is in no conference).
 */
export interface Need {
  readonly permission: Permission | 'anyone';
  readonly level: 'full' | 'limited' | 'keypad';
}

const need = (permission: Need['permission'], level: Need['level']): Need => ({ permission, level });

/** Section 4 says what limited control is; the rest is full. */
const needs: Readonly<Record<Exclude<ControlType, 'announce' | 'message'>, Need>> = {
  help: need('anyone', 'keypad'),
  claimHost: need('anyone', 'keypad'),
  toggleHand: need('anyone', 'keypad'),
  count: need('anyone', 'keypad'),
  toggleMuteSelf: need('anyone', 'keypad'),
  toggleMuteGuests: need('canMuteOthers', 'keypad'),
  toggleLock: need('canLock', 'keypad'),
  nextLayout: need('canChangeLayout', 'keypad'),
  admitNext: need('canAdmit', 'keypad'),
  refuseNext: need('canAdmit', 'keypad'),
  endForAll: need('canEndMeeting', 'full'), // CO-14
  mute: need('canMuteOthers', 'limited'), // CO-26
  unmute: need('canMuteOthers', 'limited'),
  muteGuests: need('canMuteOthers', 'limited'),
  unmuteGuests: need('canMuteOthers', 'limited'),
  muteAll: need('canMuteOthers', 'limited'),
  unmuteAll: need('canMuteOthers', 'limited'),
  lowerHand: need('canMuteOthers', 'limited'),
  setGain: need('canMuteOthers', 'limited'), // CO-34
  setDeaf: need('canMuteOthers', 'limited'),
  kick: need('canKickParticipants', 'full'), // CO-12
  move: need('canKickParticipants', 'full'),
  lock: need('canLock', 'full'),
  unlock: need('canLock', 'full'),
  admit: need('canAdmit', 'full'),
  refuse: need('canAdmit', 'full'),
  promote: need('canMakeModerator', 'full'),
  demote: need('canMakeModerator', 'full'),
  transferHost: need('canMakeModerator', 'full'),
  rename: need('canMakeModerator', 'full'),
  dial: need('canInvite', 'full'), // CO-13
  recordStart: need('canRecord', 'full'),
  recordStop: need('canRecord', 'full'),
  recordPause: need('canRecord', 'full'),
  recordResume: need('canRecord', 'full'),
  extend: need('canEndMeeting', 'full'), // CO-15
  important: need('canChangeLayout', 'limited'), // CO-27
  layout: need('canChangeLayout', 'full'), // CO-17
  participantLayout: need('canChangeLayout', 'limited'), // CO-29, CO-30
  allowLayoutControl: need('canChangeLayout', 'limited'), // CO-28
  aspect: need('canChangeLayout', 'limited'), // CO-31
  camera: need('canChangeLayout', 'limited'), // CO-32
  thumbnail: need('canChangeLayout', 'limited'), // CO-21
};

/** Of commands to all or to one it depends on which. */
const needsTo = {
  announce: { room: need('canMuteOthers', 'full'), one: need('canMuteOthers', 'limited') },
  message: { room: need('canWriteChat', 'full'), one: need('canWriteChat', 'limited') }, // CO-16, CO-36
} as const;

export function needOf(command: { readonly type: Exclude<ControlType, 'announce' | 'message'> } | { readonly type: 'announce' | 'message'; readonly to: Audience }): Need {
  return command.type === 'announce' || command.type === 'message' ? needsTo[command.type][command.to === 'room' ? 'room' : 'one'] : needs[command.type];
}

/** Commands about pictures. */
const ofPictures: ReadonlySet<ControlType> = new Set(['nextLayout', 'layout', 'participantLayout', 'allowLayoutControl', 'aspect', 'camera', 'thumbnail']);

/** The one check every command passes, whether keyed, clicked or sent. */
export function mayControl(by: Controller, command: ControlCommand, room: { readonly mediaEncryption: MediaEncryption }): ControlVerdict {
  const verdict = mayAsk(by, command);
  if (verdict.kind === 'refused') return verdict;
  // CO-24: for every role, and before it is said that there are no pictures.
  if (command.type === 'thumbnail' && room.mediaEncryption === 'required') return refused('encryption_required');
  // By keypad it is "not now" (section 7).
  if (ofPictures.has(command.type)) return refused(command.type === 'nextLayout' ? 'not_now' : 'no_video');
  return allowed;
}

/** Whether somebody with these permissions, or this level, may give a command of this kind; `help` tells no more. */
export function mayAsk(by: Controller, command: Parameters<typeof needOf>[0]): ControlVerdict {
  const { permission, level } = needOf(command);
  switch (by.kind) {
    case 'participant':
      if (permission !== 'anyone' && !by.permissions.has(permission)) return refused('not_permitted');
      // A waiter is no member of the conference; claiming host is his way in.
      return by.place === 'conference' || command.type === 'claimHost' || command.type === 'help' ? allowed : refused('not_now');
    case 'member':
      return level !== 'keypad' && permission !== 'anyone' && by.permissions.has(permission) ? allowed : refused('not_permitted');
    case 'user':
      return level !== 'keypad' && reaches(by.level, level) ? allowed : refused('not_permitted');
    case 'system':
      return allowed;
  }
}
