import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Prompt } from '../../domain/prompts.ts';
import type { Problem } from '../../lib/problem.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Log } from '../../ports/log.ts';
import type { PromptCatalog } from '../../ports/prompts.ts';

export type PromptProblem = Problem<'prompts_missing' | 'prompts_malformed'>;

/** What one language has: its single files, their texts, and the forms its sentences take for a number. */
interface Language {
  readonly files: ReadonlySet<string>;
  readonly texts: ReadonlyMap<string, string>;
  readonly sentences: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

const fallback = 'en';
const common = 'common';
/** Above this no number is recorded. */
const largestNumber = 100;

/** Reads the prompts of all languages: a folder each with `prompts.yaml`, and tones and music in `common`. */
export function loadPrompts(dir: string, log: Log): Result<PromptCatalog, PromptProblem> {
  const languages = new Map<string, Language>();
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === common) continue;
      const language = readLanguage(readFileSync(join(dir, entry.name, 'prompts.yaml'), 'utf8'));
      if (language === undefined) {
        return err({ code: 'prompts_malformed', message: `${JSON.stringify(join(dir, entry.name, 'prompts.yaml'))} has no prompts`, advice: 'give it `prompts` and `sentences` as the English one has them' });
      }
      languages.set(entry.name, language);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ code: 'prompts_missing', message: `the prompts cannot be read: ${why}`, advice: 'check prompts.dir' });
  }
  if (!languages.has(fallback)) {
    return err({ code: 'prompts_missing', message: `there are no English prompts in ${JSON.stringify(dir)}`, advice: 'check prompts.dir' });
  }
  return ok(new Catalog(languages, new Set(wavFiles(join(dir, common))), log));
}

class Catalog implements PromptCatalog {
  readonly music = `${common}/music.wav`;
  readonly #languages: ReadonlyMap<string, Language>;
  readonly #common: ReadonlySet<string>;
  readonly #log: Log;
  readonly #missed = new Set<string>();

  constructor(languages: ReadonlyMap<string, Language>, commonFiles: ReadonlySet<string>, log: Log) {
    this.#languages = languages;
    this.#common = commonFiles;
    this.#log = log;
  }

  files(prompts: readonly Prompt[], language: string): readonly string[] {
    return prompts.flatMap((prompt) => this.#say(prompt, language) ?? this.#say(prompt, fallback) ?? this.#missing(prompt.key, language));
  }

  text(prompts: readonly Prompt[], language: string): string {
    return prompts.map((prompt) => this.#text(prompt, language) ?? this.#text(prompt, fallback) ?? '').join(' ').trim();
  }

  #text(prompt: Prompt, name: string): string | undefined {
    const language = this.#languages.get(name);
    if (language === undefined || !('count' in prompt)) return language?.texts.get(prompt.key);
    const parts = formOf(prompt, language)?.map((part) => (part === 'numbers/N' ? String(prompt.count) : language.texts.get(part)));
    return parts?.every((part) => part !== undefined) === true ? parts.join(' ') : undefined;
  }

  #say(prompt: Prompt, name: string): readonly string[] | undefined {
    const language = this.#languages.get(name);
    if (language === undefined) return undefined;
    if (!('count' in prompt)) return this.#file(prompt.key, name, language);
    const parts = formOf(prompt, language)?.map((part) => this.#file(part === 'numbers/N' ? numberFile(prompt.count) : part, name, language));
    return parts?.every((part) => part !== undefined) === true ? parts.flat() : undefined;
  }

  #file(key: string, name: string, language: Language): readonly string[] | undefined {
    if (language.files.has(key)) return [`${name}/${key}.wav`];
    return this.#common.has(key) ? [`${common}/${key}.wav`] : undefined;
  }

  #missing(key: string, language: string): readonly string[] {
    const what = `${language}/${key}`;
    if (!this.#missed.has(what)) this.#log.warn({ code: 'prompt_missing', prompt: what }, 'a prompt is not there; nothing is said instead');
    this.#missed.add(what);
    return [];
  }
}

function formOf({ key, count }: Extract<Prompt, { count: number }>, { sentences }: Language): readonly string[] | undefined {
  const forms = sentences.get(key);
  return forms?.get(String(count)) ?? forms?.get('other');
}

const numberFile = (count: number): string => (count > largestNumber ? 'numbers/more_than_100' : `numbers/${Math.max(0, Math.trunc(count))}`);

function readLanguage(text: string): Language | undefined {
  const document: unknown = parse(text);
  const prompts = entries(property(document, 'prompts'));
  if (prompts.length === 0) return undefined;
  const numbers = Array.from({ length: largestNumber + 1 }, (_, number) => `numbers/${number}`);
  const sentences = entries(property(document, 'sentences')).map(([key, forms]): [string, ReadonlyMap<string, readonly string[]>] => [
    key,
    new Map(entries(forms).map(([count, parts]) => [count, Array.isArray(parts) ? parts.map(String) : []])),
  ]);
  return { files: new Set([...prompts.map(([key]) => key), ...numbers]), texts: new Map(prompts.map(([key, text]) => [key, String(text)])), sentences: new Map(sentences) };
}

/** Keys of `common`; without the folder there are none. */
function wavFiles(dir: string): readonly string[] {
  try {
    return readdirSync(dir).flatMap((file) => (file.endsWith('.wav') ? [file.slice(0, -'.wav'.length)] : []));
  } catch {
    return [];
  }
}

const property = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined);
const entries = (value: unknown): [string, unknown][] => (typeof value === 'object' && value !== null ? Object.entries(value) : []);
