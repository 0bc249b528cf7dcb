import type { KeypadAction, KeypadTable } from '../domain/keypad.ts';
import type { Policy } from '../domain/policy.ts';
import type { Config } from './schema.ts';

/** The settings as the rules take them: milliseconds. */
export function policyOf(config: Config): Policy {
  const { pin, lobby, ending, keypad } = config;
  return {
    pin: {
      minLength: pin.minLength,
      maxLength: pin.maxLength,
      attempts: pin.attempts,
      firstDigitMs: ms(pin.firstDigit),
      interDigitMs: ms(pin.interDigit),
      screenMs: ms(pin.screen),
    },
    lobby: {
      firstPromptMs: ms(lobby.firstPrompt),
      repeatPromptMs: ms(lobby.repeat),
      waitingForHostMs: ms(ending.waitingForHost),
      lockedOutMs: ms(ending.lockedOut),
    },
    ending: {
      guestsOnlyMs: ms(ending.guestsOnly),
      // The default warnings outlast a shorter time somebody chose.
      guestsOnlyWarningsMs: ending.guestsOnlyWarnings.filter((warning) => warning < ending.guestsOnly).map(ms),
      loneParticipantMs: ms(ending.loneParticipant),
      noMediaMs: ms(ending.noMedia),
      longestConnectionMs: ms(ending.longestConnection),
      longestConnectionWarningMs: ending.longestConnectionWarning < ending.longestConnection ? ms(ending.longestConnectionWarning) : 0,
      lockReleaseMs: ms(ending.lockRelease),
    },
    keypad: { table: keypadTable(config), codeTimeoutMs: ms(keypad.codeTimeout) },
  };
}

/** Codes as keyed after their `*`, to what they do. */
export function keypadTable(config: Pick<Config, 'keypad'>): KeypadTable {
  const entries = Object.entries(config.keypad.codes) as [KeypadAction, string | null][];
  return Object.fromEntries(entries.flatMap(([action, code]) => (code === null ? [] : [[code.slice(1), action]])));
}

const ms = (seconds: number): number => Math.round(seconds * 1_000);
