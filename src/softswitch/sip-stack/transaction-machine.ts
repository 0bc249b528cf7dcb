/** Runs one of the machines of `protocol/sip`: its timers here, its other effects by the caller. */
import type { Step } from '../../lib/machine.ts';
import { Machine } from '../../lib/machine.ts';
import type { TimerEffect } from '../../protocol/sip/timers.ts';
import type { Context } from './context.ts';

interface TimerEvent<Name extends string> {
  readonly type: 'timer';
  readonly name: Name;
}

export interface TransactionMachine<E> {
  post(event: E): void;
  stop(): void;
}

export function transactionMachine<S, E, Name extends string, F extends { readonly do: string }>(
  context: Pick<Context, 'scheduler' | 'log'>,
  initial: S,
  step: (state: S, event: E | TimerEvent<Name>) => Step<S, F | TimerEffect<Name>>,
  run: (effect: F) => void,
): TransactionMachine<E> {
  return new Machine<S, E | TimerEvent<Name>, F | TimerEffect<Name>>(
    {
      initial,
      step,
      run: (effect, machine) => {
        if (!isTimerEffect(effect)) run(effect);
        else if (effect.do === 'startTimer') machine.startTimer(effect.name, effect.ms, { type: 'timer', name: effect.name });
        else machine.cancelTimer(effect.name);
      },
      onError: (error) => context.log.error({ error }, 'sip: a transaction failed'),
    },
    context.scheduler,
  );
}

function isTimerEffect<Name extends string>(effect: { readonly do: string } | TimerEffect<Name>): effect is TimerEffect<Name> {
  return effect.do === 'startTimer' || effect.do === 'cancelTimer';
}
