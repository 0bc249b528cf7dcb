import { z } from 'zod';
import { configSchema } from './schema.ts';

/** How the text of an environment variable becomes a value of this key. */
export type KeyKind = 'text' | 'number' | 'boolean' | 'textList' | 'numberList';

/** One setting: its path (`freeswitch.0.host` for the first of a list of objects), the variable that sets it, what it takes. */
export interface Key {
  readonly path: string;
  readonly variable: string;
  readonly kind: KeyKind;
  readonly nullable: boolean;
}

/** Every setting there is, in the order of the schema. */
export const keys: readonly Key[] = leaves(configSchema, []);

function leaves(schema: z.ZodType, path: readonly string[]): Key[] {
  if (schema instanceof z.ZodObject) return Object.entries<z.ZodType>(schema.shape).flatMap(([name, inner]) => leaves(inner, [...path, name]));
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodObject) return leaves(schema.element, [...path, '0']);
  const { inner, nullable } = unwrap(schema, false);
  return [{ path: path.join('.'), variable: variableOf(path), kind: kindOf(inner), nullable }];
}

function unwrap(schema: z.ZodType, nullable: boolean): { readonly inner: z.ZodType; readonly nullable: boolean } {
  if (schema instanceof z.ZodDefault) return unwrap(schema.def.innerType as z.ZodType, nullable);
  if (schema instanceof z.ZodNullable) return unwrap(schema.def.innerType as z.ZodType, true);
  return { inner: schema, nullable };
}

function kindOf(schema: z.ZodType): KeyKind {
  if (schema instanceof z.ZodArray) return schema.element instanceof z.ZodNumber ? 'numberList' : 'textList';
  if (schema instanceof z.ZodNumber) return 'number';
  return schema instanceof z.ZodBoolean ? 'boolean' : 'text';
}

/** `rtp.portMin` is VESTIBULE_RTP_PORT_MIN; the index of a list has no part in the name. */
function variableOf(path: readonly string[]): string {
  const words = path.filter((part) => part !== '0').map((part) => part.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase());
  return ['VESTIBULE', ...words].join('_');
}
