/** Applications about the call itself: answering, parking, holding, bridging, telling. */
import { blocking, immediate, NO_RESPONSE, OVER, type Apps } from './app.ts';
import { Bridge } from './bridge.ts';
import type { AppCall, Channel, RunningApp } from './channel.ts';
import { readDialString } from './dial-string.ts';
import { hangupCause } from './hangup-cause.ts';
import { readEventArgument } from './event-argument.ts';
import { readSocketAddress } from './socket-address.ts';

export const callApps: Apps = {
  // The call is answered before any application can run.
  answer: immediate(() => undefined),
  pre_answer: immediate(() => undefined),
  ring_ready: immediate(() => undefined),
  media_reset: immediate(() => undefined),
  hold: immediate((channel) => channel.signalling.reoffer(true)),
  unhold: immediate((channel) => channel.signalling.reoffer(false)),
  park: blocking(startPark),
  bridge: blocking(startBridge),
  socket: blocking(startSocket),
  sched_hangup: immediate(scheduleHangup),
  enable_heartbeat: immediate((channel, argument) => setHeartbeat(channel, argument)),
  event: immediate(sendEvent),
  info: immediate((channel) => channel.core.log.info({ channel: channel.uuid, name: channel.name, state: channel.callState }, 'channel')),
  log: immediate((channel, argument) => channel.core.log.info({ channel: channel.uuid }, argument.slice(0, MAX_LOG))),
};

const MAX_LOG = 1_000;
const MIN_HEARTBEAT_S = 1;
const DEFAULT_HEARTBEAT_S = 60;

function startPark(channel: Channel): RunningApp {
  channel.publish('CHANNEL_PARK', []);
  return { end: () => channel.publish('CHANNEL_UNPARK', []) };
}

/** `{variables}sofia/<profile>/<uri>`: calls it, and is over when the two have parted. */
function startBridge(channel: Channel, { argument }: AppCall, done: (response: string) => void): RunningApp {
  const call = readDialString(argument);
  const abandon = new AbortController();
  let bridge: Bridge | undefined;
  if (call === undefined) {
    channel.setVariable('originate_disposition', 'INVALID_NUMBER_FORMAT');
    done(NO_RESPONSE);
    return OVER;
  }
  channel.core.originate({ ...call, abandoned: abandon.signal }).then(
    (result) => {
      channel.setVariable('originate_disposition', result.ok ? 'SUCCESS' : result.error);
      if (abandon.signal.aborted) return;
      if (result.ok) bridge = new Bridge(channel, result.value, () => done(NO_RESPONSE));
      else done(NO_RESPONSE);
    },
    (error: unknown) => {
      channel.core.log.error({ channel: channel.uuid, error }, 'bridge failed');
      done(NO_RESPONSE);
    },
  );
  return {
    end: () => {
      // Nobody is there for the other to talk to: its telephone rings no longer.
      if (bridge === undefined) abandon.abort();
      else bridge.end(channel);
    },
    break: () => bridge?.end(channel),
  };
}

/** `<address>:<port> [async] [full]`: the channel is controlled from there; only one may. */
function startSocket(channel: Channel, { argument }: AppCall, done: (response: string) => void): RunningApp {
  const address = readSocketAddress(argument.trim().split(/\s+/)[0] ?? '');
  if (address === undefined || channel.socket !== undefined) {
    done(NO_RESPONSE);
    return OVER;
  }
  channel.setVariable('socket_host', address.host);
  channel.socket = channel.core.openSocket(channel, address, () => {
    channel.socketLost();
    done(NO_RESPONSE);
  });
  return OVER;
}

/** `+<seconds> [<cause>]`, or a time in seconds since 1970. */
export function scheduleHangup(channel: Channel, argument: string): boolean {
  const [, relative, seconds = '', cause = 'ALLOTTED_TIMEOUT'] = /^(\+?)(\d{1,10})(?:\s+(\w+))?/.exec(argument.trim()) ?? [];
  if (seconds === '') return false;
  const { scheduler } = channel.core;
  const ms = relative === '+' ? Number(seconds) * 1_000 : Number(seconds) * 1_000 - scheduler.now();
  const longest = 24 * 60 * 60 * 1_000;
  channel.own('sched_hangup', scheduler.after(Math.min(longest, Math.max(0, ms)), () => channel.hangup(hangupCause(cause))));
  return true;
}

/** Seconds from one SESSION_HEARTBEAT to the next; `0`, `off` or `false` ends them. */
export function setHeartbeat(channel: Channel, argument: string): void {
  const text = argument.trim().replace(/^sched\s+/, '');
  if (['0', 'off', 'false'].includes(text)) {
    channel.disown('heartbeat');
    return;
  }
  const seconds = Math.max(MIN_HEARTBEAT_S, /^\d{1,5}$/.test(text) ? Number(text) : DEFAULT_HEARTBEAT_S);
  const beat = (): void => {
    channel.own('heartbeat', channel.core.scheduler.after(seconds * 1_000, () => {
      channel.publish('SESSION_HEARTBEAT', []);
      beat();
    }));
  };
  beat();
}

/** `Event-Subclass=x::y,Event-Name=CUSTOM,Name=value`; without a name it is CHANNEL_APPLICATION. */
function sendEvent(channel: Channel, argument: string): void {
  const { name, subclass, headers } = readEventArgument(argument);
  channel.publish(name, headers, subclass);
}
