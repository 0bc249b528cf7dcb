/** Collects digits on a channel by the rules of `collect`: plays the prompts, takes the keys, keeps the time. */
import { Machine } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { PlaylistItem } from './audio-source.ts';
import type { Channel, RunningApp } from './channel.ts';
import { initialCollect, stepCollect, type CollectEffect, type CollectEvent, type CollectOptions, type CollectState } from './collect.ts';
import { Play } from './play.ts';

export interface Collecting {
  readonly options: CollectOptions;
  /** What the name of a prompt stands for. */
  readonly playlist: (file: string) => readonly PlaylistItem[];
  /** Takes a result; undefined is none. */
  readonly set: (variable: string, value: string | undefined) => void;
  /** It is over: every prompt was there, or not. */
  readonly done: (prompts: 'heard' | 'missing') => void;
}

export class Collector implements RunningApp {
  readonly #channel: Channel;
  readonly #collecting: Collecting;
  readonly #machine: Machine<CollectState, CollectEvent, CollectEffect>;
  #play: Play | undefined;
  #prompts: 'heard' | 'missing' = 'heard';

  constructor(channel: Channel, collecting: Collecting) {
    this.#channel = channel;
    this.#collecting = collecting;
    this.#machine = new Machine(
      {
        initial: initialCollect(collecting.options),
        step: stepCollect,
        run: (effect) => this.#run(effect),
        onError: (error) => {
          channel.core.log.error({ channel: channel.uuid, error }, 'collecting digits failed');
          this.#machine.stop();
          collecting.done('missing');
        },
      },
      channel.core.scheduler,
    );
  }

  /** `done` may be called from in here. */
  begin(): void {
    this.#machine.post({ type: 'start' });
  }

  end(): void {
    this.#machine.stop();
    this.#play?.abandon();
  }

  digit(digit: string): boolean {
    this.#machine.post({ type: 'digit', digit });
    return true;
  }

  break(): void {
    this.#play?.break(true);
  }

  #run(effect: CollectEffect): void {
    switch (effect.type) {
      case 'play':
        this.#start(effect.file);
        return;
      case 'stopPlay':
        this.#play?.break(true);
        return;
      case 'startTimer':
        this.#machine.startTimer('digits', effect.ms, { type: 'timeout' });
        return;
      case 'cancelTimer':
        this.#machine.cancelTimer('digits');
        return;
      case 'set':
        this.#collecting.set(effect.variable, effect.value);
        return;
      case 'done':
        this.#machine.stop();
        this.#collecting.done(this.#prompts);
        return;
      default:
        unreachable(effect);
    }
  }

  #start(file: string): void {
    const { options, playlist } = this.#collecting;
    this.#play = new Play(this.#channel, playlist(file), '', (response) => {
      const found = response === 'FILE PLAYED';
      if (!found && file === options.prompt) this.#prompts = 'missing';
      this.#machine.post({ type: 'played', found });
    });
  }
}
