import { roomRoleOf } from '../domain/member.ts';
import type { StoredEvent } from '../ports/events.ts';
import { timeText } from './audit.ts';

/** An event as it goes out, by whatever way. `seq` counts those of the room without a gap. */
export interface EventView {
  readonly id: number;
  readonly seq?: number;
  readonly type: string;
  /** RFC 3339. */
  readonly at: string;
  readonly room?: string;
  readonly call?: string;
  readonly data: object;
}

export const eventView = ({ id, seq, event }: StoredEvent): EventView => ({
  id,
  ...(seq === undefined ? {} : { seq }),
  type: event.type,
  at: timeText(event.at),
  ...(event.roomId === undefined ? {} : { room: event.roomId }),
  ...(event.callId === undefined ? {} : { call: event.callId }),
  data: Object.fromEntries(Object.entries(event.data).map(([name, value]) => [name, shown(name, value)])),
});

const times: ReadonlySet<string> = new Set(['endsAt', 'start', 'end']);

/** Times and roles as the API has them everywhere. */
function shown(name: string, value: unknown): unknown {
  if (times.has(name) && typeof value === 'number') return timeText(value);
  if (name === 'role' && (value === 'host' || value === 'guest')) return roomRoleOf(value);
  return value;
}
