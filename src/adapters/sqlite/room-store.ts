import { randomUUID } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { PinMatch } from '../../domain/admission.ts';
import type { Pin } from '../../domain/pin-format.ts';
import type { PinRole, Room, RoomId, RoomSettings, StoredPin } from '../../domain/room.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { PinChange, RoomStore } from '../../ports/rooms.ts';
import type { StoreProblem } from '../../ports/store-problem.ts';
import type { PinVault } from './pin-vault.ts';
import { attempt, unknownRoom } from './problems.ts';
import type { Tables } from './schema.ts';

const roles: readonly PinRole[] = ['host', 'guest'];

export class SqliteRoomStore implements RoomStore {
  readonly #db: Kysely<Tables>;
  readonly #vault: PinVault;

  constructor(db: Kysely<Tables>, vault: PinVault) {
    this.#db = db;
    this.#vault = vault;
  }

  byAlias(alias: string): Promise<Result<Room | undefined, StoreProblem>> {
    return attempt(async () => {
      const found = await this.#db.selectFrom('room_aliases').select('room_id').where('alias', '=', alias.trim().toLowerCase()).executeTakeFirst();
      return found === undefined ? undefined : (await read(this.#db, found.room_id))[0];
    });
  }

  list(): Promise<Result<readonly Room[], StoreProblem>> {
    return attempt(() => read(this.#db));
  }

  add(settings: RoomSettings, pins: PinChange): Promise<Result<Room, StoreProblem>> {
    return this.#write(randomUUID(), async (db, id) => {
      await db
        .insertInto('rooms')
        .values({ id, ...columnsOf(settings) })
        .execute();
      await db
        .insertInto('room_aliases')
        .values(settings.aliases.map((alias, position) => ({ alias, room_id: id, position })))
        .execute();
      await this.#writePins(db, id, pins);
    });
  }

  setSettings(id: RoomId, settings: RoomSettings): Promise<Result<Room, StoreProblem>> {
    return this.#write(id, async (db) => {
      await db.updateTable('rooms').set(columnsOf(settings)).where('id', '=', id).execute();
    });
  }

  setPins(id: RoomId, change: PinChange): Promise<Result<Room, StoreProblem>> {
    return this.#write(id, (db) => this.#writePins(db, id, change));
  }

  async remove(id: RoomId): Promise<Result<void, StoreProblem>> {
    const removed = await attempt(() => this.#db.deleteFrom('rooms').where('id', '=', id).executeTakeFirst());
    if (!removed.ok) return removed;
    return removed.value.numDeletedRows === 0n ? err(unknownRoom) : ok(undefined);
  }

  guestPin(id: RoomId): Promise<Result<Pin | undefined, StoreProblem>> {
    return attempt(async () => {
      const row = await this.#db.selectFrom('room_pins').select('sealed').where('room_id', '=', id).where('role', '=', 'guest').executeTakeFirst();
      return row?.sealed == null ? undefined : this.#vault.open(id, 'guest', row.sealed);
    });
  }

  identify(room: Room, pin: Pin): PinMatch {
    // Both are compared whatever the first one says: the time taken tells nothing.
    const [host, guest] = roles.map((role) => this.#vault.matches(room.pins[role]?.hash ?? '', room.id, pin));
    if (host === true) return 'host';
    return guest === true ? 'guest' : 'none';
  }

  /** One transaction, after which the room is read back; a room that is not there is `room_unknown`. */
  async #write(id: RoomId, change: (db: Transaction<Tables>, id: RoomId) => Promise<void>): Promise<Result<Room, StoreProblem>> {
    const written = await attempt(() =>
      this.#db.transaction().execute(async (db) => {
        await change(db, id);
        return (await read(db, id))[0];
      }),
    );
    if (!written.ok) return written;
    return written.value === undefined ? err(unknownRoom) : ok(written.value);
  }

  async #writePins(db: Transaction<Tables>, id: RoomId, change: PinChange): Promise<void> {
    for (const role of roles) {
      const pin = change[role];
      if (pin === undefined) continue;
      await db.deleteFrom('room_pins').where('room_id', '=', id).where('role', '=', role).execute();
      if (pin === null) continue;
      // A host PIN is shown once and never repeated, so nothing of it is kept that could be opened.
      const sealed = role === 'guest' ? this.#vault.seal(id, role, pin) : null;
      await db.insertInto('room_pins').values({ room_id: id, role, hash: this.#vault.hash(id, pin), length: pin.length, sealed }).execute();
    }
  }
}

/** One room, or all of them in order of creation: three queries, however many rooms. */
async function read(db: Kysely<Tables>, id?: RoomId): Promise<Room[]> {
  let rooms = db.selectFrom('rooms').selectAll().orderBy('seq');
  let aliases = db.selectFrom('room_aliases').selectAll().orderBy('position');
  let pins = db.selectFrom('room_pins').selectAll();
  if (id !== undefined) {
    rooms = rooms.where('id', '=', id);
    aliases = aliases.where('room_id', '=', id);
    pins = pins.where('room_id', '=', id);
  }
  const aliasesOf = byRoom(await aliases.execute());
  const pinsOf = byRoom(await pins.execute());
  return (await rooms.execute()).map((row) => roomOf(row, aliasesOf.get(row.id) ?? [], pinsOf.get(row.id) ?? []));
}

function byRoom<Row extends { readonly room_id: string }>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.room_id);
    if (group === undefined) groups.set(row.room_id, [row]);
    else group.push(row);
  }
  return groups;
}

function columnsOf(settings: RoomSettings) {
  return {
    name: settings.name,
    language: settings.language,
    mute_guests_on_join: Number(settings.muteGuestsOnJoin),
    participant_limit: settings.participantLimit ?? null,
    pin_host_controls: settings.pinHostControls,
    anonymous_moderator: Number(settings.anonymous.moderator.enabled),
    anonymous_speaker: Number(settings.anonymous.speaker.enabled),
    media_encryption: settings.mediaEncryption,
  };
}

function roomOf(row: Selectable<Tables['rooms']>, aliases: readonly Tables['room_aliases'][], pins: readonly Tables['room_pins'][]): Room {
  return {
    id: row.id,
    name: row.name,
    aliases: aliases.map(({ alias }) => alias),
    language: row.language,
    muteGuestsOnJoin: row.mute_guests_on_join !== 0,
    mediaEncryption: row.media_encryption,
    ...(row.participant_limit === null ? {} : { participantLimit: row.participant_limit }),
    pinHostControls: row.pin_host_controls,
    anonymous: { moderator: { enabled: row.anonymous_moderator !== 0 }, speaker: { enabled: row.anonymous_speaker !== 0 } },
    rolePermissions: { moderator: {}, speaker: {} },
    rules: {},
    memberReuse: 'flag',
    preconfigured: [],
    version: 1,
    createdAt: 0,
    members: [],
    pins: Object.fromEntries(pins.map(({ role, hash, length }): [PinRole, StoredPin] => [role, { hash, length }])),
  };
}
