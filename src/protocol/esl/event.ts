/** An event as it travels on the event socket: headers in FreeSWITCH's order, and a body that only some events have. */

export type EslHeaderValue = string | readonly string[];
export type EslHeader = readonly [name: string, value: EslHeaderValue];

export interface EslEvent {
  /** `CUSTOM` for events with a subclass. */
  readonly name: string;
  readonly subclass?: string;
  /** Everything, the name and the subclass included. */
  readonly headers: readonly EslHeader[];
  readonly body?: string;
}

export function headerOf(event: EslEvent, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const value = event.headers.find(([header]) => header.length === wanted.length && header.toLowerCase() === wanted)?.[1];
  if (value === undefined || typeof value === 'string') return value;
  return asArray(value);
}

/** FreeSWITCH writes a header with several values as `ARRAY::a|:b`. */
export function asArray(values: readonly string[]): string {
  return `ARRAY::${values.join('|:')}`;
}
