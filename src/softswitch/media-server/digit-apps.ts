/** Applications about keys: collecting them, pressing them, listening for them in the audio. */
import { Machine } from '../../lib/machine.ts';
import { blocking, immediate, NO_RESPONSE, OVER, type Apps } from './app.ts';
import { playlist } from './audio-source.ts';
import type { Channel, RunningApp } from './channel.ts';
import { initialCollect, readCollectArgument, readReadArgument, stepCollect, type CollectEffect, type CollectEvent, type CollectOptions } from './collect.ts';
import { readDigits } from './digits.ts';
import { Play } from './play.ts';

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
