/**
 * What is said to people, as the rules name it. The texts are in `config/prompts/<language>/prompts.yaml`; the media adapter
 * turns a prompt into files of the room's language.
 */
export type Prompt = { readonly key: PromptKey } | { readonly key: CountedPromptKey; readonly count: number };

/** Filled from config/prompts/en/prompts.yaml; a test compares. */
export type PromptKey = string;
/** Sentences with a number in them (`sentences:` of prompts.yaml). */
export type CountedPromptKey = string;
