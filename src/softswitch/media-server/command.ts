/** An `api` command: what follows its name, and the literal reply. */
import type { Core } from './core.ts';

export type Reply = string | Promise<string>;

export type ApiCommand = (core: Core, argument: string) => Reply;
