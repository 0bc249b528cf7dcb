import type { Policy, RoomRules } from '../../../src/domain/policy.ts';
import type { Prompt } from '../../../src/domain/prompts.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** The defaults of policy.md. */
export const policy: Policy = {
  pin: { minLength: 4, maxLength: 9, attempts: 3, firstDigitMs: 10 * second, interDigitMs: 5 * second, screenMs: 120 * second },
  lobby: { firstPromptMs: 5 * second, repeatPromptMs: minute, waitingForHostMs: 15 * minute, lockedOutMs: 15 * minute },
  ending: {
    guestsOnlyMs: 5 * minute,
    guestsOnlyWarningsMs: [120 * second, 60 * second],
    loneParticipantMs: 4 * hour,
    noMediaMs: 120 * second,
    longestConnectionMs: 12 * hour,
    longestConnectionWarningMs: minute,
    lockReleaseMs: 24 * hour,
  },
  keypad: {
    table: {
      0: 'help',
      1: 'claimHost',
      3: 'toggleHand',
      4: 'count',
      5: 'toggleMuteGuests',
      6: 'toggleMuteSelf',
      7: 'toggleLock',
      8: 'nextLayout',
      91: 'admitNext',
      92: 'refuseNext',
      94: 'endForAll',
    },
    codeTimeoutMs: 3 * second,
  },
};

const room: RoomRules = {
  id: 'r1',
  name: 'Room',
  language: 'en',
  hasHostPin: false,
  hasGuestPin: false,
  longestPin: 0,
  pinHostControls: 'none',
  mediaEncryption: 'optional',
  muteGuestsOnJoin: false,
  anonymous: { moderator: true, speaker: true },
  rolePermissions: { moderator: {}, speaker: {} },
  rules: {},
  members: [],
  memberReuse: 'flag',
};

export const noPins = room;
export const hostPinOnly: RoomRules = { ...room, hasHostPin: true, longestPin: 6 };
export const bothPins: RoomRules = { ...room, hasHostPin: true, hasGuestPin: true, longestPin: 6 };

/** `enter_pin`, or `count 3` for a sentence with a number. */
export const promptText = (prompts: readonly Prompt[]): string => prompts.map((prompt) => ('count' in prompt ? `${prompt.key} ${prompt.count}` : prompt.key)).join(', ');
