import type { Member } from '../domain/member.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { Room, RoomId } from '../domain/room.ts';
import type { Result } from '../lib/result.ts';
import type { Page, PageQuery } from './page.ts';
import type { StoreProblem } from './store-problem.ts';
import type { TrailOf } from './trail.ts';

/** `pin`: to be set, `null` for none, absent to keep what is there. */
export type MemberGiven = Omit<Member, 'pin'> & { readonly pin?: Pin | null };

/** The explicit members of rooms. An internal member is gone with its user, every member with its room. */
export interface MemberStore {
  /** In order of adding. Fails with `room_unknown`. */
  list(room: RoomId, query: PageQuery): Promise<Result<Page<Member>, StoreProblem>>;
  /**
   * Validated before; its link is made with it. Fails with `room_unknown`, `member_exists`, `room_full_of_members`, `pins_equal`, and with
   * `user_unknown` for an internal member whose user is not there.
   */
  add(room: RoomId, member: MemberGiven, trail: TrailOf<[added: Member, room: Room]>): Promise<Result<{ readonly member: Member; readonly room: Room }, StoreProblem>>;
  /** Its id and kind stay. Fails with `room_unknown`, `member_unknown`, `pins_equal`. */
  change(room: RoomId, member: MemberGiven, trail: TrailOf<[after: Member, before: Member, room: Room]>): Promise<Result<{ readonly member: Member; readonly room: Room }, StoreProblem>>;
  /** Those that are not there are passed over. Answers those that were; what was logged in with their links is logged out. */
  remove(room: RoomId, ids: readonly string[], trail: TrailOf<[removed: readonly Member[], room: Room]>): Promise<Result<readonly Member[], StoreProblem>>;
  /** The token of its link, in clear; undefined when there is no such member. */
  token(room: RoomId, id: string): Promise<Result<string | undefined, StoreProblem>>;
  /** Its PIN in clear, for its invitation. */
  pin(room: RoomId, id: string): Promise<Result<Pin | undefined, StoreProblem>>;
  /** The token used so far is worth nothing afterwards. Answers the new one. */
  renewToken(room: RoomId, id: string, trail: TrailOf<[member: Member, room: Room]>): Promise<Result<string, StoreProblem>>;
}
