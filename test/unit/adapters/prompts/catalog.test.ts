import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadPrompts } from '../../../../src/adapters/prompts/catalog.ts';
import { shippedConfig } from '../../../../src/config/load.ts';
import { allPromptKeys } from '../../../../src/domain/prompts.ts';
import type { Log } from '../../../../src/ports/log.ts';
import type { PromptCatalog } from '../../../../src/ports/prompts.ts';

const dir = join(shippedConfig, 'prompts');

function load(warned: string[] = []): PromptCatalog {
  const log: Log = { debug: () => undefined, info: () => undefined, warn: (fields) => void warned.push(JSON.stringify(fields)), error: () => undefined, child: () => log };
  const catalog = loadPrompts(dir, log);
  assert.ok(catalog.ok, JSON.stringify(catalog));
  return catalog.value;
}

describe('prompt catalog', () => {
  const cases: readonly (readonly [Parameters<PromptCatalog['files']>[0], string, readonly string[]])[] = [
    [[{ key: 'enter_pin' }], 'en', ['en/enter_pin.wav']],
    [[{ key: 'pin_invalid' }, { key: 'enter_pin' }], 'de', ['de/pin_invalid.wav', 'de/enter_pin.wav']],
    [[{ key: 'count', count: 1 }], 'en', ['en/count_1.wav']],
    [[{ key: 'count', count: 7 }], 'en', ['en/count_before.wav', 'en/numbers/7.wav', 'en/count_after.wav']],
    [[{ key: 'count', count: 250 }], 'en', ['en/count_before.wav', 'en/numbers/more_than_100.wav', 'en/count_after.wav']],
    [[{ key: 'help_hand' }, { key: 'star' }, { key: 'numbers/3' }], 'en', ['en/help_hand.wav', 'en/star.wav', 'en/numbers/3.wav']],
    // A language nobody recorded falls back to English.
    [[{ key: 'full' }], 'fr', ['en/full.wav']],
  ];
  for (const [prompts, language, expected] of cases) {
    it(`${JSON.stringify(prompts)} in ${language}`, () => assert.deepEqual(load().files(prompts, language), expected));
  }

  it('the same to be read: with numbers, in the language, or in English', () => {
    const catalog = load();
    assert.equal(catalog.text([{ key: 'ends_in', count: 10 }], 'en'), 'The conference will end in ten minutes.');
    assert.equal(catalog.text([{ key: 'ends_in', count: 7 }], 'de'), 'Die Konferenz endet in 7 Minuten.');
    assert.equal(catalog.text([{ key: 'ends_in', count: 1 }, { key: 'goodbye' }], 'fr'), 'The conference will end in one minute. Goodbye.');
    assert.equal(catalog.text([{ key: 'no_such_prompt' as 'full' }], 'en'), '');
  });

  it('a prompt that is not there is said as nothing, and told once', () => {
    const warned: string[] = [];
    const catalog = load(warned);
    assert.deepEqual(catalog.files([{ key: 'no_such_prompt' as 'full' }, { key: 'full' }], 'en'), ['en/full.wav']);
    catalog.files([{ key: 'no_such_prompt' as 'full' }], 'en');
    assert.equal(warned.length, 1);
  });

  for (const language of readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() && entry.name !== 'common' ? [entry.name] : []))) {
    it(`every prompt of the rules is a file in ${language}, and no file is missing`, () => {
      const warned: string[] = [];
      const catalog = load(warned);
      const single = catalog.files(allPromptKeys.map((key) => ({ key })), language);
      const counted = (['count', 'waiting_count', 'guests_only', 'ends_in'] as const).flatMap((key) => [0, 1, 2, 3, 5, 10, 42, 100, 101].flatMap((count) => catalog.files([{ key, count }], language)));
      assert.deepEqual(warned, []);
      const missing = [...new Set([...single, ...counted, catalog.music])].filter((file) => !existsSync(join(dir, file)));
      assert.deepEqual(missing, []);
    });
  }

  it('a folder without prompts is a problem that says so', () => {
    const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log };
    const loaded = loadPrompts(join(shippedConfig, 'nowhere'), log);
    assert.ok(!loaded.ok);
    assert.equal(loaded.error.code, 'prompts_missing');
  });
});
