import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { series, untested } from './fixtures/rows.ts';

/** The sources of the tests, seen from the compiled test. */
const root = resolve(import.meta.dirname, '../../test');
const levels = ['unit', 'conformance', 'contract', 'flow', 'http', 'e2e'];

const idOf = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(2, '0')}`;

/** Ids in a text; `CO-12..17` are six. */
function idsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b(PX|OV|CO|N|PXD|OVD|COD)-(\d+)(?:\.\.(\d+))?\b/g)].flatMap(([, prefix = '', first, last]) => {
    const [from, to] = [Number(first), Number(last ?? first)];
    return Array.from({ length: to - from + 1 }, (_, index) => idOf(prefix, from + index));
  });
}

/** An id outside a comment can only be in a string: a title, or the name of a table row. */
const withoutComments = (source: string): string => source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');

function namedByTests(): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, string[]>();
  const files = levels.flatMap((level) => readdirSync(join(root, level), { recursive: true, encoding: 'utf8' }).map((file) => join(level, file)));
  for (const file of files.filter((name) => name.endsWith('.test.ts'))) {
    for (const id of new Set(idsIn(withoutComments(readFileSync(join(root, file), 'utf8'))))) named.set(id, [...(named.get(id) ?? []), file]);
  }
  return named;
}

describe('rows of the access policy', () => {
  const rows = series.flatMap(({ prefix, numbers }) => numbers.map((number) => idOf(prefix, number)));
  const named = namedByTests();

  it('each is named by a test, or there is a reason why not', (t) => {
    const tested = rows.filter((id) => !untested.has(id));
    t.diagnostic(`${rows.length} rows: ${tested.length} named by tests, ${untested.size} with a reason why not`);
    assert.deepEqual(tested.filter((id) => !named.has(id)), []);
  });

  it('what has a reason not to be tested is a row, and not tested', () => {
    const wrongly = [...untested.keys()].filter((id) => !rows.includes(id) || named.has(id)).map((id) => `${id} ${named.get(id)?.join(' ') ?? 'is no row'}`);
    assert.deepEqual(wrongly, []);
  });

  it('ids are read from titles, ranges too, and not from comments', () => {
    assert.deepEqual(idsIn("it('PX-07 CO-08..10: N-06')"), ['PX-07', 'CO-08', 'CO-09', 'CO-10', 'N-06']);
    assert.deepEqual(idsIn(withoutComments("/** OV-01. */\nconst a = 'sip://OV-02'; // OV-03\n")), ['OV-02']);
  });
});
