import type { Prompt } from '../domain/prompts.ts';

/** Turns prompts into sound files, named relative to the prompt folder, e.g. `en/enter_pin.wav`. */
export interface PromptCatalog {
  /** Files to play in order. A language or key that is missing falls back to English, then to nothing (and is logged once). */
  files(prompts: readonly Prompt[], language: string): readonly string[];
  /** The same to be read, with the same fallback. */
  text(prompts: readonly Prompt[], language: string): string;
  /** The music on hold. */
  readonly music: string;
}
