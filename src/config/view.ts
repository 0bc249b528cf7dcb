import type { Config } from './schema.ts';

/** The configuration to be shown: whatever is secret is left out. */
export function configView(config: Config): unknown {
  return JSON.parse(JSON.stringify(config, (name, value: unknown) => ((/(secret|password)$/i.test(name) || name === 'pin') && typeof value === 'string' ? '[hidden]' : value)));
}
