import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';

export type Validate = (value: unknown) => Result<unknown, readonly [Problem, ...Problem[]]>;

/** Of a name that somebody made up. */
const longestField = 128;

/** Bodies are taken as they are; in path and query all is text, and becomes what the schema wants. */
export function validator(schema: TSchema, where: 'body' | 'query' | 'params'): Validate {
  const compiled = Compile(schema);
  return (given) => {
    const value = where === 'body' ? given : ofText(given as Readonly<Record<string, unknown>>, schema);
    if (compiled.Check(value)) return ok(value);
    const problems = compiled.Errors(value).flatMap((error) => problemsOf(error, where));
    const [first, ...others] = distinct(problems);
    return err([first ?? problem(where, 'is not as the schema of this route says'), ...others]);
  };
}

function ofText(given: Readonly<Record<string, unknown>>, schema: { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> }): unknown {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? readAs(schema.properties?.[name]?.type, value) : value]));
}

/** Text that is not of the type stays text, and is refused by the schema. */
function readAs(type: unknown, text: string): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** The message never repeats the value: it may be a PIN. The library tells eight errors at most. */
function problemsOf({ keyword, instancePath, params, message }: SchemaError, where: string): Problem[] {
  const path = fieldOf(instancePath);
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (keyword === 'required' && 'requiredProperties' in params) return (params.requiredProperties as readonly string[]).map((name) => problem(inside(name), 'is missing'));
  if (keyword === 'boolean') return [problem(path.slice(0, longestField), 'is not known here')];
  // Each name of it has had its own error; what a union wants is said by its branches.
  if (keyword === 'additionalProperties' || keyword === 'anyOf') return [];
  if (keyword === 'const' || keyword === 'enum') return [problem(path === '' ? where : path, 'is not one of the values there are')];
  return [problem(path === '' ? where : path, message)];
}

/** `/aliases/0` as people write it: `aliases[0]`. */
function fieldOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
}

const problem = (field: string, what: string): Problem => ({ code: 'invalid', message: `${field} ${what}`, advice: 'see /api/v1/docs for what this route takes', field });

function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((each) => [`${each.field ?? ''} ${each.message}`, each])).values()];
}
