/** What an application of the dialplan is to the channel that runs it. */
import type { Channel, RunningApp, StartApp } from './channel.ts';

export type App =
  /** Over when it returns; the answer is its Application-Response. */
  | { readonly kind: 'immediate'; readonly run: (channel: Channel, argument: string) => string }
  | { readonly kind: 'blocking'; readonly start: StartApp };

export type Apps = Readonly<Record<string, App>>;

export const NO_RESPONSE = '_none_';

export function immediate(run: (channel: Channel, argument: string) => unknown): App {
  return {
    kind: 'immediate',
    run: (channel, argument) => {
      run(channel, argument);
      return NO_RESPONSE;
    },
  };
}

export function blocking(start: StartApp): App {
  return { kind: 'blocking', start };
}

/** An application that has completed by itself already. */
export const OVER: RunningApp = { end: () => undefined };
