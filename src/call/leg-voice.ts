import type { Prompt } from '../domain/prompts.ts';
import type { LegMedia, OnKey, Sound } from '../ports/media.ts';

/** Where a leg is, for what it hears: `moving` from the lobby into the mixer. */
type Place = 'alone' | 'lobby' | 'moving' | 'conference';

/** Somebody who keys faster than he can be answered is not answered to everything. */
const mostTold = 8;

/**
 * What one leg hears. In the IVR a prompt replaces the one before. Elsewhere what is told follows one another, wherever
 * the leg is by then: in the lobby over the music, in the conference over the mix.
 */
export class LegVoice {
  readonly #media: LegMedia;
  readonly #told: { readonly sounds: readonly Sound[]; readonly said: (how: 'said' | 'failed') => void }[] = [];
  #place: Place = 'alone';
  #speaking = false;
  readonly #onDefect: (error: unknown) => void;
  language: string;

  /** `onDefect`: something that is said by itself could not be. */
  constructor(media: LegMedia, language: string, onDefect: (error: unknown) => void) {
    this.#media = media;
    this.language = language;
    this.#onDefect = onDefect;
  }

  /** A question; whether a key ends it. */
  ask(prompts: readonly Prompt[], onKey: OnKey): Promise<'done' | 'stopped' | 'failed'> {
    return this.#media.play(prompts, this.language, onKey);
  }

  stop(): Promise<void> {
    return this.#media.stopPlay();
  }

  /** Settles when it was said, or when it never will be. */
  tell(sounds: readonly Sound[]): Promise<'said' | 'failed'> {
    if (this.#told.length >= mostTold) return Promise.resolve('failed');
    return new Promise((said) => {
      this.#told.push({ sounds, said });
      this.#speak();
    });
  }

  enterLobby(): void {
    this.#place = 'lobby';
    this.#speak();
  }

  /** On its way into a mixer, or from one to another: what is told from now on is said there. */
  leaveLobby(): void {
    this.#place = 'moving';
  }

  enterConference(): void {
    this.#place = 'conference';
    this.#speak();
  }

  /** The last words: nothing told before or after it is said any more. Settles when they were played in full. */
  async farewell(prompts: readonly Prompt[]): Promise<void> {
    const inConference = this.#place === 'conference' || this.#place === 'moving';
    this.fallSilent();
    if (inConference) await this.#media.leave();
    if (prompts.length > 0) await this.#media.play(prompts, this.language, 'playOn');
  }

  /** Drops what was still to be told. */
  fallSilent(): void {
    this.#place = 'alone';
    for (const { said } of this.#told.splice(0)) said('failed');
  }

  #speak(): void {
    if (this.#speaking) return;
    this.#speaking = true;
    this.#sayAll()
      .catch(this.#onDefect)
      .finally(() => {
        this.#speaking = false;
        // Told between the last word and here.
        if (this.#told.length > 0 && this.#place !== 'moving') this.#speak();
      });
  }

  /** One after the other, then the music again if this is the lobby. */
  async #sayAll(): Promise<void> {
    for (;;) {
      const next = this.#place === 'moving' ? undefined : this.#told.shift();
      if (next === undefined) break;
      if (this.#place === 'conference') next.said(await this.#media.tell(next.sounds, this.language));
      else next.said((await this.#media.play(next.sounds, this.language, 'playOn')) === 'failed' ? 'failed' : 'said');
    }
    if (this.#place === 'lobby') this.#media.playMusic().catch(this.#onDefect);
  }
}
