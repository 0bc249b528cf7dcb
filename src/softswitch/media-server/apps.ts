/** The dialplan applications a client can run on a channel. */
import { Machine } from '../../lib/machine.ts';
import { playlist } from './audio-source.ts';
import type { AppCall, Channel, RunningApp, StartApp } from './channel.ts';
import { initialCollect, readCollectArgument, stepCollect, type CollectEffect, type CollectEvent } from './collect.ts';
import { startConference } from './conference-app.ts';
import { hangupCause } from './hangup-cause.ts';
import { Play } from './play.ts';

type App =
  /** Over when it returns; the answer is its Application-Response. */
  | { readonly kind: 'immediate'; readonly run: (channel: Channel, argument: string) => string }
  | { readonly kind: 'blocking'; readonly start: StartApp };

const NO_RESPONSE = '_none_';

const apps: Readonly<Record<string, App>> = {
  set: immediate((channel, argument) => assign(channel, argument)),
  export: immediate((channel, argument) => assign(channel, argument)),
  multiset: immediate((channel, argument) => splitMulti(argument).forEach((assignment) => assign(channel, assignment))),
  unset: immediate((channel, argument) => channel.setVariable(argument.trim(), undefined)),
  set_mute: immediate(setMute),
  // The call is answered before any application can run, and in-band digits are not listened for.
  answer: immediate(() => undefined),
  start_dtmf: immediate(() => undefined),
  stop_dtmf: immediate(() => undefined),
  playback: { kind: 'blocking', start: startPlayback },
  play_and_get_digits: { kind: 'blocking', start: startCollect },
  conference: { kind: 'blocking', start: startConference },
  park: { kind: 'blocking', start: () => ({ end: () => undefined }) },
  sleep: { kind: 'blocking', start: startSleep },
};

/** Runs an application now, not at the next 20 ms frame as FreeSWITCH does (F-26). It always completes. */
export function execute(channel: Channel, call: AppCall): void {
  if (call.name === 'hangup') {
    hangup(channel, call);
    return;
  }
  const app = Object.hasOwn(apps, call.name) ? apps[call.name] : undefined;
  if (app === undefined) {
    channel.core.log.warn({ channel: channel.uuid, app: call.name }, 'application is not known');
    channel.begin(call);
    channel.complete(call, '-ERR Invalid Application');
  } else if (app.kind === 'immediate') {
    channel.begin(call);
    channel.complete(call, app.run(channel, call.argument));
  } else {
    channel.run(call, app.start);
  }
}

function immediate(run: (channel: Channel, argument: string) => unknown): App {
  return {
    kind: 'immediate',
    run: (channel, argument) => {
      run(channel, argument);
      return NO_RESPONSE;
    },
  };
}

/** hangup completes first, with the cause in its event, and then what else ran (E12). */
function hangup(channel: Channel, call: AppCall): void {
  channel.begin(call);
  channel.hangupCause = hangupCause(call.argument);
  channel.complete(call, NO_RESPONSE);
  channel.hangup(channel.hangupCause);
}

function assign(channel: Channel, assignment: string): void {
  const equals = assignment.indexOf('=');
  const name = (equals < 0 ? assignment : assignment.slice(0, equals)).trim();
  if (name !== '') channel.setVariable(name, equals < 0 ? undefined : assignment.slice(equals + 1));
}

/** `a=1 b=2`, or `^^<separator>a=1<separator>b=2`. */
function splitMulti(argument: string): readonly string[] {
  const marked = argument.startsWith('^^');
  const separator = marked ? argument.charAt(2) : ' ';
  return (marked ? argument.slice(3) : argument).split(separator === '' ? ' ' : separator).filter((part) => part !== '');
}

/** `read true` keeps what the caller says from everyone; the other direction is not muted by anyone. */
function setMute(channel: Channel, argument: string): void {
  const [direction, on = ''] = argument.trim().split(/\s+/);
  if (direction !== 'read') return;
  channel.muted = !['false', 'no', 'off', '0', ''].includes(on.toLowerCase());
  const { member } = channel;
  member?.conference.apply(member);
}

function startPlayback(channel: Channel, call: AppCall, done: (response: string) => void): RunningApp {
  const items = playlist(call.argument, channel.variables.get('playback_delimiter'), channel.core.soundPrefix);
  const play = new Play(channel, items, playbackTerminators(channel.variables.get('playback_terminators')), done);
  return { end: () => play.abandon(), break: (all) => play.break(all) };
}

/** The keys that end a playback: `none`, `any`, or a list of them; FreeSWITCH's default is `*`. */
function playbackTerminators(variable: string | undefined): string {
  switch (variable) {
    case undefined:
    case '':
      return '*';
    case 'none':
      return '';
    case 'any':
      return '0123456789*#ABCD';
    default:
      return variable;
  }
}

function startCollect(channel: Channel, call: AppCall, done: (response: string) => void): RunningApp {
  const options = readCollectArgument(call.argument);
  if (options === undefined) {
    done(NO_RESPONSE);
    return { end: () => undefined };
  }
  let play: Play | undefined;
  const run = (effect: CollectEffect, machine: Machine<ReturnType<typeof initialCollect>, CollectEvent, CollectEffect>): void => {
    switch (effect.type) {
      case 'play':
        play = new Play(channel, playlist(effect.file, '!', channel.core.soundPrefix), '', (response) => machine.post({ type: 'played', found: response === 'FILE PLAYED' }));
        break;
      case 'stopPlay':
        play?.break(true);
        break;
      case 'startTimer':
        machine.startTimer('digits', effect.ms, { type: 'timeout' });
        break;
      case 'cancelTimer':
        machine.cancelTimer('digits');
        break;
      case 'set':
        channel.setVariable(effect.variable, effect.value);
        break;
      case 'done':
        machine.stop();
        done(NO_RESPONSE);
        break;
    }
  };
  const machine = new Machine(
    {
      initial: initialCollect(options),
      step: stepCollect,
      run,
      onError: (error) => {
        channel.core.log.error({ channel: channel.uuid, error }, 'collecting digits failed');
        machine.stop();
        done(NO_RESPONSE);
      },
    },
    channel.core.scheduler,
  );
  machine.post({ type: 'start' });
  return {
    end: () => {
      machine.stop();
      play?.abandon();
    },
    digit: (digit) => {
      machine.post({ type: 'digit', digit });
      return true;
    },
    break: () => play?.break(true),
  };
}

function startSleep(channel: Channel, call: AppCall, done: (response: string) => void): RunningApp {
  const ms = /^\s*(\d{1,9})/.exec(call.argument)?.[1] ?? '0';
  const cancel = channel.core.scheduler.after(Number(ms), () => done(NO_RESPONSE));
  return { end: cancel };
}
