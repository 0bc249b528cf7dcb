/** Applications about keys: collecting them, pressing them, listening for them in the audio. */
import { blocking, immediate, NO_RESPONSE, OVER, type Apps } from './app.ts';
import { playlist } from './audio-source.ts';
import type { Channel, RunningApp } from './channel.ts';
import { readCollectArgument, readReadArgument, type CollectOptions } from './collect.ts';
import { Collector } from './collector.ts';
import { readDigits } from './digits.ts';

type Done = (response: string) => void;

export const digitApps: Apps = {
  play_and_get_digits: blocking((channel, call, done) => collect(channel, readCollectArgument(call.argument), done)),
  read: blocking((channel, call, done) => collect(channel, readReadArgument(call.argument), done)),
  start_dtmf: immediate((channel) => channel.core.engine.detectDtmf(channel.uuid, true)),
  stop_dtmf: immediate((channel) => channel.core.engine.detectDtmf(channel.uuid, false)),
  send_dtmf: immediate(sendDtmf),
  // Every key is handed on as it comes, so there is never one waiting to be thrown away.
  flush_dtmf: immediate(() => undefined),
};

function sendDtmf(channel: Channel, argument: string): void {
  const keys = readDigits(argument);
  if (keys !== undefined) channel.core.engine.sendDtmf(channel.uuid, keys.digits, keys.ms);
}

function collect(channel: Channel, options: CollectOptions | undefined, done: Done): RunningApp {
  if (options === undefined) {
    done(NO_RESPONSE);
    return OVER;
  }
  const collector = new Collector(channel, {
    options,
    playlist: (file) => playlist(file, '!', channel.core.soundPrefix),
    set: (variable, value) => channel.setVariable(variable, value),
    done: () => done(NO_RESPONSE),
  });
  collector.begin();
  return collector;
}
