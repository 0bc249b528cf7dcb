import type { ControlCommand } from './commands.ts';
import type { Prompt } from './prompts.ts';

/** policy.md section 7. A code as keyed after its `*`, e.g. `94`, to what it does. `9` and `93` stay unassigned. */
export type KeypadTable = Readonly<Record<string, KeypadAction>>;

export type KeypadAction = ControlCommand['type'];

export type KeypadEvent =
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'promptEnded' }
  | { readonly type: 'timer'; readonly name: 'code' };

export type KeypadEffect =
  | { readonly do: 'command'; readonly command: ControlCommand }
  /** Said to this participant only, e.g. "key the host PIN" after `*1`, "press 3 to end for all" after `*94`, "unknown code". */
  | { readonly do: 'say'; readonly prompts: readonly Prompt[] }
  | { readonly do: 'startTimer'; readonly name: 'code'; readonly ms: number }
  | { readonly do: 'cancelTimer'; readonly name: 'code' };
