/** The keys of one leg: by RFC 4733 and as tones, each told once. */
import { Machine } from '../../lib/machine.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import { initialKeyMerge, stepKeyMerge } from '../../protocol/dtmf/key-merge.ts';
import type { KeyMergeEffect, KeyMergeEvent, KeyMergeState } from '../../protocol/dtmf/key-merge.ts';
import { initialDtmf, stepDtmf } from '../../protocol/dtmf/telephone-event.ts';
import type { DtmfEffect, DtmfEvent, DtmfState, TelephoneEvent } from '../../protocol/dtmf/telephone-event.ts';
import type { ToneEvent } from '../../protocol/dtmf/tone-detector.ts';

export interface HeardKeys {
  /** A key went down. */
  readonly pressed: (digit: string) => void;
  readonly rtp: (key: { readonly digit: string; readonly durationMs: number; readonly ssrc: number; readonly timestamp: number }) => void;
  readonly inband: (key: { readonly digit: string; readonly durationMs: number }) => void;
}

export interface KeyListenerServices {
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly scheduler: Scheduler;
  readonly onError: (error: unknown) => void;
}

export class KeyListener {
  readonly #now: () => number;
  readonly #heard: HeardKeys;
  readonly #events: Machine<DtmfState, DtmfEvent, DtmfEffect>;
  readonly #merge: Machine<KeyMergeState, KeyMergeEvent, KeyMergeEffect>;

  constructor({ now, scheduler, onError }: KeyListenerServices, heard: HeardKeys) {
    this.#now = now;
    this.#heard = heard;
    this.#events = new Machine({ initial: initialDtmf, step: stepDtmf, run: this.#runEvent.bind(this), onError }, scheduler);
    this.#merge = new Machine({ initial: initialKeyMerge, step: stepKeyMerge, run: this.#runMerge.bind(this), onError }, scheduler);
  }

  onPacket(event: TelephoneEvent): void {
    this.#events.post({ type: 'packet', ...event });
  }

  onTone(event: ToneEvent): void {
    if (event.type === 'pressed') this.#merge.post({ type: 'tonePressed', digit: event.digit, now: this.#now() });
    else this.#merge.post({ type: 'toneReleased', digit: event.digit, durationMs: event.durationMs });
  }

  close(): void {
    this.#events.stop();
    this.#merge.stop();
  }

  #runEvent(effect: DtmfEffect, machine: Machine<DtmfState, DtmfEvent, DtmfEffect>): void {
    switch (effect.type) {
      case 'startTimer':
        machine.startTimer('end', effect.ms, { type: 'timeout' });
        return;
      case 'cancelTimer':
        machine.cancelTimer('end');
        return;
      case 'pressed':
        this.#merge.post({ type: 'eventPressed', digit: effect.digit, now: this.#now() });
        return;
      case 'digit':
        this.#heard.rtp(effect);
        return;
      default:
        unreachable(effect);
    }
  }

  #runMerge(effect: KeyMergeEffect, machine: Machine<KeyMergeState, KeyMergeEvent, KeyMergeEffect>): void {
    switch (effect.type) {
      case 'startTimer':
        machine.startTimer('held', effect.ms, { type: 'timeout' });
        return;
      case 'cancelTimer':
        machine.cancelTimer('held');
        return;
      case 'pressed':
        this.#heard.pressed(effect.digit);
        return;
      case 'toneDigit':
        this.#heard.inband(effect);
        return;
      default:
        unreachable(effect);
    }
  }
}
