import type { Refusal } from '../domain/control.ts';

const advice: Readonly<Record<Refusal, string>> = {
  not_permitted: 'ask somebody with full control of the room',
  not_now: 'see what state the conference is in',
  muted_by_host: 'have the host unmute the participant',
  room_closed: 'wait until a host is there',
  full: 'raise the limit of the room, or have somebody leave',
  nobody_waiting: 'see the list of participants',
  target_unknown: 'see the list of participants',
  target_elsewhere: 'see whether the participant is in the lobby or in the conference',
  role_conflict: 'see the role in the list of participants',
  encryption_required: 'the room is for encrypted calls only',
  no_video: 'there are no pictures',
  value_invalid: 'give a value in range; a file by its name in the folder of announcements, a room by its id',
  no_speech: 'install espeak-ng, name another program in speech.command, or announce a file',
  storage_full: 'delete recordings, or raise recording.maxBytes',
  not_supported: 'have it announced by voice',
  failed: 'try again; the log says why',
};

/** For people: what to do about a refusal. */
export const adviceOf = (why: Refusal): string => advice[why];
