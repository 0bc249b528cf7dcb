import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from '../../properties.ts';
import { initialIvr, ivrStep, type IvrEffect, type IvrEvent, type IvrState, type IvrTimer } from '../../../src/domain/ivr.ts';
import { unreachable } from '../../../src/lib/result.ts';
import { bothPins, hostPinOnly, policy, promptText, second } from './fixtures.ts';
import { Timeline } from './timeline.ts';

class Caller extends Timeline<IvrState, IvrEvent, IvrEffect> {
  constructor() {
    super({ initial: initialIvr(), step: (state, event) => ivrStep(state, event, policy), fired: (name) => ({ type: 'timer', name: name as IvrTimer }) });
  }

  /** Keys, half a second apart where `pause` says so. */
  keys(text: string, pause = 0): this {
    for (const digit of text) {
      this.advance(pause);
      this.post({ type: 'digit', digit });
    }
    return this;
  }

  hears(): readonly string[] {
    return this.take().map(told);
  }
}

function told(effect: IvrEffect): string {
  switch (effect.do) {
    case 'play':
      return `play ${promptText(effect.prompts)}`;
    case 'stopPlay':
      return 'stop';
    case 'checkAttendantPin':
      return `attendant PIN ${effect.entry.reveal()}`;
    case 'checkNumber':
      return `number ${effect.number}`;
    case 'checkPin':
      return `PIN ${effect.entry.reveal()}`;
    case 'finish':
      return effect.outcome.kind === 'role' ? `${effect.outcome.role} by ${effect.outcome.rule}` : `end ${effect.outcome.reason}: ${promptText(effect.outcome.goodbye)}`;
    case 'startTimer':
    case 'cancelTimer':
      return effect.do;
    default:
      return unreachable(effect);
  }
}

const row9: IvrEvent = { type: 'startPin', room: hostPinOnly, rule: 'host_pin_only_closed', noPin: 'guest' };
const row10: IvrEvent = { type: 'startPin', room: bothPins, rule: 'both_pins', noPin: 'end' };
const wrong: IvrEvent = { type: 'pinChecked', match: 'none', room: bothPins };
const promptEnded: IvrEvent = { type: 'promptEnded' };

function asked(start: IvrEvent): Caller {
  const caller = new Caller();
  caller.post(start);
  caller.take();
  return caller;
}

function atAttendant(asksPin: boolean): Caller {
  return asked({ type: 'startAttendant', asksPin, longestNumber: 6 });
}

describe('PIN prompt, policy section 2', () => {
  it('row 9 says how to come in as a guest, row 10 does not', () => {
    const first = new Caller();
    first.post(row9);
    assert.deepEqual(first.hears(), ['play enter_pin_or_guest']);
    const second = new Caller();
    second.post(row10);
    assert.deepEqual(second.hears(), ['play enter_pin']);
  });

  it('barge-in: the first digit stops the prompt, the next ones do not stop anything', () => {
    assert.deepEqual(asked(row10).keys('13').hears(), ['stop']);
  });

  it('`#` submits', () => assert.deepEqual(asked(row10).keys('1234#').hears(), ['stop', 'PIN 1234']));

  it('5 s without a digit submit', () => {
    const caller = asked(row10).keys('1234');
    caller.advance(5 * second - 1);
    assert.deepEqual(caller.hears(), ['stop']);
    caller.advance(1);
    assert.deepEqual(caller.hears(), ['PIN 1234']);
  });

  it('the 5 s run from the last digit', () => {
    const caller = asked(row10).keys('1234', 4 * second);
    assert.deepEqual(caller.hears(), ['stop']);
    caller.advance(5 * second);
    assert.deepEqual(caller.hears(), ['PIN 1234']);
  });

  it('the digit that reaches the longest PIN of this room submits', () => assert.deepEqual(asked(row10).keys('123456').hears(), ['stop', 'PIN 123456']));

  it('the `#` after a PIN submitted by its length belongs to that PIN: a host who mistyped does not become a guest', () => {
    const caller = asked(row9).keys('123456');
    caller.post({ type: 'pinChecked', match: 'none', room: hostPinOnly });
    caller.keys('#');
    assert.deepEqual(caller.hears(), ['stop', 'PIN 123456', 'play pin_invalid, enter_pin_or_guest']);
    assert.deepEqual(caller.keys('#').hears(), ['stop', 'guest by host_pin_only_no_pin']);
  });

  it('5 s later a `#` is one of its own', () => {
    const caller = asked(row9).keys('123456');
    caller.post({ type: 'pinChecked', match: 'none', room: hostPinOnly });
    caller.take();
    caller.advance(5 * second);
    assert.deepEqual(caller.keys('#').hears(), ['stop', 'guest by host_pin_only_no_pin']);
  });

  it('a room without a PIN (way disabled): the configured maximum', () => {
    const caller = asked({ type: 'startPin', room: { ...bothPins, longestPin: 0 }, rule: 'way_disabled', noPin: 'end' });
    assert.deepEqual(caller.keys('12345678').hears(), ['stop']);
    assert.deepEqual(caller.keys('9').hears(), ['PIN 123456789']);
  });

  it('`*` clears the entry; the letters of RFC 4733 are no digits', () => assert.deepEqual(asked(row10).keys('99*A12D34#').hears(), ['stop', 'PIN 1234']));

  it('after `*` the first digit is waited for again', () => {
    const caller = asked(row10).keys('99*');
    caller.advance(10 * second);
    assert.deepEqual(caller.hears(), ['stop', 'play pin_reprompt']);
  });

  it('the wait for the first digit begins when the prompt has ended', () => {
    const caller = asked(row10);
    caller.advance(60 * second);
    assert.deepEqual(caller.hears(), []);
    caller.post(promptEnded);
    caller.advance(10 * second - 1);
    assert.deepEqual(caller.hears(), []);
    caller.advance(1);
    assert.deepEqual(caller.hears(), ['play pin_reprompt']);
  });

  for (const [name, start, reprompt, outcome] of [
    ['row 9, PX-31: guest', row9, 'play pin_reprompt_or_guest', 'guest by host_pin_only_no_pin'],
    ['row 10: end', row10, 'play pin_reprompt', 'end pin_timeout: pin_none'],
  ] as const) {
    it(`silence, 10 s and 10 s more: ${name}`, () => {
      const caller = asked(start);
      caller.post(promptEnded);
      caller.advance(10 * second);
      caller.post(promptEnded);
      caller.advance(10 * second - 1);
      assert.deepEqual(caller.hears(), [reprompt]);
      caller.advance(1);
      assert.deepEqual(caller.hears(), [outcome]);
      assert.deepEqual(caller.timers(), {});
    });

    it(`the whole screen 120 s, then as silence: ${name}`, () => {
      const caller = asked(start);
      for (let seconds = 0; seconds < 120; seconds += 3) caller.keys(seconds % 2 === 0 ? '1' : '*', 3 * second);
      assert.deepEqual(caller.hears().at(-1), outcome);
      assert.equal(caller.now, 120 * second);
    });
  }

  it('silence is not an attempt: two wrong PINs and silence do not end as a third', () => {
    const caller = asked(row10).keys('1#');
    caller.post(wrong);
    caller.keys('2#').post(wrong, promptEnded);
    caller.take();
    caller.advance(10 * second);
    assert.deepEqual(caller.keys('3#').hears(), ['play pin_reprompt', 'stop', 'PIN 3']);
  });

  it('the screen runs out while the entry is checked: right is right, wrong is silence', () => {
    const [right, mistaken] = [asked(row10), asked(row10)].map((caller) => {
      caller.advance(119 * second);
      caller.keys('1#').take();
      caller.advance(second);
      return caller;
    });
    right!.post({ type: 'pinChecked', match: 'guest', room: bothPins });
    assert.deepEqual(right!.hears(), ['guest by guest_pin']);
    mistaken!.post(wrong);
    assert.deepEqual(mistaken!.hears(), ['end pin_timeout: pin_none']);
  });

  it('PXD-01: three wrong: goodbye in full, then the end', () => {
    const caller = asked(row10).keys('1#');
    caller.post(wrong);
    caller.keys('2#').post(wrong);
    assert.deepEqual(caller.hears(), ['stop', 'PIN 1', 'play pin_invalid, enter_pin', 'stop', 'PIN 2', 'play pin_invalid, enter_pin']);
    caller.keys('3#').post(wrong);
    assert.deepEqual(caller.hears(), ['stop', 'PIN 3', 'end pin_failed: pin_invalid_3']);
    assert.deepEqual(caller.timers(), {});
    assert.deepEqual(caller.keys('4#').hears(), []);
  });

  it('the wrong PINs are told with the role: those after `*1` add to them', () => {
    const caller = asked(row9).keys('1#');
    caller.post(wrong);
    caller.take();
    assert.deepEqual(caller.keys('#').take().at(-1), { do: 'finish', outcome: { kind: 'role', role: 'guest', rule: 'host_pin_only_no_pin', wrongPins: 1 } });
  });

  it('the `#` after an entry submitted by its length does not cut what is said to it; other keys do', () => {
    const onKey = (keys: string): readonly string[] => {
      const caller = asked(row10).keys(keys);
      caller.post(wrong);
      return caller.take().flatMap((effect) => (effect.do === 'play' ? [effect.onKey] : []));
    };
    assert.deepEqual([onKey('246813'), onKey('246813#'), onKey('2468#')], [['playOn'], ['stop'], ['stop']]);
  });
  it('row 9, PX-31: `#` alone is a guest', () => assert.deepEqual(asked(row9).keys('#').hears(), ['stop', 'guest by host_pin_only_no_pin']));

  it('row 10: `#` alone asks again and is not an attempt', () => {
    const caller = asked(row10).keys('####');
    assert.deepEqual(caller.hears().at(-1), 'play enter_pin');
    assert.deepEqual(caller.keys('1#').hears(), ['stop', 'PIN 1']);
  });

  it('PX-07: the host PIN makes a host', () => {
    const caller = asked(row9).keys('135792');
    caller.post({ type: 'pinChecked', match: 'host', room: hostPinOnly });
    assert.deepEqual(caller.hears(), ['stop', 'PIN 135792', 'host by host_pin']);
    assert.deepEqual(caller.timers(), {});
  });

  it('PX-16: the entry is judged by the ways in force when it was submitted', () => {
    const caller = asked(row10).keys('135792');
    caller.post({ type: 'pinChecked', match: 'guest', room: { ...bothPins, anonymous: { moderator: true, speaker: false } } });
    assert.deepEqual(caller.hears().at(-1), 'play pin_invalid, enter_pin');
  });
});

describe('type-ahead', () => {
  it('digits keyed before the prompt count, and the prompt is not played', () => {
    const caller = new Caller().keys('1234#');
    caller.post(row10);
    assert.deepEqual(caller.hears(), ['PIN 1234']);
  });

  it('a part keyed before the prompt is completed after it', () => {
    const caller = new Caller().keys('12');
    caller.post(row10);
    assert.deepEqual(caller.keys('34#').hears(), ['PIN 1234']);
  });

  it('a part keyed before the prompt is submitted after 5 s', () => {
    const caller = new Caller().keys('12');
    caller.post(row10);
    caller.advance(5 * second);
    assert.deepEqual(caller.hears(), ['PIN 12']);
  });

  it('a `*` keyed before the prompt leaves nothing: the caller is asked', () => {
    const caller = new Caller().keys('12*');
    caller.post(row10);
    assert.deepEqual(caller.hears(), ['play enter_pin']);
  });

  it('digits keyed while an entry is checked are the next try', () => {
    const caller = asked(row10).keys('1111#2222#');
    caller.post(wrong);
    assert.deepEqual(caller.hears(), ['stop', 'PIN 1111', 'PIN 2222']);
  });

  it('keys ahead are bounded', () => {
    const caller = new Caller().keys('1'.repeat(1_000));
    assert.equal(caller.state.ahead.length, 64);
  });

  for (const [name, text] of [
    ['with `#`', '1000#135792#'],
    ['the number submitted by its length', '100000135792#'],
    ['the number submitted by its length and `#` all the same', '100000#135792#'],
  ] as const) {
    it(`M-62: number and PIN in one go, keyed before the answer, ${name}`, () => {
      const caller = new Caller().keys(text);
      caller.post({ type: 'startAttendant', asksPin: false, longestNumber: 6 });
      const number = text.startsWith('1000#') ? '1000' : '100000';
      assert.deepEqual(caller.hears(), [`number ${number}`]);
      caller.post({ type: 'numberChecked', found: true }, row10);
      assert.deepEqual(caller.hears(), ['PIN 135792']);
    });
  }

  it('M-62: attendant PIN, number and PIN in one go while the prompt plays', () => {
    const caller = atAttendant(true).keys('7777#1000#135792#');
    caller.post({ type: 'attendantPinChecked', correct: true }, { type: 'numberChecked', found: true }, row10);
    assert.deepEqual(caller.hears(), ['stop', 'attendant PIN 7777', 'number 1000', 'PIN 135792']);
  });
});

describe('attendant', () => {
  it('CO-05: its own PIN first, then the number', () => {
    const caller = new Caller();
    caller.post({ type: 'startAttendant', asksPin: true, longestNumber: 6 });
    caller.keys('7777#').post({ type: 'attendantPinChecked', correct: true });
    assert.deepEqual(caller.hears(), ['play enter_attendant_pin', 'stop', 'attendant PIN 7777', 'play enter_number']);
  });

  it('CO-05: its PIN wrong three times ends the call without a room prompt', () => {
    const caller = atAttendant(true);
    for (const pin of ['1#', '2#', '3#']) caller.keys(pin).post({ type: 'attendantPinChecked', correct: false });
    assert.deepEqual(caller.hears(), [
      'stop',
      'attendant PIN 1',
      'play pin_invalid',
      'stop',
      'attendant PIN 2',
      'play pin_invalid',
      'stop',
      'attendant PIN 3',
      'end pin_failed: pin_invalid_3',
    ]);
  });

  it('three numbers nobody has end the call', () => {
    const caller = atAttendant(false);
    for (const number of ['1#', '2#', '3#']) caller.keys(number).post({ type: 'numberChecked', found: false });
    assert.deepEqual(caller.hears().filter((line) => line !== 'stop'), ['number 1', 'play number_invalid', 'number 2', 'play number_invalid', 'number 3', 'end number_failed: number_invalid_3']);
  });

  it('a wrong number drops what was keyed ahead: a PIN is never looked up as a number', () => {
    const caller = atAttendant(false).keys('9999#135792#');
    caller.post({ type: 'numberChecked', found: false });
    assert.deepEqual(caller.hears(), ['stop', 'number 9999', 'play number_invalid']);
  });

  for (const [name, asksPin, outcome] of [
    ['PIN', true, 'end pin_timeout: pin_none'],
    ['number', false, 'end number_timeout: number_none'],
  ] as const) {
    it(`silence at the ${name} ends the call`, () => {
      const caller = atAttendant(asksPin);
      caller.post(promptEnded);
      caller.advance(10 * second);
      caller.post(promptEnded);
      caller.advance(10 * second);
      assert.deepEqual(caller.hears().at(-1), outcome);
    });
  }

  it('`#` alone asks again', () => assert.deepEqual(atAttendant(false).keys('#').hears(), ['stop', 'play enter_number']));

  it('after the attendant the length of the PIN stays unknown: `#`, 5 s or the configured maximum', () => {
    const caller = atAttendant(false).keys('1000#');
    caller.post({ type: 'numberChecked', found: true }, row10);
    caller.take();
    assert.deepEqual(caller.keys('13579246').hears(), ['stop']);
    assert.deepEqual(caller.keys('8').hears(), ['PIN 135792468']);
  });

  it('wrong numbers do not use up the attempts at the PIN', () => {
    const caller = atAttendant(false);
    for (const number of ['1#', '2#']) caller.keys(number).post({ type: 'numberChecked', found: false });
    caller.keys('1000#').post({ type: 'numberChecked', found: true }, row10);
    caller.keys('1#').post(wrong);
    caller.keys('2#').post(wrong);
    assert.equal(caller.hears().at(-1), 'play pin_invalid, enter_pin');
  });
});

describe('the room changes while the caller is asked', () => {
  const opened: IvrEvent = { type: 'roomOpened' };
  it('row 9, no digit keyed: a guest at once', () => {
    const caller = asked(row9);
    caller.post(opened);
    assert.deepEqual(caller.hears(), ['stop', 'guest by opened_while_asked']);
  });
  it('row 9, a digit keyed: goes on', () => {
    const caller = asked(row9).keys('1');
    caller.post(opened);
    assert.deepEqual(caller.hears(), ['stop']);
  });
  it('row 10, PX-13: asked all the same', () => {
    const caller = asked(row10);
    caller.post(opened);
    assert.deepEqual(caller.hears(), []);
  });
  it('a guest PIN was set: `#` is no way in any more, and nothing keyed is lost', () => {
    const caller = asked(row9).keys('1');
    caller.post(row10);
    assert.deepEqual(caller.keys('3#').hears(), ['stop', 'PIN 13']);
    caller.post(wrong);
    assert.deepEqual(caller.keys('#').hears(), ['play pin_invalid, enter_pin', 'stop', 'play enter_pin']);
  });
});

describe('answers out of turn', () => {
  for (const event of [wrong, { type: 'numberChecked', found: false }, { type: 'attendantPinChecked', correct: true }, { type: 'timer', name: 'firstDigit' }, promptEnded] as const) {
    it(`${event.type} with nothing asked changes nothing`, () => {
      const caller = new Caller();
      caller.post(event);
      assert.deepEqual(caller.state, initialIvr());
    });
  }
});

describe('properties', () => {
  const events = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...Array.from('0123456789*#A')).map((digit): IvrEvent => ({ type: 'digit', digit })) },
    fc.constantFrom<IvrEvent>(row9, row10, promptEnded, wrong, { type: 'roomOpened' }, { type: 'numberChecked', found: true }, { type: 'numberChecked', found: false }),
    fc.constantFrom<IvrEvent>({ type: 'startAttendant', asksPin: true, longestNumber: 6 }, { type: 'attendantPinChecked', correct: true }, { type: 'attendantPinChecked', correct: false }),
    fc.constantFrom<IvrTimer>('firstDigit', 'interDigit', 'screen').map((name): IvrEvent => ({ type: 'timer', name })),
  );

  it('finishes once, leaves no timer then, and never asks for more than three checks of a PIN', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 80, size: 'max' }), (script) => {
        const caller = new Caller();
        caller.post(...script);
        const effects = caller.take();
        const finished = effects.filter((effect) => effect.do === 'finish').length;
        assert.ok(finished <= 1);
        if (finished === 1) assert.deepEqual(caller.timers(), {});
        assert.ok(effects.filter((effect) => effect.do === 'checkPin').length <= 3);
      }),
    );
  });

  it('no digit of a PIN shows in the state or an effect that is printed', () => {
    const shown: string[] = [];
    for (const [caller, event] of [
      [new Caller().keys('864209'), row10],
      [asked(row10).keys('86420'), promptEnded],
      [asked(row10).keys('864209#'), promptEnded],
    ] as const) {
      const next = ivrStep(caller.state, event, policy);
      shown.push(inspect([caller.state, next, caller.take()], { depth: 9 }), JSON.stringify([caller.state, next]));
    }
    assert.doesNotMatch(shown.join('\n'), /8642/);
  });
});
