import type { Problem } from '../lib/problem.ts';

export type StoreProblemCode =
  /** The disk (or the quota) is full; nothing of the write was kept. */
  | 'store_full'
  /** Another process holds the database. */
  | 'store_locked'
  /** The file is damaged or is not a database of ours. */
  | 'store_corrupt'
  /** No permission, a read-only file system, or an I/O error. */
  | 'store_unwritable'
  /** Made by a newer version. */
  | 'store_newer'
  | 'store_failed'
  | 'alias_taken'
  /** Another PIN of the room has these digits. */
  | 'pins_equal'
  /** What was to be changed is not the version that was read. */
  | 'version_conflict'
  /** The cursor is none that a list has given. */
  | 'cursor_invalid'
  | 'room_unknown'
  | 'room_full_of_members'
  | 'member_exists'
  | 'member_unknown'
  | 'user_exists'
  | 'user_unknown'
  | 'api_key_unknown'
  | 'webhook_unknown'
  | 'recording_unknown'
  | 'number_rule_unknown';

export type StoreProblem = Problem<StoreProblemCode>;
