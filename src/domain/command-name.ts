/** The commands of policy.md section 7, as the configuration, events and records name them. */
export type CommandName =
  | 'help'
  | 'claimHost'
  | 'toggleHand'
  | 'count'
  | 'toggleMuteGuests'
  | 'toggleMuteSelf'
  | 'toggleLock'
  | 'nextLayout'
  | 'admitNext'
  | 'refuseNext'
  | 'endForAll';
