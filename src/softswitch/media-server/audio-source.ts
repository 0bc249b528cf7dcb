/** What `playback` and `conference play` name: files, silence, tones, lists of them. */
import { isAbsolute, join } from 'node:path';
import type { AudioSource } from '../engine/api.ts';

/** One entry of a playlist, with the name events know it by. */
export interface PlaylistItem {
  readonly path: string;
  /** `file`, `silence_stream`, `tone_stream` ...: Playback-File-Type. */
  readonly type: string;
  /** Empty when the name means nothing to this server: it counts as not found. */
  readonly sources: readonly AudioSource[];
}

const MAX_ITEMS = 128;
/** A tone with several segments repeats as a list: no more than this many entries. */
const MAX_TONE_SEGMENTS = 256;

/** `argument` is a name or, with a delimiter (variable playback_delimiter), several. */
export function playlist(argument: string, delimiter: string | undefined, soundPrefix: string): readonly PlaylistItem[] {
  const whole = argument.trim();
  // file_string keeps its own `!` list together as one item.
  const single = delimiter === undefined || delimiter === '' || /^(?:\{[^}]*\})?file_string:/i.test(whole);
  const names = single ? [whole] : whole.split(delimiter).slice(0, MAX_ITEMS);
  return names.flatMap((name) => {
    // `{vol=2}file`: parameters of the file, told in its events as FreeSWITCH does. Only conferences heed one of them.
    const parameters = /^\{[^}]*\}/.exec(name)?.[0] ?? '';
    const file = item(name.slice(parameters.length), soundPrefix);
    return file.path === '' ? [] : [{ ...file, path: parameters + file.path }];
  });
}

function item(name: string, soundPrefix: string): PlaylistItem {
  const [path, offset] = splitOffset(name);
  const [, scheme = 'file', rest = ''] = /^([a-z_]+):\/\/(.*)$/i.exec(path) ?? [];
  switch (scheme.toLowerCase()) {
    case 'silence_stream':
      return { path, type: scheme, sources: silence(rest) };
    case 'tone_stream':
      return { path, type: scheme, sources: tones(rest) };
    case 'file_string':
      return { path, type: scheme, sources: rest.split('!').slice(0, MAX_ITEMS).filter((file) => file !== '').map((file) => fileSource(file, 0, soundPrefix)) };
    case 'file':
      return { path, type: 'file', sources: [fileSource(rest === '' ? path : rest, offset, soundPrefix)] };
    default:
      return { path, type: scheme, sources: [] };
  }
}

/** `name@@800`: from sample 800 on. */
function splitOffset(name: string): readonly [string, number] {
  const match = /^(.*)@@(\d{1,12})$/.exec(name);
  return match === null ? [name, 0] : [match[1] ?? '', Number(match[2])];
}

/** Relative names are looked up under the prefix. */
export function soundPath(name: string, soundPrefix: string): string {
  return isAbsolute(name) ? name : join(soundPrefix, name);
}

function fileSource(name: string, offsetSamples: number, soundPrefix: string): AudioSource {
  const path = soundPath(name, soundPrefix);
  return offsetSamples === 0 ? { kind: 'file', path } : { kind: 'file', path, offsetSamples };
}

/** `ms` or `ms,noise`; -1 is for ever. */
function silence(rest: string): readonly AudioSource[] {
  const ms = /^(-1|\d{1,9})(?:,|$)/.exec(rest)?.[1];
  return ms === undefined ? [] : [{ kind: 'silence', ms: Number(ms) }];
}

/** TGML as far as it is used: `%(on,off,hz[,hz])` segments, and `loops=n` (-1 is for ever). */
function tones(rest: string): readonly AudioSource[] {
  const loops = Number(/(?:^|;)\s*loops=(-?\d{1,6})/.exec(rest)?.[1] ?? '1');
  const times = loops < 0 ? Number.MAX_SAFE_INTEGER : Math.max(1, loops);
  const segments = [...rest.matchAll(/%\((\d{1,6}),(\d{1,6}),(\d{1,5}(?:\.\d+)?(?:,\d{1,5}(?:\.\d+)?)*)\)/g)].map((match) => ({
    onMs: Number(match[1]),
    offMs: Number(match[2]),
    hz: (match[3] ?? '').split(',').slice(0, 2).map(Number),
  }));
  const only = segments[0];
  if (only === undefined) return [];
  if (segments.length === 1) return [{ kind: 'tone', ...only, loops: times }];
  const repeats = Math.min(times, Math.max(1, Math.floor(MAX_TONE_SEGMENTS / segments.length)));
  return Array.from({ length: repeats }, () => segments.map((segment) => ({ kind: 'tone', ...segment, loops: 1 }) as const)).flat();
}
