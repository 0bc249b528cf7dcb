import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { initialCollect, readCollectArgument, stepCollect, type CollectEffect, type CollectEvent, type CollectState } from '../../../../src/softswitch/media-server/collect.ts';

/** What happened, in words: keys, `end` of what plays, `missing` file, `timeout`. */
function run(argument: string, happenings: readonly string[]): { readonly state: CollectState; readonly effects: readonly string[] } {
  const options = readCollectArgument(argument);
  assert.ok(options);
  let state = initialCollect(options);
  const effects: string[] = [];
  const post = (event: CollectEvent): void => {
    const next = stepCollect(state, event);
    state = next.state;
    effects.push(...next.effects.map(word));
  };
  post({ type: 'start' });
  for (const happening of happenings) post(eventOf(happening));
  return { state, effects };
}

function eventOf(happening: string): CollectEvent {
  if (happening === 'timeout') return { type: 'timeout' };
  if (happening === 'end' || happening === 'missing') return { type: 'played', found: happening === 'end' };
  return { type: 'digit', digit: happening };
}

function word(effect: CollectEffect): string {
  switch (effect.type) {
    case 'play':
      return `play ${effect.file}`;
    case 'startTimer':
      return `timer ${effect.ms}`;
    case 'set':
      return `${effect.variable}=${effect.value ?? ''}`;
    case 'stopPlay':
    case 'cancelTimer':
    case 'done':
      return effect.type;
  }
}

/** The outcome that counts: variables as they end up, and whether it is over. */
function outcome(argument: string, happenings: readonly string[]): { readonly over: boolean; readonly variables: Readonly<Record<string, string>> } {
  const { effects } = run(argument, happenings);
  const variables: Record<string, string> = {};
  for (const effect of effects) {
    const [name, value] = effect.split('=');
    if (name !== undefined && value !== undefined) variables[name] = value;
  }
  return { over: effects.includes('done'), variables: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== '')) };
}

const ONE_TRY = '1 8 1 5000 # prompt.wav bad.wav d \\d+ 2000';

describe('play_and_get_digits, B.7.1', () => {
  const table: readonly (readonly [name: string, argument: string, happenings: readonly string[], variables: Readonly<Record<string, string>> | 'goes on'])[] = [
    ['digits and a terminator', ONE_TRY, ['end', '1', '2', '#'], { d: '12', read_terminator_used: '#', read_result: 'success' }],
    ['exactly max', '4 4 1 5000 # p b d \\d+ 2000', ['end', '5', '6', '7', '8'], { d: '5678', read_result: 'success' }],
    ['a key during the prompt counts', ONE_TRY, ['4', 'end', '2', '#'], { d: '42', read_terminator_used: '#', read_result: 'success' }],
    ['the verdict waits for the end of the prompt', '1 1 1 5000 # p b d \\d+ 2000', ['4'], 'goes on'],
    ['and comes with it', '1 1 1 5000 # p b d \\d+ 2000', ['4', 'end'], { d: '4', read_result: 'success' }],
    ['inter-digit timeout with enough digits is success', ONE_TRY, ['end', '7', '7', 'timeout'], { d: '77', read_result: 'success' }],
    ['nothing pressed: the invalid file plays', ONE_TRY, ['end', 'timeout'], 'goes on'],
    ['nothing pressed: over after the invalid file', ONE_TRY, ['end', 'timeout', 'end'], { read_result: 'timeout' }],
    ['too few digits and a terminator', '4 8 1 5000 # p b d \\d+ 2000', ['end', '1', '#', 'end'], { read_terminator_used: '#', read_result: 'failure' }],
    ['expression not met', '4 4 1 5000 # p b d ^1\\d{3}$ 2000', ['end', '9', '9', '9', '9', 'end'], { d_invalid: '9999', read_result: 'failure' }],
    ['a second try succeeds', '4 4 2 5000 # p b d ^1\\d{3}$ 2000', ['end', '9', '9', '9', '9', 'end', 'end', '1', '9', '9', '9'], { d: '1999', d_invalid: '9999', read_result: 'success' }],
    ['# alone with min 0 is an answer', '0 4 1 5000 # p b d \\d+ 2000', ['end', '#'], { read_terminator_used: '#', read_result: 'success' }],
    ['silence for an answer with min 0', '0 4 1 5000 # p b d \\d+ 2000', ['end', 'timeout'], { read_result: 'success' }],
    ['F-17: a missing prompt ends the try', ONE_TRY, ['missing', 'end'], { read_result: 'failure' }],
    ['a missing invalid file is no obstacle', ONE_TRY, ['end', 'timeout', 'missing'], { read_result: 'timeout' }],
    ['keys during the invalid file count for the next try', '1 4 2 5000 # p b d \\d+ 2000', ['end', 'timeout', '1', '2', 'end', '#'], { d: '12', read_terminator_used: '#', read_result: 'success' }],
    ['no prompt: collecting at once', '1 4 1 5000 # silence silence d \\d+ 2000', ['3', '#'], { d: '3', read_terminator_used: '#', read_result: 'success' }],
    ['= demands a terminator: max does not end it', '1 2 1 5000 =# silence silence d \\d+ 2000', ['3', '4'], 'goes on'],
    ['= demands a terminator: a timeout is failure', '1 2 1 5000 =# silence silence d \\d+ 2000', ['3', 'timeout'], { read_result: 'timeout' }],
    ['+ keeps the terminator', '1 4 1 5000 +* silence silence d . 2000', ['3', '*'], { d: '3*', read_terminator_used: '*', read_result: 'success' }],
    ['no terminators', '1 2 1 5000 none silence silence d . 2000', ['#', '*'], { d: '#*', read_result: 'success' }],
    ['a late timeout is nothing', ONE_TRY, ['timeout', 'end', '5', '#', 'timeout'], { d: '5', read_terminator_used: '#', read_result: 'success' }],
  ];
  for (const [name, argument, happenings, expected] of table) {
    it(name, () => {
      const { over, variables } = outcome(argument, happenings);
      if (expected === 'goes on') assert.equal(over, false);
      else assert.deepEqual({ over, variables }, { over: true, variables: expected });
    });
  }

  it('timers: first digit after the prompt, then between digits, cancelled at the end', () => {
    assert.deepEqual(run(ONE_TRY, ['end', '1', '#']).effects, [
      'd_invalid=', 'read_result=', 'd=', 'play prompt.wav', 'timer 5000', 'timer 2000', 'read_terminator_used=#', 'cancelTimer',
      'd=1', 'read_result=success', 'done',
    ]);
  });

  it('a key during the prompt stops it once', () => {
    assert.deepEqual(run(ONE_TRY, ['1', '2']).effects.slice(4), ['stopPlay', 'timer 2000', 'timer 2000']);
  });

  const happening = fc.constantFrom('1', '2', '#', 'end', 'missing', 'timeout');
  it('is over at most once, and nothing follows', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const { effects } = run('1 3 3 5000 # p b d \\d+ 2000', happenings);
        const done = effects.indexOf('done');
        assert.ok(done < 0 || done === effects.length - 1);
      }),
    );
  });

  const reading: readonly (readonly [argument: string, expected: Readonly<Record<string, unknown>> | undefined])[] = [
    ['4 4 3 5000 # ivr/enter.wav ivr/bad.wav buf \\d+ 3000', { min: 4, max: 4, tries: 3, timeout: 5000, terminators: '#', prompt: 'ivr/enter.wav', invalid: 'ivr/bad.wav', variable: 'buf', digitTimeout: 3000 }],
    ["1 2 1 100 # 'a file.wav' b.wav v \\d+ 0", { timeout: 1000, digitTimeout: 1000, prompt: 'a file.wav' }],
    ['3 1 1 2000 # p', { max: 3, invalid: '', variable: 'read_digits', regexp: undefined }],
    ['1 4 1 5000 # p b v (', undefined],
    ['x y', undefined],
    ['', undefined],
  ];
  for (const [argument, expected] of reading) {
    it(`argument: ${argument}`, () => {
      const options = readCollectArgument(argument);
      if (expected === undefined) assert.equal(options, undefined);
      else assert.deepEqual({ ...options, ...expected }, options);
    });
  }
});
