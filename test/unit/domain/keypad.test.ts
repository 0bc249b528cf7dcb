import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from '../../properties.ts';
import { initialKeypad, keypadStep, validateKeypad, type KeypadEffect, type KeypadEvent, type KeypadState, type KeypadTable } from '../../../src/domain/keypad.ts';
import { policy, promptText, second } from './fixtures.ts';
import { Timeline } from './timeline.ts';

class Phone extends Timeline<KeypadState, KeypadEvent, KeypadEffect> {
  constructor() {
    super({ initial: initialKeypad(), step: (state, event) => keypadStep(state, event, policy.keypad), fired: () => ({ type: 'timer', name: 'code' }) });
  }

  keys(text: string): this {
    for (const digit of text) this.post({ type: 'digit', digit });
    return this;
  }

  after(ms: number): this {
    this.advance(ms);
    return this;
  }

  promptEnded(): this {
    this.post({ type: 'promptEnded' });
    return this;
  }

  did(): readonly string[] {
    return this.take().map((effect) => {
      if (effect.do === 'say') return `say ${promptText(effect.prompts)}`;
      if (effect.do !== 'command') return effect.do;
      return effect.command.type === 'claimHost' ? `claimHost ${effect.command.entry.reveal()}` : effect.command.type;
    });
  }
}

describe('keypad, policy section 7', () => {
  const unknown = 'say code_unknown, help_hint, star, numbers/0';
  const rows: readonly (readonly [name: string, keys: string, did: readonly string[]])[] = [
    ['help', '*0', ['help']],
    ['hand', '*3', ['toggleHand']],
    ['count', '*4', ['count']],
    ['mute all guests', '*5', ['toggleMuteGuests']],
    ['mute self', '*6', ['toggleMuteSelf']],
    ['lock', '*7', ['toggleLock']],
    ['layout', '*8', ['nextLayout']],
    ['admit next', '*91', ['admitNext']],
    ['refuse next', '*92', ['refuseNext']],
    ['claim host', '*1135792#', ['say enter_host_pin', 'claimHost 135792']],
    ['claim host, nothing keyed: no attempt', '*1#', ['say enter_host_pin']],
    ['claim host, then another code: dropped', '*1135*6', ['say enter_host_pin', 'toggleMuteSelf']],
    ['end for all, confirmed', '*943', ['say end_confirm', 'endForAll']],
    ['N-13: end for all, another digit: not confirmed', '*944', ['say end_confirm', 'say end_cancelled']],
    ['end for all, `#`: not confirmed', '*94#', ['say end_confirm', 'say end_cancelled']],
    ['end for all, another code: not confirmed', '*94*6', ['say end_confirm', 'toggleMuteSelf']],
    ['`**` starts anew', '*9**6', ['toggleMuteSelf']],
    ['PXD-20: a doubled `*` is one', '**6', ['toggleMuteSelf']],
    ['bare digits and `#` do nothing', '0123456789#', []],
    ['`#` in a code does nothing', '*#6', ['toggleMuteSelf']],
    ['after a code the digits are bare again', '*6666', ['toggleMuteSelf']],
    ['unassigned 2', '*2', [unknown]],
    ['unassigned 93', '*93', [unknown]],
    ['unassigned 95, then bare digits', '*9543', [unknown]],
  ];
  for (const [name, keys, did] of rows) it(`${name}: ${keys}`, () => assert.deepEqual(new Phone().keys(keys).did(), did));

  it('3 s without a digit drop a code', () => {
    assert.deepEqual(new Phone().keys('*').after(3 * second).keys('6').did(), []);
    assert.deepEqual(new Phone().keys('*9').after(3 * second).keys('1').did(), []);
    assert.deepEqual(new Phone().keys('*').after(3 * second - 1).keys('9').after(3 * second - 1).keys('1').did(), ['admitNext']);
  });

  it('`*1`: the 3 s begin when the prompt has ended', () => {
    const phone = new Phone().keys('*1').after(10 * second).promptEnded().after(3 * second - 1).keys('1357#');
    assert.deepEqual(phone.did(), ['say enter_host_pin', 'claimHost 1357']);
    assert.deepEqual(new Phone().keys('*1').promptEnded().after(3 * second).keys('1357#').did(), ['say enter_host_pin']);
  });

  it('`*1`: and between digits; abandoned, it is no attempt', () => {
    assert.deepEqual(new Phone().keys('*113').after(3 * second).keys('57#').did(), ['say enter_host_pin']);
    assert.deepEqual(new Phone().keys('*113').after(2 * second).promptEnded().after(second).keys('57#').did(), ['say enter_host_pin']);
  });

  it('`*94`: 3 s after the prompt it is cancelled, and said', () => {
    const phone = new Phone().keys('*94').after(5 * second).promptEnded().after(3 * second);
    assert.deepEqual(phone.did(), ['say end_confirm', 'say end_cancelled']);
    assert.deepEqual(phone.keys('3').did(), []);
  });

  it('the end of a prompt is never told: dropped all the same', () => {
    const phone = new Phone().keys('*1').after(15 * second);
    assert.deepEqual(phone.state, { at: 'idle' });
  });

  it('an entry is bounded, and cut it is still wrong', () => {
    const phone = new Phone().keys(`*1${'1'.repeat(500)}#`);
    assert.deepEqual(phone.did().at(-1), `claimHost ${'1'.repeat(21)}`);
  });

  it('whatever is keyed, all ends idle without a timer, and no PIN shows', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Array.from('0123456789*#A')), { maxLength: 40, size: 'max' }), (keys) => {
        const phone = new Phone().keys(keys.join(''));
        phone.keys('*186420');
        assert.doesNotMatch(inspect(phone.state) + JSON.stringify(phone.state), /8642/);
        phone.after(15 * second);
        assert.deepEqual([phone.state, phone.timers()], [{ at: 'idle' }, {}]);
      }),
    );
  });
});

describe('a keypad table, N-13', () => {
  it('the one of policy section 7 is accepted', () => {
    const { table } = policy.keypad;
    assert.deepEqual(validateKeypad(table), { ok: true, value: table });
  });

  const rows: readonly (readonly [name: string, table: KeypadTable, code: string | undefined])[] = [
    ['a digit lost makes a count an end', { 94: 'endForAll', 934: 'count' }, 'keypad_code_confusable'],
    ['the first digit lost', { 44: 'endForAll', 144: 'count' }, 'keypad_code_confusable'],
    ['a digit doubled', { 944: 'endForAll', 94: 'count' }, 'keypad_code_prefix'],
    ['a digit doubled, not at the end', { 994: 'endForAll', 94: 'count' }, 'keypad_code_confusable'],
    ['a digit doubled, and the destructive code is complete before the last digit', { 10: 'count', 11: 'endForAll' }, 'keypad_code_confusable'],
    ['a refusal is destructive too', { 992: 'refuseNext', 92: 'admitNext' }, 'keypad_code_confusable'],
    ['a destructive code that becomes a harmless one is harmless', { 941: 'endForAll', 41: 'count' }, undefined],
    ['one code begins with another', { 9: 'count', 91: 'toggleHand' }, 'keypad_code_prefix'],
    ['the confirmation doubles the last digit', { 93: 'endForAll' }, 'keypad_confirmation_doubled'],
    ['not digits', { '*9': 'count' }, 'keypad_code_malformed'],
    ['nothing', { '': 'count' }, 'keypad_code_malformed'],
    ['too long', { 12345: 'count' }, 'keypad_code_malformed'],
    ['no codes at all', {}, undefined],
  ];
  for (const [name, table, code] of rows) {
    it(name, () => {
      const checked = validateKeypad(table);
      assert.equal(checked.ok ? undefined : checked.error.code, code);
    });
  }

  it('in an accepted table no lost or doubled digit of a harmless code ends or refuses anybody', () => {
    const codes = fc.stringMatching(/^[0-9]{1,3}$/);
    const does = fc.constantFrom('count', 'toggleHand', 'endForAll', 'refuseNext', 'toggleMuteSelf');
    fc.assert(
      fc.property(fc.dictionary(codes, does, { maxKeys: 6 }), (dictionary) => {
        const table = { ...dictionary } as KeypadTable;
        if (!validateKeypad(table).ok) return;
        for (const [code, action] of Object.entries(table)) {
          if (action === 'endForAll' || action === 'refuseNext') continue;
          for (let at = 0; at < code.length; at++) {
            for (const slip of [code.slice(0, at) + code.slice(at + 1), code.slice(0, at + 1) + code.slice(at)]) {
              let state = initialKeypad();
              for (const digit of `*${slip}`) {
                const next = keypadStep(state, { type: 'digit', digit }, { table, codeTimeoutMs: 1 });
                state = next.state;
                assert.ok(next.effects.every((effect) => effect.do !== 'command' || (effect.command.type !== 'endForAll' && effect.command.type !== 'refuseNext')));
                assert.notEqual(state.at, 'confirm');
              }
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
