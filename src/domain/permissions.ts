/** policy.md section 3: OpenVidu's names, then ours. */
export type Permission =
  | 'canJoinMeeting'
  | 'canPublishAudio'
  | 'canPublishVideo'
  | 'canShareScreen'
  | 'canReadChat'
  | 'canWriteChat'
  | 'canShareAccessLinks'
  | 'canMakeModerator'
  | 'canKickParticipants'
  | 'canEndMeeting'
  | 'canRecord'
  | 'canRetrieveRecordings'
  | 'canDeleteRecordings'
  | 'canMuteOthers'
  | 'canLock'
  | 'canAdmit'
  | 'canInvite'
  | 'canChangeLayout';

export type PermissionSet = ReadonlySet<Permission>;
