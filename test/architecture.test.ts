import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';

/** The sources, seen from the compiled test. */
const root = resolve(import.meta.dirname, '../..');
const src = join(root, 'src');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: 'type' | 'value';
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

/** Static and dynamic imports, re-exports included; types alone are marked. */
function importsOf(file: string): readonly { readonly specifier: string; readonly kind: Import['kind'] }[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found].map(([, type, specifier = '', dynamic]) => ({ specifier: dynamic ?? specifier, kind: type === undefined ? 'value' : 'type' }));
}

const imports: readonly Import[] = files.flatMap((file) =>
  importsOf(file)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, kind }) => ({ from: file, to: posix.normalize(posix.join(posix.dirname(file), specifier)), kind })),
);

/** `protocol/sip` of `protocol/sip/parse.ts`; one part for the others. */
function folderOf(file: string): string {
  const parts = file.split('/');
  if (parts.length === 1) return '';
  const deep = parts[0] === 'protocol' || parts[0] === 'adapters';
  return deep && parts.length > 2 ? `${parts[0] ?? ''}/${parts[1] ?? ''}` : (parts[0] ?? '');
}

type Allowed = 'no' | 'types' | 'yes';

/** Beside types: `Pin`, the class that never shows its digits. An adapter that unseals a PIN hands it on as one. */
const valuesForAdapters: ReadonlySet<string> = new Set(['domain/pin-format.ts']);

/** The import table of src/README.md, row by row. */
function mayImport(from: string, to: string): Allowed {
  const [place, target] = [folderOf(from), folderOf(to)];
  if (place === target || place === '' || place === 'cli') return 'yes';
  if (target === 'lib') return place === 'lib' ? 'no' : 'yes';
  if (place === 'lib') return 'no';
  if (place === 'domain') return 'no';
  if (place.startsWith('protocol')) return place === 'protocol/dtmf' && target === 'protocol/rtp' ? 'yes' : 'no';
  if (place === 'ports') return target === 'domain' ? 'types' : 'no';
  if (place === 'manage') return target === 'domain' || target === 'ports' ? 'yes' : 'no';
  if (place === 'http') return target === 'manage' || target === 'domain' || target === 'ports' ? 'yes' : 'no';
  if (place === 'call') return target === 'domain' || target === 'ports' ? 'yes' : 'no';
  if (place === 'softswitch') return target.startsWith('protocol') ? 'yes' : 'no';
  if (place.startsWith('adapters/')) return target === 'ports' || target.startsWith('protocol') || valuesForAdapters.has(to) ? 'yes' : target === 'domain' ? 'types' : 'no';
  if (place === 'config') return target === 'domain' ? 'types' : 'no';
  return 'no';
}

describe('architecture (src/README.md)', () => {
  it('reads the sources', () => {
    assert.ok(files.length > 50 && imports.length > 100);
  });

  it('every import is in the table', () => {
    const wrong = imports.filter(({ from, to, kind }) => {
      const allowed = mayImport(from, to);
      return allowed === 'no' || (allowed === 'types' && kind === 'value');
    });
    assert.deepEqual(
      wrong.map(({ from, to, kind }) => `${from} -> ${to} (${kind})`),
      [],
    );
  });

  it('every imported file is there', () => {
    assert.deepEqual(
      imports.filter(({ to }) => !files.includes(to)).map(({ from, to }) => `${from} -> ${to}`),
      [],
    );
  });

  it('there are no cycles of values', () => {
    const next = new Map(files.map((file) => [file, imports.filter(({ from, kind }) => from === file && kind === 'value').map(({ to }) => to)]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const to of next.get(file) ?? []) walk(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    assert.deepEqual(cycles, []);
  });

  it('domain and protocol are pure: no packages of Node, no clock, no randomness', () => {
    const impure = files
      .filter((file) => file.startsWith('domain/') || file.startsWith('protocol/'))
      .filter((file) => {
        const text = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
        const fromNode = importsOf(file).some(({ specifier }) => specifier.startsWith('node:'));
        return fromNode || /\b(?:Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance)\b\s*[.(]|\bnew Date\b|\bMath\.random\b|\bprocess\./.test(text);
      });
    assert.deepEqual(impure, []);
  });

  it('drachtio-srf and drachtio-fsmrf are known to their adapters and the composition root alone', () => {
    const users = files.filter((file) => !file.endsWith('.d.ts') && importsOf(file).some(({ specifier }) => specifier.startsWith('drachtio-')));
    const elsewhere = users.filter((file) => dirname(file) !== '.' && !/^adapters\/(drachtio|freeswitch)\//.test(file));
    assert.deepEqual(elsewhere, []);
  });

  it('a file has one concept: no more than 400 lines', () => {
    const long = files.flatMap((file) => {
      const lines = readFileSync(join(src, file), 'utf8').split('\n').length;
      return lines > 400 ? [`${relative(root, join(src, file))}: ${lines}`] : [];
    });
    assert.deepEqual(long, []);
  });
});
