/** The headers that describe a channel in events, CHANNEL_DATA and uuid_dump, in FreeSWITCH's order. */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { Channel } from './channel.ts';

export type CallState = 'ACTIVE' | 'HELD' | 'UNHELD' | 'RINGING' | 'HANGUP';

/** switch_channel_callstate_t. */
export const CALL_STATE_NUMBER: Readonly<Record<CallState, number>> = { RINGING: 2, ACTIVE: 4, HELD: 5, HANGUP: 7, UNHELD: 8 };

const CS_EXECUTE = 4;
const CS_HANGUP = 10;

/** Without the variables. */
export function channelHeaders(channel: Channel): readonly EslHeader[] {
  const gone = channel.callState === 'HANGUP';
  const micros = String(channel.createdAt * 1_000);
  // In a conference the mixer reads linear audio, whatever is on the wire.
  const [readName, readRate] = channel.member === undefined ? [channel.codec, '64000'] : ['L16', '128000'];
  const headers: EslHeader[] = [
    ['Channel-State', gone ? 'CS_HANGUP' : 'CS_EXECUTE'],
    ['Channel-Call-State', channel.callState],
    ['Channel-State-Number', String(gone ? CS_HANGUP : CS_EXECUTE)],
    ['Channel-Name', channel.name],
    ['Unique-ID', channel.uuid],
    ['Call-Direction', 'inbound'],
    ['Presence-Call-Direction', 'inbound'],
    ['Channel-HIT-Dialplan', 'true'],
    ['Channel-Call-UUID', channel.uuid],
    ['Answer-State', gone ? 'hangup' : 'answered'],
  ];
  if (channel.hangupCause !== undefined) headers.push(['Hangup-Cause', channel.hangupCause]);
  headers.push(
    ['Channel-Read-Codec-Name', readName],
    ['Channel-Read-Codec-Rate', '8000'],
    ['Channel-Read-Codec-Bit-Rate', readRate],
    ['Channel-Write-Codec-Name', channel.codec],
    ['Channel-Write-Codec-Rate', '8000'],
    ['Channel-Write-Codec-Bit-Rate', '64000'],
    ['Caller-Direction', 'inbound'],
    ['Caller-Logical-Direction', 'inbound'],
    ['Caller-Dialplan', 'XML'],
    ['Caller-Caller-ID-Name', channel.caller.name],
    ['Caller-Orig-Caller-ID-Name', channel.caller.name],
    ['Caller-Caller-ID-Number', channel.caller.number],
    ['Caller-Network-Addr', channel.caller.address],
    ['Caller-Destination-Number', channel.caller.destination],
    ['Caller-Unique-ID', channel.uuid],
    ['Caller-Source', 'mod_sofia'],
    ['Caller-Context', 'mrf'],
    ['Caller-Channel-Name', channel.name],
    ['Caller-Profile-Index', '1'],
    ['Caller-Profile-Created-Time', micros],
    ['Caller-Channel-Created-Time', micros],
    ['Caller-Channel-Answered-Time', micros],
    ['Caller-Channel-Hangup-Time', String((channel.hungUpAt ?? 0) * 1_000)],
  );
  return headers.filter(([name, value]) => value !== '' || name !== 'Caller-Caller-ID-Number');
}

export function variableHeaders(channel: Channel): readonly EslHeader[] {
  return [...channel.variables].map(([name, value]) => [`variable_${name}`, value] as const);
}
