import type { Generated } from 'kysely';

/**
 * The tables as queries see them. Only types that SQLite and PostgreSQL share: truth values are 0 and 1, times are
 * milliseconds since the epoch, hashes and what is sealed are base64.
 */
export interface Tables {
  meta: { key: string; value: string };
  rooms: {
    /** Order of creation. */
    seq: Generated<number>;
    id: string;
    name: string;
    language: string;
    mute_guests_on_join: number;
    participant_limit: number | null;
    pin_host_controls: 'none' | 'full';
    anonymous_moderator: number;
    anonymous_speaker: number;
    media_encryption: 'optional' | 'required';
  };
  room_aliases: { alias: string; room_id: string; position: number };
  room_pins: { room_id: string; role: 'host' | 'guest'; hash: string; length: number; sealed: string | null };
  users: { seq: Generated<number>; name: string; display: string; realm: string; ha1_md5: string; ha1_sha256: string };
  user_bindings: {
    user_name: string;
    key: string;
    uri: string;
    host: string;
    parameters: string;
    call_id: string;
    cseq: number;
    expires_at: number;
    updated_at: number;
    /** JSON list of URIs. */
    path: string;
    source_address: string;
    source_port: number;
    source_transport: string;
    user_agent: string;
  };
  cdr_calls: {
    id: string;
    protocol: string;
    call_id: string;
    caller: string;
    alias: string;
    room_id: string | null;
    conference_id: string | null;
    role: string | null;
    rule: string | null;
    started_at: number;
    answered_at: number | null;
    joined_at: number | null;
    ended_at: number | null;
    end_reason: string | null;
    end_cause: string | null;
    end_fault: string | null;
  };
  cdr_conferences: { id: string; room_id: string; started_at: number; ended_at: number | null; end_reason: string | null; peak_participants: number | null };
}
