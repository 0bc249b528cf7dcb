import { parseOverrides, type RolePermissions, type RoomRole } from '../domain/permissions.ts';
import type { DialTarget } from '../domain/dial.ts';
import { newRoomSettings, type RoomSettings } from '../domain/room.ts';
import type { RoomRuleName } from '../domain/room-rules.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { PinsGiven } from './room-pins.ts';
import { scheduleOf, type ScheduleGiven } from './schedule-view.ts';

type Toggles = { readonly [role in RoomRole]?: { readonly enabled?: boolean } };
type Granted = Readonly<Record<string, boolean>>;

export type DialTargetGiven = Pick<DialTarget, 'uri'> & { readonly [name in Exclude<keyof DialTarget, 'uri'>]?: DialTarget[name] };

/** A room as the API is given it: what is absent stays (or has its default), null takes away. */
export interface RoomGiven {
  readonly name?: string;
  readonly aliases?: readonly string[];
  readonly language?: string;
  readonly muteGuestsOnJoin?: boolean;
  readonly participantLimit?: number | null;
  readonly mediaEncryption?: RoomSettings['mediaEncryption'];
  readonly pinHostControls?: RoomSettings['pinHostControls'];
  readonly anonymous?: Toggles;
  /** OVD-06: where newer versions of OpenVidu Meet have `anonymous`. */
  readonly access?: { readonly anonymous?: Toggles };
  readonly owner?: string | null;
  /** A role that is given loses the overrides it had. */
  readonly rolePermissions?: { readonly [role in RoomRole]?: Granted };
  /** OVD-04: as OpenVidu Meet writes `rolePermissions`. */
  readonly roles?: { readonly [role in RoomRole]?: { readonly permissions: Granted } };
  readonly rules?: { readonly [rule in RoomRuleName]?: number | null };
  readonly memberReuse?: RoomSettings['memberReuse'];
  readonly schedule?: ScheduleGiven | null;
  readonly preconfigured?: readonly DialTargetGiven[];
  readonly pins?: PinsGiven;
}

/** The settings of `before` with what is given. Not yet validated by the domain. */
export function settingsWith(before: RoomSettings, given: RoomGiven): Result<RoomSettings, readonly Problem[]> {
  const { participantLimit, owner, schedule, ...kept } = before;
  const anonymous = anonymousOf(before.anonymous, given);
  const permissions = permissionsOf(before.rolePermissions, given);
  if (!anonymous.ok || !permissions.ok) return err([...(anonymous.ok ? [] : anonymous.error), ...(permissions.ok ? [] : permissions.error)]);
  const limit = given.participantLimit === undefined ? participantLimit : (given.participantLimit ?? undefined);
  const newOwner = given.owner === undefined ? owner : (given.owner ?? undefined);
  const newSchedule = given.schedule === undefined ? schedule : given.schedule === null ? undefined : scheduleOf(given.schedule);
  return ok({
    ...kept,
    name: given.name ?? before.name,
    aliases: given.aliases ?? before.aliases,
    language: given.language ?? before.language,
    muteGuestsOnJoin: given.muteGuestsOnJoin ?? before.muteGuestsOnJoin,
    ...(limit === undefined ? {} : { participantLimit: limit }),
    mediaEncryption: given.mediaEncryption ?? before.mediaEncryption,
    pinHostControls: given.pinHostControls ?? before.pinHostControls,
    anonymous: anonymous.value,
    ...(newOwner === undefined ? {} : { owner: newOwner.trim().toLowerCase() }),
    rolePermissions: permissions.value,
    rules: Object.fromEntries(Object.entries({ ...before.rules, ...given.rules }).filter(([, seconds]) => seconds !== null)),
    memberReuse: given.memberReuse ?? before.memberReuse,
    ...(newSchedule === undefined ? {} : { schedule: newSchedule }),
    preconfigured: given.preconfigured?.map((target) => ({ role: 'speaker', keepAlive: 'always', redial: 'none', ...target })) ?? before.preconfigured,
  });
}

/** Of a room to be made. */
export const settingsOf = (given: RoomGiven, defaults: Pick<RoomSettings, 'language' | 'mediaEncryption'>): Result<RoomSettings, readonly Problem[]> => settingsWith(newRoomSettings({ name: given.aliases?.[0] ?? '', aliases: [], ...defaults }), given);

function anonymousOf(before: RoomSettings['anonymous'], { anonymous, access }: RoomGiven): Result<RoomSettings['anonymous'], readonly Problem[]> {
  const problems: Problem[] = [];
  const toggle = (role: RoomRole): { readonly enabled: boolean } => {
    const [seeds, newer] = [anonymous?.[role]?.enabled, access?.anonymous?.[role]?.enabled];
    if (seeds !== undefined && newer !== undefined && seeds !== newer) problems.push(contradiction(`access.anonymous.${role}.enabled`, `anonymous.${role}.enabled`));
    return { enabled: seeds ?? newer ?? before[role].enabled };
  };
  const toggled = { moderator: toggle('moderator'), speaker: toggle('speaker') };
  return problems.length === 0 ? ok(toggled) : err(problems);
}

function permissionsOf(before: RolePermissions, given: RoomGiven): Result<RolePermissions, readonly Problem[]> {
  const problems: Problem[] = [];
  const ofRole = (role: RoomRole): RolePermissions[RoomRole] => {
    const [seeds, newer] = [given.rolePermissions?.[role], given.roles?.[role]?.permissions];
    if (seeds === undefined && newer === undefined) return before[role];
    const fromSeeds = parseOverrides(seeds ?? {}, `rolePermissions.${role}`);
    const fromNewer = parseOverrides(newer ?? {}, `roles.${role}.permissions`);
    if (!fromSeeds.ok || !fromNewer.ok) {
      problems.push(...(fromSeeds.ok ? [] : fromSeeds.error), ...(fromNewer.ok ? [] : fromNewer.error));
      return {};
    }
    for (const [name, granted] of Object.entries(fromNewer.value)) {
      if ((Object.entries(fromSeeds.value).find(([other]) => other === name)?.[1] ?? granted) !== granted) problems.push(contradiction(`roles.${role}.permissions.${name}`, `rolePermissions.${role}`));
    }
    return { ...fromNewer.value, ...fromSeeds.value };
  };
  const permissions = { moderator: ofRole('moderator'), speaker: ofRole('speaker') };
  return problems.length === 0 ? ok(permissions) : err(problems);
}

const contradiction = (field: string, other: string): Problem => ({ code: 'alias_contradiction', message: `${field} contradicts ${other}`, advice: 'give one of them, or the same value', field });
