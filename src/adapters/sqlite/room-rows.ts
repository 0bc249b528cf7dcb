import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { Member } from '../../domain/member.ts';
import type { PermissionOverrides, RolePermissions } from '../../domain/permissions.ts';
import type { PinRole, Room, RoomId, RoomSettings, StoredPin } from '../../domain/room.ts';
import type { RoomSummary } from '../../ports/rooms.ts';
import type { Tables } from './schema.ts';
import type { Tx } from './transactions.ts';

type RoomRow = Selectable<Tables['rooms']>;
export type MemberRow = Selectable<Tables['members']>;

export async function readRoom(db: Tx, id: RoomId): Promise<Room | undefined> {
  return (await readRooms(db, [id]))[0];
}

/** Those of `ids` that are there, in order of creation: four queries, however many rooms. */
export async function readRooms(db: Tx, ids: readonly RoomId[]): Promise<readonly Room[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('rooms').selectAll().where('id', 'in', listed(ids)).orderBy('seq').execute();
  const partsOf = await readParts(db, ids);
  const members = byRoom(await db.selectFrom('members').selectAll().where('room_id', 'in', listed(ids)).orderBy('seq').execute());
  return rows.map((row) => ({ ...settingsOf(row, partsOf(row.id).aliases), ...identityOf(row, partsOf(row.id).pins), members: (members.get(row.id) ?? []).map(memberOf) }));
}

/** The same for lists: members are counted. */
export async function summarise(db: Tx, rows: readonly RoomRow[]): Promise<readonly RoomSummary[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const partsOf = await readParts(db, ids);
  const counts = await db.selectFrom('members').select(['room_id', (eb) => eb.fn.countAll<number>().as('members')]).where('room_id', 'in', listed(ids)).groupBy('room_id').execute();
  const counted = new Map(counts.map(({ room_id, members }) => [room_id, members]));
  return rows.map((row) => ({ ...settingsOf(row, partsOf(row.id).aliases), ...identityOf(row, partsOf(row.id).pins), memberCount: counted.get(row.id) ?? 0 }));
}

/** One value, however many ids: a text and a parameter for each of 200 cost more than what they find. */
const listed = (ids: readonly RoomId[]): RawBuilder<RoomId> => sql<RoomId>`(select value from json_each(${JSON.stringify(ids)}))`;

interface Parts {
  readonly aliases: readonly Tables['room_aliases'][];
  readonly pins: readonly Omit<Tables['room_pins'], 'sealed'>[];
}

async function readParts(db: Tx, ids: readonly RoomId[]): Promise<(id: RoomId) => Parts> {
  const aliases = byRoom(await db.selectFrom('room_aliases').selectAll().where('room_id', 'in', listed(ids)).orderBy('room_id').orderBy('position').execute());
  const pins = byRoom(await db.selectFrom('room_pins').select(['room_id', 'role', 'hash', 'length']).where('room_id', 'in', listed(ids)).execute());
  return (id) => ({ aliases: aliases.get(id) ?? [], pins: pins.get(id) ?? [] });
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

export function columnsOf(settings: RoomSettings) {
  return {
    name: settings.name,
    language: settings.language,
    mute_guests_on_join: Number(settings.muteGuestsOnJoin),
    participant_limit: settings.participantLimit ?? null,
    pin_host_controls: settings.pinHostControls,
    anonymous_moderator: Number(settings.anonymous.moderator.enabled),
    anonymous_speaker: Number(settings.anonymous.speaker.enabled),
    media_encryption: settings.mediaEncryption,
    owner: settings.owner ?? null,
    role_permissions: JSON.stringify(settings.rolePermissions),
    rules: JSON.stringify(settings.rules),
    member_reuse: settings.memberReuse,
    schedule: settings.schedule === undefined ? null : JSON.stringify(settings.schedule),
    preconfigured: JSON.stringify(settings.preconfigured),
  };
}

function settingsOf(row: RoomRow, aliases: Parts['aliases']): RoomSettings {
  return {
    name: row.name,
    aliases: aliases.map(({ alias }) => alias),
    language: row.language,
    muteGuestsOnJoin: row.mute_guests_on_join !== 0,
    mediaEncryption: row.media_encryption,
    ...(row.participant_limit === null ? {} : { participantLimit: row.participant_limit }),
    pinHostControls: row.pin_host_controls,
    anonymous: { moderator: { enabled: row.anonymous_moderator !== 0 }, speaker: { enabled: row.anonymous_speaker !== 0 } },
    ...(row.owner === null ? {} : { owner: row.owner }),
    rolePermissions: JSON.parse(row.role_permissions) as RolePermissions,
    rules: JSON.parse(row.rules) as RoomSettings['rules'],
    memberReuse: row.member_reuse,
    ...(row.schedule === null ? {} : { schedule: JSON.parse(row.schedule) as NonNullable<RoomSettings['schedule']> }),
    preconfigured: JSON.parse(row.preconfigured) as RoomSettings['preconfigured'],
  };
}

function identityOf(row: RoomRow, pins: Parts['pins']): Pick<Room, 'id' | 'pins' | 'version' | 'createdAt'> {
  return {
    id: row.id,
    pins: Object.fromEntries(pins.map(({ role, hash, length }): [PinRole, StoredPin] => [role, { hash, length }])),
    version: row.version,
    createdAt: row.created_at,
  };
}

export function memberOf(row: MemberRow): Member {
  return {
    id: row.id,
    kind: row.user_name === null ? 'external' : 'internal',
    name: row.name,
    role: row.role,
    overrides: JSON.parse(row.overrides) as PermissionOverrides,
    ...(row.pin_hash === null ? {} : { pin: { hash: row.pin_hash, length: row.pin_length ?? 0 } }),
  };
}
