/** Applications that record a channel. */
import { blocking, immediate, NO_RESPONSE, OVER, type Apps } from './app.ts';
import type { AppCall, Channel, RunningApp } from './channel.ts';
import { playbackTerminators } from './play-apps.ts';
import { Recording } from './recording.ts';
import { soundPath } from './audio-source.ts';

export const recordApps: Apps = {
  record: blocking(startRecord),
  record_session: immediate((channel, argument) => recordSession(channel, argument)),
  stop_record_session: immediate((channel, argument) => stopRecording(channel, argument)),
  record_session_mask: immediate((channel, argument) => find(channel, argument)?.mask(true)),
  record_session_unmask: immediate((channel, argument) => find(channel, argument)?.mask(false)),
};

/** `<path> [<limit seconds>]`, both directions, beside whatever runs. False when it cannot be. */
export function recordSession(channel: Channel, argument: string): boolean {
  const [, file, seconds] = /^(.*?)(?:\s+\+?(\d{1,6}))?$/.exec(argument.trim()) ?? [];
  if (file === undefined || file === '') return false;
  const limits = seconds === undefined || Number(seconds) === 0 ? {} : { limitMs: Number(seconds) * 1_000 };
  const append = channel.variables.get('RECORD_APPEND') === 'true' ? { append: true } : {};
  const what = channel.variables.get('RECORD_READ_ONLY') === 'true' ? 'heard' : 'both';
  return Recording.start(channel, { path: soundPath(file, channel.core.soundPrefix), what, ...limits, ...append }) !== undefined;
}

/** `all` or the path it was started with. */
export function stopRecording(channel: Channel, argument: string): boolean {
  const which = argument.trim().toLowerCase() === 'all' ? [...channel.recordings.values()] : [find(channel, argument)];
  for (const recording of which) recording?.stop();
  return which.some((recording) => recording !== undefined);
}

export function find(channel: Channel, path: string): Recording | undefined {
  return channel.recordings.get(soundPath(path.trim(), channel.core.soundPrefix));
}

/**
 * `<path> [<limit seconds> [<silence threshold> [<silence seconds>]]]`: what the caller says, until a terminator, silence
 * or the limit. FreeSWITCH hangs up when the file cannot be written (F-16); here the application completes with an error.
 */
function startRecord(channel: Channel, { argument }: AppCall, done: (response: string) => void): RunningApp {
  const [file = '', limit, threshold, silence] = argument.trim().split(/\s+/);
  const number = (text: string | undefined): number => (text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0);
  const limits = {
    ...(number(limit) === 0 ? {} : { limitMs: number(limit) * 1_000 }),
    ...(number(silence) === 0 ? {} : { silenceMs: number(silence) * 1_000, silenceLevel: number(threshold) }),
    ...(channel.variables.get('record_append') === 'true' ? { append: true } : {}),
  };
  channel.setVariable('playback_terminator_used', undefined);
  const recording = file === '' ? undefined : Recording.start(channel, { path: soundPath(file, channel.core.soundPrefix), what: 'heard', ...limits }, (end) => done(end === 'done' ? NO_RESPONSE : '-ERR cannot record'));
  if (recording === undefined) {
    done('-ERR cannot record');
    return OVER;
  }
  return {
    end: () => recording.stop(),
    break: () => recording.stop(),
    digit: (digit) => {
      if (!playbackTerminators(channel).includes(digit)) return false;
      channel.setVariable('playback_terminator_used', digit);
      recording.stop();
      return true;
    },
  };
}
