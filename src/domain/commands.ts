import type { CommandName } from './command-name.ts';
import type { Pin } from './pin-format.ts';

/** What people do to a conference, by keypad now, by REST and console later: one union, one check (`control.ts`). */
export type ControlCommand = { readonly type: Exclude<CommandName, 'claimHost'> } | { readonly type: 'claimHost'; readonly entry: Pin };
