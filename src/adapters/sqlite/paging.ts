import type { Page } from '../../ports/page.ts';
import { Refused, storeProblem } from './problems.ts';

/** Where a list goes on: the key of the last row that was given. */
export type Key = readonly (string | number)[];

const encode = (key: Key): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** The key of a cursor of ours with parts of these types, or `cursor_invalid`. */
function decode(cursor: string, shape: readonly ('string' | 'number')[]): Key {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(key) && key.length === shape.length && shape.every((type, index) => typeof key[index] === type)) return key as Key;
  } catch {
    // Not JSON: refused below.
  }
  throw new Refused(storeProblem('cursor_invalid', 'the list cannot go on there'));
}

/** The number a list goes on after; undefined at the beginning. */
export function numberAfter(cursor: string | undefined): number | undefined {
  return cursor === undefined ? undefined : Number(decode(cursor, ['number'])[0]);
}

/** A time and an id a list goes on after; undefined at the beginning. */
export function timeAfter(cursor: string | undefined): { readonly at: number; readonly id: string } | undefined {
  if (cursor === undefined) return undefined;
  const [at, id] = decode(cursor, ['number', 'string']);
  return { at: Number(at), id: String(id) };
}

/** A page of `rows`, which were asked for with one more than `limit` to know whether there are more. */
export function pageOf<Row, Item>(rows: readonly Row[], limit: number, keyOf: (row: Row) => Key, itemOf: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(itemOf), ...(rows.length > limit && last !== undefined ? { next: encode(keyOf(last)) } : {}) };
}

/** For `like ... escape '\'`: text that contains this, in any case. */
export const containing = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
