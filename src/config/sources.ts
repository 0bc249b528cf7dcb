import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { nearest } from './near.ts';
import { keys, type Key } from './keys.ts';

export type Layer = Record<string, unknown>;

/** Where a value came from, as told to people: `vestibule.yaml line 3`, `VESTIBULE_SIP_PORT`. */
export interface Origin {
  readonly kind: 'default' | 'file' | 'environment';
  readonly place: string;
}

/** Settings of one source, and where each stands; a list of plain values stands in one place. */
export interface Source {
  readonly values: Layer;
  readonly origins: ReadonlyMap<string, Origin>;
}

export type SourceProblem = Problem<'config_syntax' | 'config_unknown_variable'>;

/** Longer than any configuration of ours; a log file named by mistake is not parsed. */
const largestFile = 1_048_576;

/** Reads one file's text. Every mistake of syntax is told with its line. */
export function readYaml(text: string, name: string, kind: 'default' | 'file'): Result<Source, readonly SourceProblem[]> {
  const syntax = (message: string, advice: string): SourceProblem => ({ code: 'config_syntax', message, advice });
  if (text.length > largestFile) return err([syntax(`${name} is larger than 1 MiB`, 'name the configuration file, not another one')]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => `${name} line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return err(document.errors.map((error) => syntax(`${place(error.pos[0])}: ${error.message}`, 'correct the YAML there: keys end in a colon, children are indented with spaces')));
  }
  if (document.contents === null) return ok({ values: {}, origins: new Map() });
  if (!isMap(document.contents)) return err([syntax(`${place(offsetOf(document.contents))}: the file holds no keys`, 'write keys as in config/default.yaml, such as "sip:"')]);
  const origins = new Map<string, Origin>();
  collect(document.contents, [], document, (path, offset) => origins.set(path.join('.'), { kind, place: place(offset) }));
  return plain(document, origins, syntax, name);
}

function plain(document: Document, origins: ReadonlyMap<string, Origin>, syntax: (message: string, advice: string) => SourceProblem, name: string): Result<Source, readonly SourceProblem[]> {
  try {
    return ok({ values: document.toJS() as Layer, origins });
  } catch {
    // The parser refuses aliases that unfold to an excessive size, or that name nothing, only here.
    return err([syntax(`${name}: an alias (*name) in it cannot be resolved`, 'write the value out instead')]);
  }
}

const offsetOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

function collect(node: unknown, path: readonly string[], document: Document, note: (path: readonly string[], offset: number) => void): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const below = [...path, name];
      note(below, offsetOf(key));
      // What an alias stands for has its own place, where it is written out.
      if (!isAlias(value)) collect(value, below, document, note);
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      if (!isMap(item)) return;
      const below = [...path, String(index)];
      note(below, offsetOf(item));
      collect(item, below, document, note);
    });
  }
}

/** Reads the environment: each variable that begins with VESTIBULE_ must be known. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Result<Source, readonly SourceProblem[]> {
  const problems: SourceProblem[] = [];
  const values: Layer = {};
  const origins = new Map<string, Origin>();
  const known = new Map(keys.map((key) => [key.variable, key]));
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('VESTIBULE_') || name === 'VESTIBULE_CONFIG' || text === undefined) continue;
    const key = known.get(name);
    if (key === undefined) {
      const near = nearest(name, [...known.keys()]);
      problems.push({ code: 'config_unknown_variable', message: `the environment variable ${name} sets nothing`, advice: near === undefined ? 'unset it; config/default.yaml has all keys' : `did you mean ${near}?` });
      continue;
    }
    const path = key.path.split('.');
    place(values, path, valueOf(text, key));
    // An entry of a list made by variables alone stands where its variables do.
    path.forEach((_, index) => origins.set(path.slice(0, index + 1).join('.'), { kind: 'environment', place: name }));
  }
  return problems.length > 0 ? err(problems) : ok({ values, origins });
}

/** A text that is not of the key's kind stays text: the schema then says what it should have been. */
function valueOf(text: string, key: Key): unknown {
  if (text === '' && key.nullable) return null;
  const number = (word: string): unknown => (/^-?\d+(\.\d+)?$/.test(word.trim()) ? Number(word) : word);
  const list = (): string[] => (text.trim() === '' ? [] : text.split(',').map((word) => word.trim()));
  switch (key.kind) {
    case 'text':
      return text;
    case 'number':
      return number(text);
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'textList':
      return list();
    case 'numberList':
      return list().map(number);
  }
}

function place(values: Layer, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    values[name] = value;
    return;
  }
  const below = (values[name] ?? {}) as Layer;
  values[name] = below;
  place(below, rest, value);
}

/** Lays `upper` over `lower`: objects key by key, anything else replaces. An object over a list sets members of it: `{0: {...}}`. */
export function overlay(lower: unknown, upper: unknown): unknown {
  if (!isObject(upper)) return upper;
  if (Array.isArray(lower)) {
    const list: unknown[] = [...(lower as unknown[])];
    for (const [index, value] of Object.entries(upper)) {
      if (!/^\d$/.test(index)) return upper;
      list[Number(index)] = overlay(list[Number(index)], value);
    }
    return list;
  }
  if (!isObject(lower)) return upper;
  const merged: Layer = { ...lower };
  for (const [name, value] of Object.entries(upper)) merged[name] = overlay(Object.hasOwn(merged, name) ? merged[name] : undefined, value);
  return merged;
}

const isObject = (value: unknown): value is Layer => typeof value === 'object' && value !== null && !Array.isArray(value);
