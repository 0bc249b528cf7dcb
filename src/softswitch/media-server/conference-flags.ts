/** The flag words of a join (`+flags{a|b}`, variables, profile), spelled as mod_conference spells them (C.3). */

export interface MemberFlags {
  readonly mute: boolean;
  readonly deaf: boolean;
  readonly moderator: boolean;
  /** The conference ends when this member leaves. */
  readonly endconf: boolean;
  /** It ends some time after the last of these has left. */
  readonly mandatoryEndconf: boolean;
  /** It ends when fewer than two are left. */
  readonly mintwo: boolean;
  /** Talking while muted is told. */
  readonly muteDetect: boolean;
  /** Not counted. */
  readonly ghost: boolean;
  /** No music while this member is alone. */
  readonly nomoh: boolean;
  /** Keys pressed are passed on to the others. */
  readonly distDtmf: boolean;
  /** Keys of others are not passed on to this member. */
  readonly skipDtmf: boolean;
  /** Joins only what is there. */
  readonly joinOnly: boolean;
  /** Video, which nobody sees: kept because it is listed. */
  readonly vmute: boolean;
  readonly blind: boolean;
}

export interface ConferenceFlags {
  /** Nobody is heard before the first moderator has come. */
  readonly waitMod: boolean;
  /** Everyone is mixed, however silent. */
  readonly audioAlways: boolean;
}

/** Words joined by `|`, as several sources give them. */
export function flagWords(...texts: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => (text ?? '').split(/[|,; ]+/)).map((word) => word.toLowerCase()));
}

export function memberFlags(words: ReadonlySet<string>): MemberFlags {
  return {
    mute: words.has('mute'),
    deaf: words.has('deaf'),
    moderator: words.has('moderator'),
    endconf: words.has('endconf'),
    // Underscores in mod_conference; a client that turns all of them into hyphens means the same (T-02).
    mandatoryEndconf: words.has('mandatory_member_endconf') || words.has('mandatory-member-endconf'),
    mintwo: words.has('mintwo'),
    muteDetect: words.has('mute-detect'),
    ghost: words.has('ghost'),
    nomoh: words.has('nomoh'),
    distDtmf: words.has('dist-dtmf'),
    skipDtmf: words.has('skip-dtmf'),
    joinOnly: words.has('join-only'),
    vmute: words.has('vmute'),
    blind: words.has('blind'),
  };
}

export function conferenceFlags(words: ReadonlySet<string>): ConferenceFlags {
  return { waitMod: words.has('wait-mod'), audioAlways: words.has('audio-always') };
}
