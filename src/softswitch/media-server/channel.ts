/**
 * One call leg: its variables, what runs on it, its event socket, and one end. Unlike FreeSWITCH (F-13) everything it runs
 * is told to be over, and HANGUP is told, before the socket closes.
 */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { CodecName, Direction, LegAudio } from '../engine/api.ts';
import { AppStack, type AppCall, type RunningApp } from './app-stack.ts';
import type { Bridge } from './bridge.ts';
import { CALL_STATE_NUMBER, eventHeaders, variableHeaders, type CallState, type ChannelState } from './channel-headers.ts';
import type { Member } from './conference-member.ts';
import type { Core } from './core.ts';
import type { EventDetail } from './event-bus.ts';
import { causeNumber, reasonHeader, type HangupCause } from './hangup-cause.ts';
import { mediaStatVariables } from './media-stats.ts';
import { isMediaTimeout, mediaTimeouts } from './media-timeout.ts';
import type { Recording } from './recording.ts';

export type { AppCall, RunningApp } from './app-stack.ts';

/** Makes an application start; `done` completes it and may be called at once. */
export type StartApp = (channel: Channel, call: AppCall, done: (response: string) => void) => RunningApp;

export interface Caller {
  readonly name: string;
  readonly number: string;
  /** Address the call came from. */
  readonly address: string;
  readonly destination: string;
}

/** The SIP dialog of a channel, as the channel needs it. */
export interface Signalling {
  /** Sends BYE with this Reason value; does nothing when the far end hung up already. */
  bye(reason: string): void;
  /** Offers the far end its media anew (re-INVITE), on hold or not; false when the call is not in a state for it. */
  reoffer(held: boolean): boolean;
  /** Sends a request with a body in the dialog: INFO or MESSAGE. */
  send(method: 'INFO' | 'MESSAGE', contentType: string, body: string): boolean;
}

/** The event socket of a channel. */
export interface ChannelSocket {
  /** Writes what is due, then the disconnect notice, and closes; a lingering one stays a while. */
  close(): void;
}

export interface DigitInfo {
  readonly digit: string;
  /** In 8 kHz samples. */
  readonly duration: number;
  readonly source: 'RTP' | 'INBAND_AUDIO' | 'APP' | 'ENDPOINT';
  readonly ssrc?: number;
  readonly timestamp?: number;
}

export interface ChannelOptions {
  readonly core: Core;
  readonly uuid: string;
  readonly caller: Caller;
  readonly name: string;
  readonly signalling: Signalling;
  /** As FreeSWITCH sees it: an incoming call, or one that `originate` made. */
  readonly callDirection: 'inbound' | 'outbound';
  /** Of its events; default: full. */
  readonly eventDetail?: EventDetail;
}

export class Channel {
  readonly core: Core;
  readonly uuid: string;
  readonly name: string;
  readonly caller: Caller;
  readonly signalling: Signalling;
  readonly callDirection: 'inbound' | 'outbound';
  readonly eventDetail: EventDetail;
  readonly createdAt: number;
  readonly variables = new Map<string, string>();
  /** By file name. */
  readonly recordings = new Map<string, Recording>();
  readonly #apps: AppStack;
  /** The `socket` application of the dialplan: it runs until the end or until the channel is transferred away. */
  #socketApp: AppCall | undefined;
  /** What must end with the channel: timers, files played over it; by a name each. */
  readonly #owned = new Map<string, () => void>();
  socket: ChannelSocket | undefined;
  codec: CodecName = 'PCMU';
  /** Sampling rate of the codec, Hz. */
  rate = 8_000;
  direction: Direction = 'sendrecv';
  state: ChannelState = 'CS_INIT';
  callState: CallState = 'DOWN';
  hangupCause: HangupCause | undefined;
  answeredAt: number | undefined;
  hungUpAt: number | undefined;
  transferredAt: number | undefined;
  bridgedAt: number | undefined;
  heldAt: number | undefined;
  heldMs = 0;
  member: Member | undefined;
  bridge: Bridge | undefined;
  /** Constant across conferences once the channel has joined one. */
  memberId: number | undefined;
  /** As uuid_audio set it. */
  legAudio: LegAudio = { readMuted: false, writeMuted: false, readLevel: 0, writeLevel: 0 };
  /** `set_mute read`: nothing of the caller is passed on. */
  muted = false;

  constructor(options: ChannelOptions) {
    this.core = options.core;
    this.uuid = options.uuid;
    this.caller = options.caller;
    this.name = options.name;
    this.signalling = options.signalling;
    this.callDirection = options.callDirection;
    this.eventDetail = options.eventDetail ?? 'full';
    this.createdAt = options.core.scheduler.now();
    this.#apps = new AppStack({ complete: (call, response) => this.complete(call, response), idle: () => this.#idle() });
  }

  get ended(): boolean {
    return this.hungUpAt !== undefined;
  }

  /** Applications running, the dialplan's own not counted. */
  get pendingApps(): number {
    return this.#apps.size;
  }

  /** What the channel runs, for `show channels`. */
  get application(): AppCall | undefined {
    return this.#apps.top ?? this.#socketApp;
  }

  /** The call is there: CHANNEL_CREATE and what follows until it is up. */
  created(): void {
    this.publish('CHANNEL_CREATE', []);
    this.setCallState('RINGING');
    for (const state of ['CS_INIT', 'CS_ROUTING', 'CS_EXECUTE'] as const) this.setState(state);
  }

  answered(): void {
    this.answeredAt = this.core.scheduler.now();
    this.setCallState('ACTIVE');
    this.publish('CODEC', []);
    this.publish('CHANNEL_ANSWER', []);
  }

  /** The dialplan reached `socket`. */
  startSocketApp(call: AppCall): void {
    this.begin(call);
    this.#socketApp = call;
  }

  /** False when the channel holds all the variables it may. */
  setVariable(name: string, value: string | undefined): boolean {
    if (value === undefined || value === '') this.variables.delete(name);
    else if (!this.variables.has(name) && this.variables.size >= this.core.limits.variables) return false;
    else this.variables.set(name, value);
    if (isMediaTimeout(name)) this.#setMediaTimeout();
    return true;
  }

  /** Starts a blocking application on top of those running. */
  run(call: AppCall, start: StartApp): void {
    this.begin(call);
    this.#apps.run(call, (done) => start(this, call, done));
  }

  /** Tells that an application starts. */
  begin(call: AppCall): void {
    this.setVariable('current_application_data', call.argument);
    this.setVariable('current_application', call.name);
    this.publish('CHANNEL_EXECUTE', applicationHeaders(call));
  }

  /** Tells that an application is over. */
  complete(call: AppCall, response: string): void {
    this.publish('CHANNEL_EXECUTE_COMPLETE', applicationHeaders(call, response));
  }

  digit(info: DigitInfo): void {
    if (this.ended) return;
    if (this.#isHeard('DTMF')) this.#tell('DTMF', [...eventHeaders(this), ...digitHeaders(info)]);
    if (info.source === 'RTP' || info.source === 'ENDPOINT') this.bridge?.passDigit(this, info.digit, info.duration);
    this.#apps.digit(info.digit);
  }

  /** uuid_break. */
  break(all: boolean): void {
    this.#apps.break(all);
  }

  setState(state: ChannelState): void {
    this.state = state;
    this.publish('CHANNEL_STATE', []);
  }

  /** RINGING, ACTIVE, HELD, UNHELD, HANGUP, and what they stand for. */
  setCallState(state: CallState): void {
    const before = this.callState;
    const now = this.core.scheduler.now();
    this.callState = state;
    if (this.#isHeard('CHANNEL_CALLSTATE')) {
      this.#tell('CHANNEL_CALLSTATE', [
        ['Original-Channel-Call-State', before],
        ['Channel-Call-State-Number', String(CALL_STATE_NUMBER[state])],
        ...eventHeaders(this),
      ]);
    }
    // The times of a hold are those of the ones before in the event that tells it (E03).
    if (state === 'HELD') {
      this.heldAt = now;
      this.publish('CHANNEL_HOLD', []);
    } else if (state === 'UNHELD') {
      if (this.heldAt !== undefined) this.heldMs += now - this.heldAt;
      this.publish('CHANNEL_UNHOLD', []);
    }
  }

  /** Takes charge of something that must end with the channel; what had the name before ends now. */
  own(name: string, end: () => void): void {
    this.disown(name);
    this.#owned.set(name, end);
  }

  /** Ends what was owned under the name; false when there was nothing. */
  disown(name: string): boolean {
    const end = this.#owned.get(name);
    this.#owned.delete(name);
    end?.();
    return end !== undefined;
  }

  /** Leaves everything the channel runs, the dialplan's `socket` too: what uuid_bridge does first. */
  leaveAll(): void {
    this.bridge?.end(this);
    this.#apps.end();
    const call = this.#socketApp;
    this.#socketApp = undefined;
    if (call !== undefined) this.complete(call, '_none_');
  }

  /** Leaves everything for a new start: what uuid_transfer does before the new place. */
  transfer(): void {
    this.leaveAll();
    this.transferredAt = this.core.scheduler.now();
    this.setCallState('RINGING');
    this.setCallState('ACTIVE');
  }

  /**
   * The event socket is gone (F-15): in a conference or bridged the channel lives on, alone it is of no use to anyone. With `socket_resume` it is
   * parked, whatever it did, as by FreeSWITCH where `park` follows `socket` in the dialplan: somebody is going to ask for it by the other socket.
   */
  socketLost(): void {
    this.socket = undefined;
    if (this.ended) return;
    if (this.variables.get('socket_resume') === 'true') this.#park();
    else if (this.member === undefined && this.bridge === undefined) this.hangup('NORMAL_CLEARING');
  }

  /** The one end of a channel. The BYE leaves first; then what ran is told to be over, then HANGUP, then the socket closes. */
  hangup(cause: HangupCause): void {
    if (this.ended) return;
    const { core } = this;
    this.hangupCause = cause;
    this.hungUpAt = core.scheduler.now();
    this.signalling.bye(reasonHeader(cause));
    this.leaveAll();
    for (const name of [...this.#owned.keys()]) this.disown(name);
    for (const recording of this.recordings.values()) recording.stop();
    this.state = 'CS_HANGUP';
    this.setCallState('HANGUP');
    this.setVariable('hangup_cause', cause);
    this.setVariable('hangup_cause_q850', String(causeNumber(cause)));
    this.publish('CHANNEL_HANGUP', []);
    this.setState('CS_HANGUP');
    this.#report().catch((error: unknown) => core.log.error({ channel: this.uuid, error }, 'the end of a channel could not be told'));
    core.engine.close(this.uuid);
    core.channels.delete(this.uuid);
    this.socket?.close();
    this.socket = undefined;
  }

  /** An event of this channel with its variables; `subclass` of a CUSTOM one. */
  publish(name: string, headers: readonly EslHeader[], subclass?: string): void {
    if (!this.#isHeard(name)) return;
    const variables = this.eventDetail === 'full' ? variableHeaders(this) : [];
    this.#tell(name, [...eventHeaders(this), ...variables, ...headers], subclass);
  }

  #tell(name: string, headers: readonly EslHeader[], subclass?: string): void {
    this.core.bus.publish(name, headers, { detail: this.eventDetail, ...(subclass === undefined ? {} : { subclass }) });
  }

  /** The last figures, and the last events: only clients that listen to the whole server hear them, and a lingering socket. */
  async #report(): Promise<void> {
    if (!(['CHANNEL_HANGUP_COMPLETE', 'CHANNEL_STATE', 'CHANNEL_DESTROY'] as const).some((name) => this.#isHeard(name))) return;
    const stats = await this.core.engine.stats(this.uuid);
    for (const [name, value] of stats === undefined ? [] : mediaStatVariables(stats)) this.setVariable(name, value);
    const ended = this.hungUpAt ?? 0;
    const seconds = (from: number | undefined): string => String(from === undefined ? 0 : Math.round((ended - from) / 1_000));
    const times: Readonly<Record<string, string>> = {
      start_epoch: String(Math.floor(this.createdAt / 1_000)),
      answer_epoch: String(Math.floor((this.answeredAt ?? 0) / 1_000)),
      end_epoch: String(Math.floor(ended / 1_000)),
      duration: seconds(this.createdAt),
      billsec: seconds(this.answeredAt),
    };
    for (const [name, value] of Object.entries(times)) this.setVariable(name, value);
    this.state = 'CS_REPORTING';
    this.publish('CHANNEL_HANGUP_COMPLETE', []);
    this.setState('CS_REPORTING');
    this.state = 'CS_DESTROY';
    this.publish('CHANNEL_DESTROY', []);
  }

  /** An event nobody could hear is not made: most channels have one listener, which hears few of theirs. */
  #isHeard(name: string): boolean {
    return this.core.bus.isHeard(name, this.uuid);
  }

  #setMediaTimeout(): void {
    const { ms, holdMs } = mediaTimeouts(this.variables);
    this.core.engine.setMediaTimeout(this.uuid, ms, holdMs);
  }

  #park(): void {
    this.leaveAll();
    this.run({ uuid: this.core.newUuid(), name: 'park', argument: '' }, () => ({ end: () => undefined }));
  }

  /** Out of a conference without a socket nobody can reach the channel any more, unless somebody meant to. */
  #idle(): void {
    if (this.socket !== undefined || this.bridge !== undefined || this.ended) return;
    if (this.variables.has('socket_resume')) this.#park();
    else this.hangup('NORMAL_CLEARING');
  }
}

function digitHeaders({ digit, duration, source, ssrc, timestamp }: DigitInfo): readonly EslHeader[] {
  const headers: EslHeader[] = [
    ['DTMF-Digit', digit],
    ['DTMF-Duration', String(duration)],
    ['DTMF-Source', source],
  ];
  if (ssrc !== undefined) headers.push(['DTMF-SSRC', String(ssrc)]);
  if (timestamp !== undefined) headers.push(['DTMF-Timestamp', String(timestamp)]);
  return headers;
}

function applicationHeaders(call: AppCall, response?: string): readonly EslHeader[] {
  const headers: EslHeader[] = [['Application', call.name]];
  if (call.argument !== '') headers.push(['Application-Data', call.argument]);
  if (response !== undefined) headers.push(['Application-Response', response]);
  headers.push(['Application-UUID', call.uuid]);
  return headers;
}
