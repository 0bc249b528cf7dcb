import type { CallStatus, MediaStatus, ParticipantStatus, RoomStatus, Status, TimerStatus } from '../ports/status.ts';
import { duration, table } from './table.ts';

/** The status as people read it. */
export function statusText(status: Status): string {
  const where = status.listening.length > 0 ? `, on ${status.listening.join(' and ')}` : '';
  const api = status.api === undefined ? '' : `, API at ${status.api}`;
  const head = `vestibule ${status.version} ${status.state} for ${duration(status.uptimeSeconds)}${where}${api}`;
  const rooms = status.rooms.map(roomText);
  const calls = status.calls.length > 0 ? [callsText(status.calls)] : [];
  const body = rooms.length + calls.length > 0 ? [...rooms, ...calls] : ['nobody is in a room'];
  const media = status.media === undefined ? [] : [mediaText(status.media)];
  return [head, ...body, ...media].join('\n\n');
}

const mediaText = ({ workers, packetIo, lateTicks, skippedTicks, relayUnderruns, unsentPackets, largestLagMs }: MediaStatus): string =>
  `media: ${workers} ${workers === 1 ? 'worker' : 'workers'}, ${packetIo} packet I/O, ${lateTicks} late ticks (${Math.round(largestLagMs)} ms at most), ${skippedTicks} skipped, ${relayUnderruns} frames late between workers, ${unsentPackets} packets not sent`;

function roomText(room: RoomStatus): string {
  const lock = room.lock === 'locked' ? ', locked' : '';
  const lines = [`room ${room.aliases.join(', ')} (${room.name}): ${room.state}${lock}`];
  if (room.participants.length > 0) {
    lines.push(table([['WHERE', 'ROLE', 'RULE', 'CALLER', 'AUDIO', 'FOR', 'TIMERS'], ...room.participants.map(participantRow)], '  '));
  }
  if (room.timers.length > 0) lines.push(`  timers of the room: ${timersText(room.timers)}`);
  return lines.join('\n');
}

const participantRow = (one: ParticipantStatus): readonly string[] => [one.place, one.role, one.rule, one.caller, one.audio, duration(one.forSeconds), timersText(one.timers)];

const callsText = (calls: readonly CallStatus[]): string =>
  `calls not in a room yet\n${table([['STAGE', 'DIALLED', 'CALLER', 'FOR', 'TIMERS'], ...calls.map((call) => [call.stage, call.alias, call.caller, duration(call.forSeconds), timersText(call.timers)])], '  ')}`;

const timersText = (timers: readonly TimerStatus[]): string => timers.map((timer) => `${timer.name} in ${duration(timer.dueInSeconds)}`).join(', ');
