import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { initialKeyMerge, stepKeyMerge } from '../../../src/protocol/dtmf/key-merge.ts';
import type { KeyMergeEvent } from '../../../src/protocol/dtmf/key-merge.ts';

const event = (digit: string, now: number): KeyMergeEvent => ({ type: 'eventPressed', digit, now });
const tone = (digit: string, now: number): KeyMergeEvent => ({ type: 'tonePressed', digit, now });
const over = (digit: string): KeyMergeEvent => ({ type: 'toneReleased', digit, durationMs: 100 });
const timeout: KeyMergeEvent = { type: 'timeout' };

/** Effects in short: `v` went down, `t` told as a tone, `(` timer on, `)` timer off. */
function run(events: readonly KeyMergeEvent[]): string {
  let state = initialKeyMerge;
  let effects = '';
  for (const each of events) {
    const next = stepKeyMerge(state, each);
    state = next.state;
    for (const effect of next.effects) {
      if (effect.type === 'pressed') effects += `v${effect.digit}`;
      else if (effect.type === 'toneDigit') effects += `t${effect.digit}`;
      else effects += effect.type === 'startTimer' ? '(' : ')';
    }
  }
  return effects;
}

describe('a key heard twice is one key', () => {
  const rows: [name: string, events: KeyMergeEvent[], expected: string][] = [
    ['event alone', [event('5', 0)], 'v5'],
    ['tone alone -> held -> timeout -> told', [tone('5', 0), over('5'), timeout], 'v5(t5'],
    ['event -> tone -> over: as event only', [event('5', 0), tone('5', 80), over('5')], 'v5'],
    ['tone -> event while it sounds -> over', [tone('5', 0), event('5', 30), over('5')], 'v5'],
    ['tone cut short -> over -> event: as event only', [tone('5', 0), over('5'), event('5', 60), timeout], 'v5()'],
    ['two keys, both ways, same digit', [event('5', 0), tone('5', 80), over('5'), event('5', 300), tone('5', 380), over('5')], 'v5v5'],
    ['two keys, both events first', [event('1', 0), event('2', 150), tone('1', 180), over('1'), tone('2', 330), over('2')], 'v1v2'],
    ['another digit as a tone is another key', [event('1', 0), tone('2', 50), over('2'), timeout], 'v1v2(t2'],
    ['a tone half a second after the event is another key', [event('5', 0), tone('5', 600), over('5'), timeout], 'v5v5(t5'],
    ['tone -> over -> another tone -> over: the first is told at once', [tone('1', 0), over('1'), tone('2', 150), over('2'), timeout], 'v1(v2t1(t2'],
    ['held -> another event: both', [tone('1', 0), over('1'), event('2', 100), timeout], 'v1(v2t1'],
    ['timeout with nothing held', [timeout], ''],
  ];
  for (const [name, events, expected] of rows) {
    it(name, () => assert.equal(run(events), expected));
  }
});
