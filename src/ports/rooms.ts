import type { PinMatch } from '../domain/admission.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { PinRole, Room, RoomId, RoomSettings } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

/** A change of PINs: absent keeps what is there, `null` removes it. */
export type PinChange = { readonly [role in PinRole]?: Pin | null };

/** Absent keeps what is there. */
export interface RoomChange {
  /** Validated, whole. */
  readonly settings?: RoomSettings;
  /** The rules between them have been checked. */
  readonly pins?: PinChange;
}

/** A room in a list: members are counted. */
export type RoomSummary = Omit<Room, 'members'> & { readonly memberCount: number };

export interface RoomQuery extends PageQuery {
  /** Name of its owner. */
  readonly owner?: string;
  /** Name of a user who is an internal member of it. */
  readonly member?: string;
  /** Part of its name, in any case. */
  readonly name?: string;
}

export type LinkRole = 'moderator' | 'speaker';

/** What a link gives: a role to whoever has it, or a member's place. */
export type LinkGrant = { readonly kind: 'anonymous'; readonly role: LinkRole } | { readonly kind: 'member'; readonly id: string };

/** Rooms, their PINs and links. Reads see every change made before them, also by another process. */
export interface RoomStore {
  byId(id: RoomId): Promise<Result<Room | undefined, StoreProblem>>;
  /** `alias` in any case. Several share one only when they are never active at once; in order of creation. */
  byAlias(alias: string): Promise<Result<readonly Room[], StoreProblem>>;
  /** Whose link this is; whether its way is enabled is for the rules to say. */
  byToken(token: string): Promise<Result<{ readonly room: Room; readonly grant: LinkGrant } | undefined, StoreProblem>>;
  /** In order of creation. */
  list(query: RoomQuery): Promise<Result<Page<RoomSummary>, StoreProblem>>;
  /** `settings` have been validated. The links are made with it. Fails with `alias_taken`, `pins_equal`, `user_unknown` (the owner); then nothing is written. */
  add(settings: RoomSettings, pins: PinChange, trail: TrailOf<[added: Room]>): Promise<Result<Room, StoreProblem>>;
  /** Settings and PINs change together or not at all (PX-21). `version`: the one that was read; absent, the last change wins. Fails as `add`, and with `version_conflict`. */
  change(id: RoomId, version: number | undefined, change: RoomChange, trail: TrailOf<[after: Room, before: Room]>): Promise<Result<Room, StoreProblem>>;
  /** Those that are not there are passed over. Answers those that were. */
  remove(ids: readonly RoomId[], trail: TrailOf<[removed: readonly Room[]]>): Promise<Result<readonly Room[], StoreProblem>>;
  /** The guest PIN in clear, for invitations and the greeting at the start; a host PIN cannot be had back. */
  guestPin(id: RoomId): Promise<Result<Pin | undefined, StoreProblem>>;
  /** Which PIN of the room this is: a member's, the host's or the guests' (OV-33), in time that does not depend on it. */
  identify(room: Room, pin: Pin): PinMatch;
  /** The tokens of the anonymous links, in clear. */
  links(id: RoomId): Promise<Result<Readonly<Record<LinkRole, string>>, StoreProblem>>;
  /** The token used so far is worth nothing afterwards, nor what was logged in with it. Answers the new one. */
  renewLink(id: RoomId, role: LinkRole, trail: TrailOf<[room: Room]>): Promise<Result<string, StoreProblem>>;
}
