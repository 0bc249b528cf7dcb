import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type { KeypadTable } from '../domain/keypad.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { contradictions } from './contradictions.ts';
import { keys } from './keys.ts';
import { nearest } from './near.ts';
import { keypadTable } from './policy.ts';
import { configSchema, type Config } from './schema.ts';
import { overlay, readEnvironment, readYaml, type Origin, type Source } from './sources.ts';

export type ConfigProblem = Problem<'config_unreadable' | 'config_syntax' | 'config_unknown_key' | 'config_unknown_variable' | 'config_invalid' | 'config_contradiction'>;

export interface ConfigSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where ./vestibule.yaml is looked for and relative paths start. */
  readonly workingDirectory: string;
  /** Folder of `default.yaml` and the prompts that come with the program. */
  readonly shippedConfig: string;
  /** The domain's rule about sets of keypad codes (N-13). */
  readonly checkKeypad: (table: KeypadTable) => Result<unknown, Problem>;
}

/** The folder `config/` of this checkout, seen from the compiled file. */
export const shippedConfig = resolve(import.meta.dirname, '../../../config');

/** Reads, overlays, validates and freezes the configuration; all problems are told at once, none of them with a value in it. */
export function loadConfig(from: ConfigSources): Result<Config, readonly ConfigProblem[]> {
  const sources: Source[] = [];
  const problems: ConfigProblem[] = [];
  for (const source of [defaults(from), ownFile(from), readEnvironment(from.environment)]) {
    if (source.ok) sources.push(source.value);
    else problems.push(...source.error);
  }
  if (problems.length > 0) return err(problems);

  const merged = sources.reduce<unknown>((lower, source) => overlay(lower, source.values), {});
  const placeOf = finder(sources);
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) return err(parsed.error.issues.flatMap((issue) => explain(issue, placeOf)));

  const chosen = (path: string): boolean => placeOf(path).kind !== 'default';
  const contradicting = contradictions(parsed.data, chosen).map(({ paths, message, advice }): ConfigProblem => {
    const places = [...new Set(paths.map((path) => placeOf(path).place))].join(', ');
    return { code: 'config_contradiction', message: `${places}: ${message}`, advice };
  });
  const keypad = from.checkKeypad(keypadTable(parsed.data));
  if (!keypad.ok) contradicting.push({ code: 'config_contradiction', message: `${placeOf('keypad.codes').place}: keypad.codes: ${keypad.error.message}`, advice: keypad.error.advice });
  if (contradicting.length > 0) return err(contradicting);
  return ok(freeze(complete(parsed.data, from)));
}

function defaults(from: ConfigSources): Result<Source, readonly ConfigProblem[]> {
  const text = read(join(from.shippedConfig, 'default.yaml'));
  return text.ok ? readYaml(text.value, 'config/default.yaml', 'default') : err([unreadable('config/default.yaml', text.error, 'install the program again')]);
}

function ownFile(from: ConfigSources): Result<Source, readonly ConfigProblem[]> {
  const named = from.environment['VESTIBULE_CONFIG'] ?? '';
  const name = named === '' ? 'vestibule.yaml' : named;
  const text = read(resolve(from.workingDirectory, name));
  if (text.ok) return readYaml(text.value, name, 'file');
  if (named === '' && text.error === 'ENOENT') return ok({ values: {}, origins: new Map() });
  return err([unreadable(name, text.error, named === '' ? 'correct its permissions, or remove it' : 'correct VESTIBULE_CONFIG, or the permissions of the file')]);
}

const unreadable = (name: string, code: string, advice: string): ConfigProblem => ({ code: 'config_unreadable', message: `${name} cannot be read [${code}]`, advice });

function read(path: string): Result<string, string> {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return err(error instanceof Error && 'code' in error ? String(error.code) : 'unknown');
  }
}

/** Where a path was set: the longest part of it that stands anywhere, in the source that wins. */
function finder(sources: readonly Source[]): (path: string) => Origin {
  const byWeight = sources.toReversed();
  return (path) => {
    for (let parts = path.split('.'); parts.length > 0; parts = parts.slice(0, -1)) {
      for (const { origins } of byWeight) {
        const origin = origins.get(parts.join('.'));
        if (origin !== undefined) return origin;
      }
    }
    return { kind: 'default', place: 'config/default.yaml' };
  };
}

function explain(issue: z.core.$ZodIssue, placeOf: (path: string) => Origin): readonly ConfigProblem[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => {
      const full = path === '' ? name : `${path}.${name}`;
      const near = nearest(full, knownPaths);
      return { code: 'config_unknown_key', message: `${placeOf(full).place}: there is no key ${shown(full)}`, advice: near === undefined ? 'remove it; config/default.yaml has all keys' : `did you mean ${shown(near)}?` };
    });
  }
  // zod's own sentences name types and bounds, never the value.
  const what = issue.code === 'invalid_type' && issue.message.endsWith('received undefined') ? 'is missing' : `is not right: ${issue.message}`;
  return [{ code: 'config_invalid', message: `${placeOf(path).place}: ${shown(path)} ${what}`, advice: 'see config/default.yaml for what it takes' }];
}

/** Every key, and the sections they are in. */
const knownPaths: readonly string[] = [...new Set(keys.flatMap(({ path }) => path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))))];

/** `freeswitch.0.host` as people write it. */
const shown = (path: string): string => path.replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]');

function complete(values: z.infer<typeof configSchema>, from: ConfigSources): Config {
  const dir = resolve(from.workingDirectory, values.data.dir);
  const file = (name: string | null): string | null => (name === null ? null : resolve(from.workingDirectory, name));
  return {
    ...values,
    sip: { ...values.sip, tls: { ...values.sip.tls, certFile: file(values.sip.tls.certFile), keyFile: file(values.sip.tls.keyFile), caFile: file(values.sip.tls.caFile) } },
    http: { ...values.http, certFile: file(values.http.certFile), keyFile: file(values.http.keyFile) },
    data: { dir, secretFile: values.data.secretFile === null ? join(dir, 'secret.key') : resolve(from.workingDirectory, values.data.secretFile) },
    prompts: { dir: values.prompts.dir === null ? join(from.shippedConfig, 'prompts') : resolve(from.workingDirectory, values.prompts.dir) },
  };
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
