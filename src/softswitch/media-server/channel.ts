/**
 * One call leg: its variables, the applications it runs, its event socket, and one end.
 *
 * Applications nest as in FreeSWITCH: a blocking one sent while another runs starts on top of it, and the lower one goes
 * on when the upper is over. Unlike FreeSWITCH (F-12, F-13) every application sent is started at once and always
 * completes, also when the channel hangs up, and HANGUP is always told before the socket closes.
 */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { Direction } from '../engine/api.ts';
import { CALL_STATE_NUMBER, channelHeaders, variableHeaders, type CallState } from './channel-headers.ts';
import type { Member } from './conference.ts';
import type { Core } from './core.ts';
import { reasonHeader, type HangupCause } from './hangup-cause.ts';

/** One application as a client asked for it. `uuid` is what its completion is known by. */
export interface AppCall {
  readonly uuid: string;
  readonly name: string;
  readonly argument: string;
}

/** A blocking application under way. */
export interface RunningApp {
  /** The channel hangs up or is moved: stop, tell what stopped, do not complete. */
  end(): void;
  /** A key was pressed. True when the application took it. */
  digit?(digit: string): boolean;
  /** uuid_break; `all` ends a whole list. */
  break?(all: boolean): void;
}

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
}

/** The event socket of a channel. */
export interface ChannelSocket {
  /** Writes what is due, then the disconnect notice, and closes. */
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

interface AppEntry {
  readonly call: AppCall;
  running: RunningApp | undefined;
}

export class Channel {
  readonly uuid: string;
  readonly name: string;
  readonly caller: Caller;
  readonly createdAt: number;
  readonly variables = new Map<string, string>();
  readonly core: Core;
  readonly #signalling: Signalling;
  readonly #apps: AppEntry[] = [];
  /** The `socket` application of the dialplan: it runs until the end or until the channel is transferred away. */
  #socketApp: AppCall | undefined;
  /** uuid_break all was asked for: what is below ends when its turn comes. */
  #breakingAll = false;
  socket: ChannelSocket | undefined;
  codec: 'PCMU' | 'PCMA' = 'PCMU';
  direction: Direction = 'sendrecv';
  callState: CallState = 'ACTIVE';
  hangupCause: HangupCause | undefined;
  hungUpAt: number | undefined;
  member: Member | undefined;
  /** Constant across conferences once the channel has joined one. */
  memberId: number | undefined;
  /** `set_mute read`: nothing of the caller is passed on. */
  muted = false;

  constructor(core: Core, uuid: string, caller: Caller, name: string, signalling: Signalling) {
    this.core = core;
    this.uuid = uuid;
    this.caller = caller;
    this.name = name;
    this.createdAt = core.scheduler.now();
    this.#signalling = signalling;
  }

  get ended(): boolean {
    return this.hungUpAt !== undefined;
  }

  /** Applications running, the dialplan's own not counted. */
  get pendingApps(): number {
    return this.#apps.length;
  }

  /** What the channel runs, for `show channels`. */
  get application(): AppCall | undefined {
    return this.#apps.at(-1)?.call ?? this.#socketApp;
  }

  /** The dialplan reached `socket`. */
  startSocketApp(call: AppCall): void {
    this.#socketApp = call;
  }

  /** False when the channel holds all the variables it may. */
  setVariable(name: string, value: string | undefined): boolean {
    if (value === undefined || value === '') {
      this.variables.delete(name);
      return true;
    }
    if (!this.variables.has(name) && this.variables.size >= this.core.limits.variables) return false;
    this.variables.set(name, value);
    return true;
  }

  /** Starts a blocking application on top of those running. */
  run(call: AppCall, start: StartApp): void {
    const entry: AppEntry = { call, running: undefined };
    this.begin(call);
    this.#apps.push(entry);
    this.#breakingAll = false;
    const running = start(this, call, (response) => this.#finish(entry, response));
    entry.running = running;
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
    const headers: EslHeader[] = [
      ['DTMF-Digit', info.digit],
      ['DTMF-Duration', String(info.duration)],
      ['DTMF-Source', info.source],
    ];
    if (info.ssrc !== undefined) headers.push(['DTMF-SSRC', String(info.ssrc)]);
    if (info.timestamp !== undefined) headers.push(['DTMF-Timestamp', String(info.timestamp)]);
    this.core.bus.publish('DTMF', [...channelHeaders(this), ...headers]);
    for (const entry of this.#apps.toReversed()) {
      if (entry.running?.digit?.(info.digit) === true) return;
    }
  }

  /** uuid_break: the application on top; with `all` those below follow, one after the other as they come on top (E04). */
  break(all: boolean): void {
    this.#breakingAll = all;
    this.#apps.findLast((entry) => entry.running?.break !== undefined)?.running?.break?.(all);
  }

  /** HELD, UNHELD, ACTIVE, and the RINGING and ACTIVE of a transfer. */
  setCallState(state: CallState): void {
    const before = this.callState;
    this.callState = state;
    this.core.bus.publish('CHANNEL_CALLSTATE', [
      ['Original-Channel-Call-State', before],
      ['Channel-Call-State-Number', String(CALL_STATE_NUMBER[state])],
      ...channelHeaders(this),
    ]);
  }

  /** Leaves everything the channel runs, the dialplan's `socket` too: what uuid_transfer does before the new place. */
  transfer(): void {
    this.#endApps();
    this.#endSocketApp();
    this.setCallState('RINGING');
    this.setCallState('ACTIVE');
  }

  /** The event socket is gone (F-15): in a conference the channel lives on, parked it is of no use to anyone. */
  socketLost(): void {
    this.socket = undefined;
    if (this.member === undefined) this.hangup('NORMAL_CLEARING');
  }

  /** The one end of a channel. The BYE leaves first; then what ran is told to be over, then HANGUP, then the socket closes. */
  hangup(cause: HangupCause): void {
    if (this.ended) return;
    this.hangupCause = cause;
    this.hungUpAt = this.core.scheduler.now();
    this.#signalling.bye(reasonHeader(cause));
    this.#endApps();
    this.#endSocketApp();
    this.setCallState('HANGUP');
    this.core.engine.close(this.uuid);
    this.core.channels.delete(this.uuid);
    this.socket?.close();
    this.socket = undefined;
  }

  /** An event of this channel with its variables. */
  publish(name: string, headers: readonly EslHeader[]): void {
    this.core.bus.publish(name, [...channelHeaders(this), ...variableHeaders(this), ...headers]);
  }

  #finish(entry: AppEntry, response: string): void {
    const at = this.#apps.indexOf(entry);
    if (at < 0) return;
    this.#apps.splice(at, 1);
    this.complete(entry.call, response);
    if (this.#breakingAll && !this.ended) this.break(true);
    // Out of the conference without a socket nobody can reach the channel any more.
    if (this.#apps.length === 0 && this.socket === undefined && !this.ended) this.hangup('NORMAL_CLEARING');
  }

  #endApps(): void {
    for (let entry = this.#apps.at(-1); entry !== undefined; entry = this.#apps.at(-1)) {
      this.#apps.pop();
      entry.running?.end();
      this.complete(entry.call, '_none_');
    }
  }

  #endSocketApp(): void {
    const call = this.#socketApp;
    this.#socketApp = undefined;
    if (call !== undefined) this.complete(call, '_none_');
  }
}

function applicationHeaders(call: AppCall, response?: string): readonly EslHeader[] {
  const headers: EslHeader[] = [['Application', call.name]];
  if (call.argument !== '') headers.push(['Application-Data', call.argument]);
  if (response !== undefined) headers.push(['Application-Response', response]);
  headers.push(['Application-UUID', call.uuid]);
  return headers;
}
