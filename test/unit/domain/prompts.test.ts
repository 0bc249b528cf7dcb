import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { allCountedPromptKeys, allPromptKeys, allTones, spokenCode } from '../../../src/domain/prompts.ts';
import { promptText } from './fixtures.ts';

interface PromptFile {
  readonly prompts: Readonly<Record<string, string>>;
  readonly sentences: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

// From build/test/unit/domain, where this runs, to the root.
const prompts = new URL('../../../../config/prompts/', import.meta.url);
const file = parse(readFileSync(new URL('en/prompts.yaml', prompts), 'utf8')) as PromptFile;
/** Lines that are only ever heard within a sentence. */
const parts = new Set(Object.values(file.sentences).flatMap((forms) => Object.values(forms).flat()));

describe('prompt keys', () => {
  it('every line the rules may name has a text', () => {
    assert.deepEqual(allPromptKeys.filter((key) => !(key in file.prompts)), []);
  });

  it('every text can be named by the rules, or is part of a sentence', () => {
    const known = new Set<string>(allPromptKeys);
    assert.deepEqual(Object.keys(file.prompts).filter((key) => !known.has(key) && !parts.has(key) && !key.startsWith('numbers/')), []);
  });

  it('the sentences are those of the file', () => assert.deepEqual([...allCountedPromptKeys].sort(), Object.keys(file.sentences).sort()));

  it('every tone is there', () => assert.deepEqual(allTones.filter((tone) => !existsSync(new URL(`common/${tone}.wav`, prompts))), []));

  it('a code is spoken key by key', () => assert.equal(promptText(spokenCode('94')), 'star, numbers/9, numbers/4'));
});
