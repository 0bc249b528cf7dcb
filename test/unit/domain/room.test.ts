import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pin } from '../../../src/domain/pin-format.ts';
import { checkPins, newRoomSettings, roomRules, roomWarnings, validateRoom, type PinSlot, type Room, type RoomSettings } from '../../../src/domain/room.ts';

const settings: RoomSettings = newRoomSettings({ name: 'Team', aliases: ['2000'] });

describe('validateRoom', () => {
  const cases: readonly (readonly [string, Partial<RoomSettings>, string])[] = [
    ['a plain room', {}, ''],
    ['a number, a name, an E.164 number and a URI', { aliases: ['2000', 'Sales', '+4930123', 'sales@example.com'] }, ''],
    ['no alias', { aliases: [] }, 'alias_missing'],
    ['an alias with a space', { aliases: ['20 00'] }, 'alias_invalid'],
    ['an alias with a line break', { aliases: ['2000\r\nVia'] }, 'alias_invalid'],
    ['an empty alias', { aliases: [''] }, 'alias_invalid'],
    ['an alias of 129 characters', { aliases: ['a'.repeat(129)] }, 'alias_invalid'],
    ['an alias twice, in two cases', { aliases: ['sales', 'SALES'] }, 'alias_repeated'],
    ['an alias of the attendant', { aliases: ['Desk'] }, 'alias_reserved'],
    ['no name', { name: ' ' }, 'name_invalid'],
    ['a name of 51 characters', { name: 'x'.repeat(51) }, 'name_invalid'],
    ['a language that is none', { language: 'English' }, 'language_invalid'],
    ['a way out of the prompts folder', { language: '../x' }, 'language_invalid'],
    ['a language with a region', { language: 'pt-BR' }, ''],
    ['a limit of 0', { participantLimit: 0 }, 'limit_invalid'],
    ['a limit of 2.5', { participantLimit: 2.5 }, 'limit_invalid'],
    ['a limit that is no number', { participantLimit: Number.NaN }, 'limit_invalid'],
    ['a limit of 1', { participantLimit: 1 }, ''],
    ['two mistakes at once', { name: '', language: 'x' }, 'name_invalid language_invalid'],
  ];
  for (const [name, change, expected] of cases) {
    it(`${name}: ${expected === '' ? 'accepted' : expected}`, () => {
      const result = validateRoom({ ...settings, ...change }, ['desk']);
      assert.equal(result.ok ? '' : result.error.map(({ code }) => code).join(' '), expected);
    });
  }

  it('normalises aliases and name', () => {
    const result = validateRoom({ ...settings, name: ' Team ', aliases: [' Sales '] }, []);
    assert.deepEqual(result.ok && [result.value.name, result.value.aliases], ['Team', ['sales']]);
  });
});

describe('checkPins', () => {
  const none: PinSlot = { kind: 'none' };
  const fresh = (digits: string): PinSlot => ({ kind: 'new', pin: new Pin(digits) });
  const kept = (digits: string): PinSlot => ({ kind: 'kept', is: (pin) => pin.reveal() === digits });
  const cases: readonly (readonly [string, PinSlot, PinSlot, string])[] = [
    ['PX-11 no PIN at all', none, none, 'accepted'],
    ['PX-12 host PIN only', fresh('1357'), none, 'accepted'],
    ['PX-13 both, different', fresh('1357'), fresh('2468'), 'accepted'],
    ['PX-20 guest PIN without host PIN', none, fresh('2468'), 'guest_pin_needs_host_pin'],
    ['PX-20 host PIN taken away from under a guest PIN', none, kept('2468'), 'guest_pin_needs_host_pin'],
    ['both new and equal', fresh('1357'), fresh('1357'), 'pins_equal'],
    ['new guest PIN equal to the stored host PIN', kept('1357'), fresh('1357'), 'pins_equal'],
    ['new host PIN equal to the stored guest PIN', fresh('2468'), kept('2468'), 'pins_equal'],
    ['new guest PIN beside a stored host PIN', kept('1357'), fresh('2468'), 'accepted'],
    ['both kept', kept('1357'), kept('2468'), 'accepted'],
  ];
  for (const [name, host, guest, expected] of cases) {
    it(`${name}: ${expected}`, () => {
      const result = checkPins(host, guest);
      assert.equal(result.ok ? 'accepted' : result.error.code, expected);
      if (!result.ok) assert.doesNotMatch(JSON.stringify(result.error), /1357|2468/);
    });
  }
});

describe('what is told about a room', () => {
  const room: Room = { ...settings, id: 'r', version: 1, createdAt: 0, members: [], pins: { host: { hash: 'h', length: 4 }, guest: { hash: 'g', length: 7 } } };

  it('PX-03 warns of a room without a host PIN', () => {
    assert.deepEqual(roomWarnings({ pins: {} }), ['no_host_pin']);
    assert.deepEqual(roomWarnings(room), []);
  });

  it('gives the rules which PINs there are and the longest of them', () => {
    assert.deepEqual(roomRules(room), {
      id: 'r',
      name: 'Team',
      language: 'en',
      hasHostPin: true,
      hasGuestPin: true,
      longestPin: 7,
      pinHostControls: 'none',
      mediaEncryption: 'optional',
      muteGuestsOnJoin: false,
      anonymous: { moderator: true, speaker: true },
      rolePermissions: { moderator: {}, speaker: {} },
      rules: {},
      members: [],
      memberReuse: 'flag',
    });
    assert.equal(roomRules({ ...room, pins: {} }).longestPin, 0);
    assert.equal(roomRules({ ...room, participantLimit: 5 }).participantLimit, 5);
  });
});
