/** Why a leg ended: the product's reason. Wire causes and whose fault it was are looked up from it (`endCause`). */
export type EndReason =
  // the caller
  | 'caller_hung_up'
  | 'caller_cancelled'
  // admission
  | 'unknown_alias'
  | 'number_failed'
  | 'number_timeout'
  | 'pin_failed'
  | 'pin_timeout'
  | 'full'
  | 'refused'
  // endings by rule, policy.md section 5
  | 'guests_only_timeout'
  | 'lonely_timeout'
  | 'no_media'
  | 'max_duration'
  | 'wait_host_timeout'
  | 'locked_timeout'
  // people
  | 'host_ended'
  | 'kicked'
  | 'room_removed'
  | 'admin_ended'
  // media and signalling
  | 'no_common_codec'
  | 'bad_offer'
  | 'media_unavailable'
  | 'media_lost'
  | 'signalling_lost'
  | 'ack_timeout'
  // us
  | 'shutdown'
  | 'restart'
  | 'server_error';
