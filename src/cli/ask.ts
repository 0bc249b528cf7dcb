import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { askRunning } from '../adapters/control-socket/client.ts';
import { controlSocketPath } from '../adapters/control-socket/path.ts';
import type { ControlAnswer } from '../adapters/control-socket/protocol.ts';
import { openStores } from '../adapters/sqlite/open.ts';
import { createDigestHashes } from '../adapters/system/digest-hashes.ts';
import { createPasswords } from '../adapters/system/passwords.ts';
import { randomBelow } from '../adapters/system/random.ts';
import type { Config } from '../config/schema.ts';
import type { RoomSettings } from '../domain/room.ts';
import { overlap } from '../domain/schedule.ts';
import { err } from '../lib/result.ts';
import { planningHorizonMs, Rooms } from '../manage/rooms.ts';
import { Users } from '../manage/users.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { UserStore } from '../ports/users.ts';
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
  const stores = await openStores({ ...storeSettings(config), lockWaitMs });
  if (!stores.ok) return { by: 'database', answer: err([stores.error]) };
  try {
    const { rooms, users } = stores.value;
    const commands = {
      ...createRoomCommands({ rooms: new Rooms({ ...roomSettings(config), rooms, users, randomBelow, onChange: () => undefined }), store: rooms, now: () => Date.now() }),
      ...createUserCommands({ users: await usersOf(config, users, rooms), now: () => Date.now() }),
    };
    const answer = await commands[method]?.(params);
    return { by: 'database', answer: answer ?? err([{ code: 'unknown_command', message: `there is no command ${method}`, advice: 'this is a defect: report it' }]) };
  } finally {
    await stores.value.close();
  }
}

/** How the database is opened, but for the time it waits for a lock. */
export const storeSettings = (config: Config) => ({
  dataDir: config.data.dir,
  secretFile: config.data.secretFile,
  neverTogether: (one: RoomSettings, other: RoomSettings): boolean => !overlap(one.schedule, other.schedule, Date.now(), planningHorizonMs),
});

/** What the room commands take from the configuration. */
export const roomSettings = (config: Config) => ({
  pinBounds: { minLength: config.pin.minLength, maxLength: config.pin.maxLength },
  language: config.room.language,
  languages: promptLanguages(config.prompts.dir),
  mediaEncryption: config.room.encryption,
  autoHostPin: config.room.autoHostPin,
  reservedAliases: config.attendant.aliases,
  longestConnection: config.ending.longestConnection,
});

/** What the user commands take from the configuration. */
export const userSettings = (config: Config) => ({ realm: config.registrar.realm, reservedAliases: config.attendant.aliases });

/** Where users are registered is read once: nobody registers meanwhile. */
async function usersOf(config: Config, users: UserStore, rooms: RoomStore): Promise<Users> {
  const bound = await users.bindings();
  const bindings = new Map((bound.ok ? bound.value : []).map((each) => [each.user, each.bindings]));
  return new Users({
    ...userSettings(config),
    users,
    rooms,
    passwords: createPasswords(config.api.hashingAtOnce),
    hashes: createDigestHashes(),
    randomBelow,
    bindingsOf: (name) => bindings.get(name) ?? [],
    onChange: () => undefined,
  });
}

/** The subfolders of the prompts that hold a language. */
function promptLanguages(dir: string): readonly string[] {
  try {
    return readdirSync(dir).filter((name) => existsSync(join(dir, name, 'prompts.yaml')));
  } catch {
    // Without prompts no language can be chosen; what is wrong with the folder is told when the program starts.
    return [];
  }
}
