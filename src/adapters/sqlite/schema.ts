import type { Generated } from 'kysely';

/**
 * The tables as queries see them. Only types that SQLite and PostgreSQL share: truth values are 0 and 1, times are
 * milliseconds since the epoch, hashes and what is sealed are base64; what no query looks into is JSON.
 */
export interface Tables extends CallDetailTables, LoginTables, ReportTables {
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
    owner: string | null;
    /** JSON. */
    role_permissions: string;
    rules: string;
    member_reuse: 'flag' | 'refuse';
    /** JSON. */
    schedule: string | null;
    preconfigured: string;
    version: number;
    created_at: number;
  };
  /** `settings` is JSON. */
  number_rules: { seq: Generated<number>; id: string; settings: string; password_sealed: string | null; version: Generated<number> };
  room_aliases: { room_id: string; position: number; alias: string };
  room_pins: { room_id: string; role: 'host' | 'guest'; hash: string; length: number; sealed: string | null };
  room_links: { room_id: string; role: 'moderator' | 'speaker'; hash: string; sealed: string };
  members: {
    seq: Generated<number>;
    room_id: string;
    id: string;
    /** The user an internal member is. */
    user_name: string | null;
    name: string;
    role: 'moderator' | 'speaker';
    /** JSON. */
    overrides: string;
    pin_hash: string | null;
    pin_length: number | null;
    pin_sealed: string | null;
    token_hash: string;
    token_sealed: string;
  };
  users: { seq: Generated<number>; name: string; display: string; privilege: string; password_hash: string | null; must_change_password: number; version: number; created_at: number };
  user_sip: { user_name: string; realm: string; ha1_md5: string; ha1_sha256: string };
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
  recordings: {
    seq: Generated<number>;
    id: string;
    room_id: string;
    conference_id: string;
    started_at: number;
    ended_at: number | null;
    bytes: number;
    path: string;
    state: 'active' | 'paused' | 'complete' | 'failed';
  };
  /** `state` is JSON. */
  live_participants: { call_id: string; state: string };
  live_conferences: { room_id: string; state: string };
}

interface LoginTables {
  tokens: {
    hash: string;
    use: 'access' | 'refresh';
    user_name: string | null;
    room_id: string | null;
    member_id: string | null;
    link_role: 'moderator' | 'speaker' | null;
    family: string;
    created_at: number;
    expires_at: number;
    /** When a refresh token was given out anew. */
    used_at: number | null;
    from_address: string;
    user_agent: string;
  };
  api_keys: {
    seq: Generated<number>;
    id: string;
    name: string;
    hash: string;
    prefix: string;
    /** JSON list. */
    scopes: string;
    created_by: string;
    created_at: number;
    last_used_at: number | null;
    expires_at: number | null;
  };
  /** `status` null: it is being carried out. */
  idempotency_keys: { actor: string; key: string; request_hash: string; status: number | null; body: string | null; expires_at: number };
}

interface ReportTables {
  /** `before` and `after` are JSON. */
  audit: { seq: Generated<number>; at: number; actor: string; from_address: string; action: string; object: string; before: string | null; after: string | null };
  /** `data` is JSON. */
  events: { id: Generated<number>; room_id: string | null; seq: number | null; at: number; type: string; call_id: string | null; data: string };
  event_sequences: { room_id: string; last: number };
  webhooks: {
    seq: Generated<number>;
    id: string;
    url: string;
    /** JSON lists. */
    events: string | null;
    rooms: string | null;
    state: 'active' | 'paused';
    secret_sealed: string;
    cursor: number;
    failures: Generated<number>;
    next_attempt_at: number | null;
    created_at: number;
    version: Generated<number>;
  };
  /** `event` is JSON. */
  webhook_dead_letters: { webhook_id: string; event_id: number; seq: number | null; event: string; at: number; problem: string };
  /** `inputs` is JSON. */
  decisions: { seq: Generated<number>; call_id: string; at: number; stage: string; rule: string; outcome: string; inputs: string };
}

interface CallDetailTables {
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
