import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../../../src/adapters/system/log.ts';
import { adjustable } from '../../../../src/adapters/system/log-level.ts';
import { logLevels } from '../../../../src/ports/log.ts';

describe('the log level at run time', () => {
  it('counts at once for every child there is', () => {
    const lines: string[] = [];
    const { log, levels } = adjustable(createLogger('trace', { write: (line) => void lines.push(line) }), 'warn');
    const child = log.child({ call: 'c' }).child({ leg: 'l' });
    const logged = (level: (typeof logLevels)[number]): readonly string[] => {
      levels.setLevel(level);
      lines.length = 0;
      for (const severity of ['debug', 'info', 'warn', 'error'] as const) child[severity]({}, severity);
      return lines.map((line) => (JSON.parse(line) as { level: string }).level);
    };
    assert.equal(levels.level(), 'warn');
    assert.deepEqual(logLevels.map(logged), [
      ['debug', 'info', 'warn', 'error'],
      ['debug', 'info', 'warn', 'error'],
      ['info', 'warn', 'error'],
      ['warn', 'error'],
      ['error'],
      [],
    ]);
  });
});
