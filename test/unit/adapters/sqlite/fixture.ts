import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openStores, type OpenProblem, type StoreOptions } from '../../../../src/adapters/sqlite/open.ts';
import { newRoomSettings, type RoomSettings } from '../../../../src/domain/room.ts';
import type { Result } from '../../../../src/lib/result.ts';
import type { Stores } from '../../../../src/ports/stores.ts';
import type { Trail } from '../../../../src/ports/trail.ts';
import type { UserGiven } from '../../../../src/ports/users.ts';

export const settings: RoomSettings = newRoomSettings({
  name: 'Team',
  aliases: ['2000', 'team'],
  language: 'en',
  muteGuestsOnJoin: true,
  participantLimit: 12,
  pinHostControls: 'full',
  mediaEncryption: 'required',
  anonymous: { moderator: { enabled: true }, speaker: { enabled: false } },
});

/** When everything is made. */
export const made = 1_700_000_000_000;

/** Of a change that leaves nothing beside itself. */
export const untold = (): Trail => ({ events: [] });

export const ha1 = { MD5: 'a'.repeat(32), 'SHA-256': 'b'.repeat(64) };

/** A user to be made, who may own rooms and has a telephone. */
export const person = (name: string): UserGiven => ({ name, display: '', privilege: 'creation', sip: { realm: 'vestibule', ha1 }, mustChangePassword: false });

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'vestibule-store-'));
  readonly #opened: Stores[] = [];

  constructor(t: TestContext) {
    t.after(async () => {
      for (const stores of this.#opened) await stores.close();
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  get data(): string {
    return join(this.path, 'data');
  }

  get database(): string {
    return join(this.data, 'vestibule.db');
  }

  get secret(): string {
    return join(this.data, 'secret.key');
  }

  async try(given: Partial<StoreOptions> = {}): Promise<Result<Stores, OpenProblem>> {
    const opened = await openStores({ dataDir: this.data, secretFile: this.secret, lockWaitMs: 20, now: () => made, ...given });
    if (opened.ok) this.#opened.push(opened.value);
    return opened;
  }

  async open(given: Partial<StoreOptions> = {}): Promise<Stores> {
    return must(await this.try(given));
  }

  /** All bytes of all files, the database's journals included. */
  bytes(): string {
    return readdirSync(this.data)
      .map((name) => readFileSync(join(this.data, name), 'latin1'))
      .join('\n');
  }

  mode(name: string): number {
    return statSync(join(this.data, name)).mode & 0o777;
  }
}

export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

export const codeOf = (result: Result<unknown, { readonly code: string }>): string => (result.ok ? 'ok' : result.error.code);
