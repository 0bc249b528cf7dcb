/** All events of the recordings of a real FreeSWITCH, by kind: which headers they have, with which values, and in which order. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Headers } from './freeswitch-raw-esl.ts';

// Seen from the compiled test in build*/test/contract.
const FOLDER = resolve(import.meta.dirname, '../../../test/fixtures/traces');
const SCENARIOS = ['E01', 'E02', 'E03', 'E04', 'E05', 'E06', 'E12', 'E13', 'E14'];

/** The events of one kind. */
export interface Golden {
  /** Headers that each event of the kind has, and those that some have. */
  readonly always: ReadonlySet<string>;
  readonly sometimes: ReadonlySet<string>;
  /** Normalised values by header. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  /** Pairs of headers in the order they were written in, `before\nafter`. */
  readonly order: ReadonlySet<string>;
  readonly count: number;
}

/** What an event is compared with: its name. The events of conferences have recordings of their own. */
export function kindOf(event: Headers): string {
  return event['Event-Name'] ?? '';
}

export function readGolden(): ReadonlyMap<string, Golden> {
  const kinds = new Map<string, Headers[]>();
  for (const event of recordedEvents()) {
    if (event['Event-Name'] === 'CUSTOM') continue;
    kinds.set(kindOf(event), [...(kinds.get(kindOf(event)) ?? []), event]);
  }
  return new Map([...kinds].map(([kind, events]) => [kind, golden(events)]));
}

function golden(events: readonly Headers[]): Golden {
  const names = events.map((event) => new Set(Object.keys(event)));
  const sometimes = new Set(names.flatMap((set) => [...set]));
  const values = new Map<string, Set<string>>();
  const order = new Set<string>();
  for (const event of events) {
    const present = Object.keys(event).filter((name) => !name.startsWith('variable_'));
    for (const [index, name] of present.entries()) {
      const known = values.get(name) ?? new Set();
      values.set(name, known.add(normalised(name, event[name] ?? '')));
      for (const later of present.slice(index + 1)) order.add(`${name}\n${later}`);
    }
  }
  return { always: new Set([...sometimes].filter((name) => names.every((set) => set.has(name)))), sometimes, values, order, count: events.length };
}

/** What differs from run to run is masked: ids, times, ports, versions. */
export function normalised(name: string, value: unknown): string {
  if (name.endsWith('Hold-Accum') && value !== '0') return 'TIME';
  return String(value)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, 'ADDRESS')
    .replace(/ADDRESS:\d+/g, 'ADDRESS:PORT')
    .replace(/^\d{10,}$/, 'TIME')
    .replace(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), .* GMT$/, 'DATE')
    .replace(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, 'DATE');
}

/** Ways in which an event of ours is not as the recorded ones are. */
export function deviations(event: Headers, recorded: Golden): readonly string[] {
  const names = Object.keys(event).filter((name) => !name.startsWith('variable_'));
  const known = names.filter((name) => recorded.sometimes.has(name));
  return [
    ...[...recorded.always].filter((name) => !Object.hasOwn(event, name)).map((name) => `missing ${name}`),
    ...names.filter((name) => !recorded.sometimes.has(name)).map((name) => `extra ${name}`),
    ...known.filter((name) => recorded.values.get(name)?.has(normalised(name, event[name])) === false).map((name) => `value ${name}: ${normalised(name, event[name])}`),
    ...known.flatMap((name, index) => known.slice(index + 1).filter((later) => !recorded.order.has(`${name}\n${later}`) && recorded.order.has(`${later}\n${name}`)).map((later) => `order ${name}, ${later}`)),
  ];
}

function recordedEvents(): readonly Headers[] {
  return SCENARIOS.flatMap((scenario) => {
    const folder = readdirSync(FOLDER).find((name) => name.startsWith(`${scenario}-`)) ?? scenario;
    const files = readdirSync(join(FOLDER, folder)).filter((name) => name.startsWith('esl'));
    return files.flatMap((file) => gunzipSync(readFileSync(join(FOLDER, folder, file))).toString().split('\n').flatMap(readEvent));
  });
}

/** One line of a recording is one frame; JSON events, and the CHANNEL_DATA that answers `connect`. */
function readEvent(line: string): readonly Headers[] {
  if (line === '') return [];
  const { dir, b64 } = JSON.parse(line) as { dir?: string; b64?: string };
  if (dir !== 'S->C' || b64 === undefined) return [];
  const text = Buffer.from(b64, 'base64').toString();
  if (text.includes('Content-Type: text/event-json')) return [JSON.parse(text.slice(text.indexOf('\n\n') + 2)) as Headers];
  return text.startsWith('Event-Name: CHANNEL_DATA') ? [readPlain(text)] : [];
}

/** Encoded header lines. */
export function readPlain(text: string): Headers {
  const lines = text.split('\n').filter((line) => line.includes(': '));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(': ')), decodeURIComponent(line.slice(line.indexOf(': ') + 2))]));
}
