/** What the `event` application is to tell: `Event-Name=CUSTOM,Event-Subclass=x::y,Name=value`. */
import { EVENT_NAMES } from '../../protocol/esl/event-names.ts';
import type { EslHeader } from '../../protocol/esl/event.ts';

export interface EventArgument {
  readonly name: string;
  readonly subclass: string | undefined;
  readonly headers: readonly EslHeader[];
}

const MAX_HEADERS = 64;

export function readEventArgument(argument: string): EventArgument {
  const pairs = argument
    .split(',')
    .slice(0, MAX_HEADERS)
    .map((part): readonly [string, string] => {
      const equals = part.indexOf('=');
      return equals < 0 ? [part.trim(), ''] : [part.slice(0, equals).trim(), part.slice(equals + 1)];
    })
    .filter(([header]) => header !== '');
  const value = (wanted: string): string | undefined => pairs.find(([header]) => header.toLowerCase() === wanted)?.[1];
  const subclass = value('event-subclass');
  const asked = value('event-name')?.toUpperCase() ?? 'CHANNEL_APPLICATION';
  const name = subclass !== undefined ? 'CUSTOM' : EVENT_NAMES.has(asked) && asked !== 'ALL' ? asked : 'CHANNEL_APPLICATION';
  return { name, subclass, headers: pairs.filter(([header]) => !['event-name', 'event-subclass'].includes(header.toLowerCase())) };
}
