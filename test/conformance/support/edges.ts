/** Tables of edges: `phase -event-> phase: effects`, each row one test named by its edge. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Step } from '../../../src/lib/machine.ts';

interface TimerEffect {
  readonly do: string;
  readonly name?: string;
  readonly ms?: number;
  readonly how?: string;
}

/** `startTimer A 500`, `sendRequest`, `fail timeout`. */
export function effectText(effect: TimerEffect): string {
  return [effect.do, effect.name, effect.ms, effect.how].filter((part) => part !== undefined).join(' ');
}

/** clause, state before, event, phase after, effects. */
export type Edge<S, E> = readonly [clause: string, state: S, event: E, phase: string, effects: readonly string[]];

export function checkEdges<S extends { readonly phase: string }, E extends { readonly type: string }>(
  step: (state: S, event: E) => Step<S, TimerEffect>,
  edges: readonly Edge<S, E>[],
): void {
  for (const [clause, state, event, phase, effects] of edges) {
    const detail = Object.entries(event).filter(([key]) => key !== 'type').map(([, value]) => ` ${value}`).join('');
    it(`${clause}: ${state.phase} -${event.type}${detail}-> ${phase} [${effects.join(', ')}]`, () => {
      const next = step(state, event);
      assert.equal(next.state.phase, phase);
      assert.deepEqual(next.effects.map(effectText), effects);
    });
  }
}
