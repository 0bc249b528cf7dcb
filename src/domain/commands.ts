import type { Pin } from './pin-format.ts';

/** What people do to a conference, by keypad now, by REST and console later: one union, one check (`control.ts`). */
export type ControlCommand =
  | { readonly type: 'help' }
  | { readonly type: 'claimHost'; readonly entry: Pin }
  | { readonly type: 'toggleHand' }
  | { readonly type: 'count' }
  | { readonly type: 'toggleMuteGuests' }
  | { readonly type: 'toggleMuteSelf' }
  | { readonly type: 'toggleLock' }
  | { readonly type: 'nextLayout' }
  | { readonly type: 'admitNext' }
  | { readonly type: 'refuseNext' }
  | { readonly type: 'endForAll' };
