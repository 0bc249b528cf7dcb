import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { askRunning } from '../adapters/control-socket/client.ts';
import { controlSocketPath } from '../adapters/control-socket/path.ts';
import type { ControlAnswer } from '../adapters/control-socket/protocol.ts';
import { openStores } from '../adapters/sqlite/open.ts';
import { createDigestHashes } from '../adapters/system/digest-hashes.ts';
import { randomBelow } from '../adapters/system/random.ts';
import type { Config } from '../config/schema.ts';
import { err } from '../lib/result.ts';
import { createRoomCommands } from './room-commands.ts';
import { createUserCommands } from './user-commands.ts';

/** A person waits: longer than the running process may, which has calls to serve. */
const lockWaitMs = 2_000;

export interface Answered {
  /** Who carried it out: the process, for which it counts from the next call on, or the command line on the database. */
  readonly by: 'process' | 'database';
  readonly answer: ControlAnswer;
}

/** Carries out a command about rooms or users in the running process, or without one on the database itself. */
export async function askAbout(config: Config, method: string, params: unknown): Promise<Answered> {
  const asked = await askRunning(controlSocketPath(config.data.dir), { method, params });
  if (asked.kind === 'answered') return { by: 'process', answer: asked.answer };
  const stores = await openStores({ dataDir: config.data.dir, secretFile: config.data.secretFile, lockWaitMs });
  if (!stores.ok) return { by: 'database', answer: err([stores.error]) };
  try {
    const { rooms, users } = stores.value;
    const commands = {
      ...createRoomCommands({ ...roomSettings(config), rooms, randomBelow, onChange: () => undefined }),
      ...createUserCommands({ ...userSettings(config), users, rooms, hashes: createDigestHashes(), randomBelow, now: () => Date.now(), flush: () => Promise.resolve(), onChange: () => undefined }),
    };
    const answer = await commands[method]?.(params);
    return { by: 'database', answer: answer ?? err([{ code: 'unknown_command', message: `there is no command ${method}`, advice: 'this is a defect: report it' }]) };
  } finally {
    await stores.value.close();
  }
}

/** What the room commands take from the configuration. */
export const roomSettings = (config: Config) => ({
  pinBounds: { minLength: config.pin.minLength, maxLength: config.pin.maxLength },
  language: config.room.language,
  languages: promptLanguages(config.prompts.dir),
  mediaEncryption: config.room.encryption,
  autoHostPin: config.room.autoHostPin,
  reservedAliases: config.attendant.aliases,
});

/** What the user commands take from the configuration. */
export const userSettings = (config: Config) => ({ realm: config.registrar.realm, reservedAliases: config.attendant.aliases });

/** The subfolders of the prompts that hold a language. */
function promptLanguages(dir: string): readonly string[] {
  try {
    return readdirSync(dir).filter((name) => existsSync(join(dir, name, 'prompts.yaml')));
  } catch {
    // Without prompts no language can be chosen; what is wrong with the folder is told when the program starts.
    return [];
  }
}
