/** A dial string of one call: `{name=value,name=value}sofia/<profile>/<uri>`. */
import type { OutgoingCall } from './originate.ts';

const MAX_VARIABLES = 64;

/** Undefined when the brackets do not close or nothing is left. Square and angle brackets are not understood. */
export function readDialString(text: string): OutgoingCall | undefined {
  const [, inBrackets, destination = ''] = /^(?:\{([^}]*)\})?\s*([^\s{}]+)$/.exec(text.trim()) ?? [];
  if (destination === '') return undefined;
  const pairs = (inBrackets ?? '').split(',').slice(0, MAX_VARIABLES).flatMap((part) => {
    const [, name, value = ''] = /^\s*([\w-]+)=(.*)$/.exec(part) ?? [];
    return name === undefined ? [] : [[name, value.replace(/^'(.*)'$/, '$1')] as const];
  });
  return { destination, variables: new Map(pairs) };
}
