import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Policy } from './policy.ts';

/** Rules of policy.md section 5 a room has for itself, in seconds; absent: those of the configuration. */
export interface RoomRuleOverrides {
  readonly guestsOnly?: number;
  readonly loneParticipant?: number;
  readonly noMedia?: number;
  readonly longestConnection?: number;
  readonly waitingForHost?: number;
  readonly lockedOut?: number;
}

export type RoomRuleName = keyof RoomRuleOverrides;

const day = 86_400;

/** Within which a room chooses, in seconds; `off`: 0 turns the rule off, and may be chosen too. */
export const ruleBounds: Readonly<Record<RoomRuleName, { readonly least: number; readonly most: number; readonly off?: true }>> = {
  guestsOnly: { least: 0, most: day },
  loneParticipant: { least: 60, most: day, off: true },
  noMedia: { least: 15, most: 600 },
  longestConnection: { least: 60, most: day },
  waitingForHost: { least: 30, most: day },
  lockedOut: { least: 30, most: day },
};

const names = Object.keys(ruleBounds) as readonly RoomRuleName[];

/** `longestConnection`: of the configuration, in seconds; no room goes beyond it. 0: there is none. */
export function checkRules(rules: RoomRuleOverrides, longestConnection: number): Result<void, readonly Problem<'rule_out_of_range'>[]> {
  const problems = names.flatMap((name): Problem<'rule_out_of_range'>[] => {
    const seconds = rules[name];
    if (seconds === undefined) return [];
    const { least, most: bound, off } = ruleBounds[name];
    const most = name === 'longestConnection' && longestConnection > 0 ? Math.min(bound, longestConnection) : bound;
    if ((off === true && seconds === 0) || (Number.isInteger(seconds) && seconds >= least && seconds <= most)) return [];
    return [{ code: 'rule_out_of_range', message: `${name} is out of range`, advice: `give ${off === true ? '0, or ' : ''}${least} to ${most} whole seconds`, field: `rules.${name}` }];
  });
  return problems.length === 0 ? ok(undefined) : err(problems);
}

/** The policy as a room has it. */
export function policyWith(policy: Policy, rules: RoomRuleOverrides): Policy {
  const { guestsOnly, loneParticipant, noMedia, longestConnection, waitingForHost, lockedOut } = rules;
  const { lobby, ending } = policy;
  const guestsOnlyMs = ms(guestsOnly, ending.guestsOnlyMs);
  const longestConnectionMs = atMost(ms(longestConnection, ending.longestConnectionMs), ending.longestConnectionMs);
  return {
    ...policy,
    lobby: { ...lobby, waitingForHostMs: ms(waitingForHost, lobby.waitingForHostMs), lockedOutMs: ms(lockedOut, lobby.lockedOutMs) },
    ending: {
      ...ending,
      guestsOnlyMs,
      guestsOnlyWarningsMs: ending.guestsOnlyWarningsMs.filter((before) => before < guestsOnlyMs),
      loneParticipantMs: ms(loneParticipant, ending.loneParticipantMs),
      noMediaMs: ms(noMedia, ending.noMediaMs),
      longestConnectionMs,
    },
  };
}

const ms = (seconds: number | undefined, otherwise: number): number => (seconds === undefined ? otherwise : seconds * 1_000);

/** A bound of 0 is none. */
const atMost = (chosen: number, bound: number): number => (bound === 0 ? chosen : Math.min(chosen, bound));
