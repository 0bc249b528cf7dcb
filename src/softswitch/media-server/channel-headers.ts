/** The headers that describe a channel in events, CHANNEL_DATA and uuid_dump, in FreeSWITCH's order. */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { CodecName } from '../engine/api.ts';
import type { Channel } from './channel.ts';

export type CallState = 'DOWN' | 'RINGING' | 'ACTIVE' | 'HELD' | 'UNHELD' | 'HANGUP';

/** switch_channel_callstate_t. */
export const CALL_STATE_NUMBER: Readonly<Record<CallState, number>> = { DOWN: 0, RINGING: 2, ACTIVE: 4, HELD: 5, HANGUP: 7, UNHELD: 8 };

export type ChannelState = 'CS_INIT' | 'CS_ROUTING' | 'CS_EXECUTE' | 'CS_EXCHANGE_MEDIA' | 'CS_HANGUP' | 'CS_REPORTING' | 'CS_DESTROY';

/** switch_channel_state_t. */
const STATE_NUMBER: Readonly<Record<ChannelState, number>> = {
  CS_INIT: 1,
  CS_ROUTING: 2,
  CS_EXECUTE: 4,
  CS_EXCHANGE_MEDIA: 5,
  CS_HANGUP: 10,
  CS_REPORTING: 11,
  CS_DESTROY: 12,
};

/** Bits per second by nature; what is coded with a varying rate says 0, as FreeSWITCH does. */
const BIT_RATE: Readonly<Record<CodecName, number | undefined>> = { PCMU: 64_000, PCMA: 64_000, G722: 64_000, OPUS: 0, L16: undefined };

/** What an event says of its channel, without the variables. */
export function eventHeaders(channel: Channel): readonly EslHeader[] {
  if (channel.eventDetail === 'full') return channelHeaders(channel);
  const headers: EslHeader[] = [
    ['Unique-ID', channel.uuid],
    ['Channel-Call-State', channel.callState],
  ];
  if (channel.hangupCause !== undefined) headers.push(['Hangup-Cause', channel.hangupCause]);
  return headers;
}

/** The answer to `connect`. The library needs what is left of it in brief (B.4). */
export function connectHeaders(channel: Channel): readonly EslHeader[] {
  if (channel.eventDetail === 'full') return [...profileHeaders(channel, 'Channel'), ...channelHeaders(channel), ...variableHeaders(channel)];
  const variables = CONNECT_VARIABLES.flatMap((name): readonly EslHeader[] => {
    const value = channel.variables.get(name);
    return value === undefined ? [] : [[`variable_${name}`, value]];
  });
  return [['Channel-Unique-ID', channel.uuid], ...eventHeaders(channel), ...variables];
}

const CONNECT_VARIABLES = ['sip_user_agent', 'sip_call_id', 'rtp_local_sdp_str', 'local_media_ip', 'local_media_port', 'switch_r_sdp', 'remote_media_ip', 'remote_media_port', 'dtmf_type'];

/** All that is known of a channel but its variables. */
export function channelHeaders(channel: Channel): readonly EslHeader[] {
  const { state } = channel;
  const headers: EslHeader[] = [
    ['Channel-State', state],
    ['Channel-Call-State', channel.callState],
    ['Channel-State-Number', String(STATE_NUMBER[state])],
    ['Channel-Name', channel.name],
    ['Unique-ID', channel.uuid],
    ['Call-Direction', channel.callDirection],
    ['Presence-Call-Direction', channel.callDirection],
    ['Channel-HIT-Dialplan', String(channel.callDirection === 'inbound')],
    ['Channel-Call-UUID', channel.uuid],
    ['Answer-State', channel.ended ? 'hangup' : channel.answeredAt === undefined ? 'ringing' : 'answered'],
  ];
  if (channel.hangupCause !== undefined) headers.push(['Hangup-Cause', channel.hangupCause]);
  headers.push(...codecHeaders(channel), ...profileHeaders(channel, 'Caller'));
  return headers;
}

/** What is known of the call, under the prefix `Caller` in events and `Channel` in the answer to `connect`. */
export function profileHeaders(channel: Channel, prefix: string): readonly EslHeader[] {
  const { caller, callDirection } = channel;
  const micros = (ms: number | undefined): string => String((ms ?? 0) * 1_000);
  const created = micros(channel.createdAt);
  const headers: readonly EslHeader[] = [
    ['Direction', callDirection],
    ['Logical-Direction', callDirection],
    ['Dialplan', 'XML'],
    ['Caller-ID-Name', caller.name],
    ['Orig-Caller-ID-Name', caller.name],
    ['Caller-ID-Number', caller.number],
    ['Network-Addr', caller.address],
    ['Destination-Number', caller.destination],
    ['Unique-ID', channel.uuid],
    ['Source', 'mod_sofia'],
    ['Context', 'mrf'],
    ['Channel-Name', channel.name],
    ['Profile-Index', '1'],
    ['Profile-Created-Time', created],
    ['Channel-Created-Time', created],
    ['Channel-Answered-Time', micros(channel.answeredAt)],
    ['Channel-Progress-Time', '0'],
    ['Channel-Progress-Media-Time', micros(channel.answeredAt)],
    // What ends with the channel is told before the hang-up is (E12).
    ['Channel-Hangup-Time', micros(channel.callState === 'HANGUP' ? channel.hungUpAt : undefined)],
    ['Channel-Transfer-Time', micros(channel.transferredAt)],
    ['Channel-Resurrect-Time', '0'],
    ['Channel-Bridged-Time', micros(channel.bridgedAt)],
    ['Channel-Last-Hold', micros(channel.heldAt)],
    ['Channel-Hold-Accum', micros(channel.heldMs)],
    ['Screen-Bit', 'true'],
    ['Privacy-Hide-Name', 'false'],
    ['Privacy-Hide-Number', 'false'],
  ];
  // A caller without a number has no such header.
  return headers.filter(([, value]) => value !== '').map(([name, value]) => [`${prefix}-${name}`, value] as const);
}

/** In a conference the mixer reads linear audio, whatever is on the wire. */
function codecHeaders(channel: Channel): readonly EslHeader[] {
  const { codec, rate } = channel;
  const read = channel.member === undefined ? codec : 'L16';
  const readRate = channel.member?.conference.profile.rate ?? rate;
  return [
    ['Channel-Read-Codec-Name', read],
    ['Channel-Read-Codec-Rate', String(readRate)],
    ['Channel-Read-Codec-Bit-Rate', String(BIT_RATE[read] ?? readRate * 16)],
    ['Channel-Write-Codec-Name', codec],
    ['Channel-Write-Codec-Rate', String(rate)],
    ['Channel-Write-Codec-Bit-Rate', String(BIT_RATE[codec] ?? rate * 16)],
  ];
}

export function variableHeaders(channel: Channel): readonly EslHeader[] {
  return [...channel.variables].map(([name, value]) => [`variable_${name}`, value] as const);
}
