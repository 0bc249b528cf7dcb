import type { Result } from '../lib/result.ts';

/** A file with what was to be said; whoever has it removes it. */
export interface SpokenText {
  /** Path of the WAV file. */
  readonly path: string;
  remove(): Promise<void>;
}

export type SpeechFailure =
  /** No program for it is there. */
  | 'no_speech'
  /** Too many texts are being made to speech already, or the program failed. */
  | 'failed';

/** Text to speech. Settles within a deadline. */
export interface SpeechPort {
  speak(text: string, language: string): Promise<Result<SpokenText, SpeechFailure>>;
}
