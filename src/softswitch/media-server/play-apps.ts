/** Applications that play to a channel. */
import { blocking, OVER, type Apps } from './app.ts';
import { playlist } from './audio-source.ts';
import type { AppCall, Channel, RunningApp } from './channel.ts';
import { Play, type PlayResponse } from './play.ts';

type Done = (response: string) => void;

const FRAME_MS = 20;

export const playApps: Apps = {
  playback: blocking((channel, call, done) => play(channel, call.argument, 1, done)),
  endless_playback: blocking((channel, call, done) => play(channel, call.argument, Number.MAX_SAFE_INTEGER, done)),
  loop_playback: blocking(startLoop),
  gentones: blocking(startTones),
  sleep: blocking(startSleep),
};

/** The keys that end a playback: `none`, `any`, or a list of them; FreeSWITCH's default is `*`. */
export function playbackTerminators(channel: Channel): string {
  const keys = channel.variables.get('playback_terminators') ?? '';
  switch (keys) {
    case '':
      return '*';
    case 'none':
      return '';
    case 'any':
      return '0123456789*#ABCD';
    default:
      return keys;
  }
}

/** Plays `argument` so many times; what is not found, or has no length, is not tried again. */
function play(channel: Channel, argument: string, times: number, done: Done): RunningApp {
  const items = playlist(argument, channel.variables.get('playback_delimiter'), channel.core.soundPrefix);
  const seconds = Number(/^\d{1,6}$/.exec(channel.variables.get('playback_timeout_sec') ?? '')?.[0] ?? 0);
  const cancelTimeout = seconds === 0 ? (): void => undefined : channel.core.scheduler.after(seconds * 1_000, () => stop(true));
  let left = times;
  let current: Play | undefined;
  let startedAt = 0;
  const ended = (response: PlayResponse): void => {
    const heard = response === 'FILE PLAYED' && channel.core.scheduler.now() - startedAt >= FRAME_MS;
    if (--left > 0 && heard) {
      next();
      return;
    }
    cancelTimeout();
    done(response);
  };
  const next = (): void => {
    startedAt = channel.core.scheduler.now();
    current = new Play(channel, items, playbackTerminators(channel), (response, terminated) => {
      if (terminated) left = 0;
      ended(response);
    });
  };
  const stop = (all: boolean): void => {
    if (all || items.length === 1) left = 0;
    current?.break(all);
  };
  next();
  return {
    end: () => {
      cancelTimeout();
      current?.abandon();
    },
    break: stop,
  };
}

/** `+3 file`: so many times; without a number for ever. */
function startLoop(channel: Channel, { argument }: AppCall, done: Done): RunningApp {
  const [, times, file] = /^\+(\d{1,6})\s+(.*)$/.exec(argument.trim()) ?? [];
  if (file === undefined) return play(channel, argument, Number.MAX_SAFE_INTEGER, done);
  if (times !== '0') return play(channel, file, Number(times), done);
  done('FILE PLAYED');
  return OVER;
}

/** `%(on,off,hz)|loops`. */
function startTones(channel: Channel, { argument }: AppCall, done: Done): RunningApp {
  const [tones = '', loops] = argument.split('|');
  return play(channel, `tone_stream://${tones}${loops === undefined ? '' : `;loops=${loops}`}`, 1, done);
}

function startSleep(channel: Channel, { argument }: AppCall, done: Done): RunningApp {
  const ms = /^\s*(\d{1,9})/.exec(argument)?.[1] ?? '0';
  const cancel = channel.core.scheduler.after(Number(ms), () => done('_none_'));
  return { end: cancel };
}
