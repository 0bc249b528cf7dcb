import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endedBy, initialRedial, redialStep, type RedialEvent, type RedialState } from '../../../src/domain/redial.ts';

/** What comes of these events: each wait in seconds, `call`. */
function run(events: readonly RedialEvent[], redial: 'none' | 'ladder' = 'ladder'): { readonly is: RedialState['is']; readonly did: readonly (number | 'call')[] } {
  let state = initialRedial;
  const did: (number | 'call')[] = [];
  for (const event of events) {
    const next = redialStep(state, event, redial);
    state = next.state;
    did.push(...next.effects.map((effect) => (effect.do === 'call' ? 'call' : effect.ms / 1_000)));
  }
  return { is: state.is, did };
}

const failed: RedialEvent = { type: 'ended', by: 'failure' };
const due: RedialEvent = { type: 'due' };
const first: readonly RedialEvent[] = [{ type: 'begun' }, due];

describe('a preconfigured participant', () => {
  it('PXD-26: is called 10 s after the first has come in, once', () => {
    assert.deepEqual(run([{ type: 'begun' }, { type: 'begun' }, due, due]), { is: 'calling', did: [10, 'call'] });
  });

  it('COD-19: a failed call is repeated at once, 4 times after a minute, 5 times after five, and then no more', () => {
    const { is, did } = run([...first, ...Array.from({ length: 11 }, () => [failed, due]).flat()]);
    assert.deepEqual(did.filter((what) => what !== 'call'), [10, 0, 60, 60, 60, 60, 300, 300, 300, 300, 300]);
    assert.equal(did.filter((what) => what === 'call').length, 11);
    assert.equal(is, 'over');
  });

  it('COD-19: who hung up is called again after 30 s', () => {
    assert.deepEqual(run([...first, { type: 'answered' }, { type: 'ended', by: 'callee' }]), { is: 'waiting', did: [10, 'call', 30] });
  });

  it('a call that was lost begins the ladder anew', () => {
    assert.deepEqual(run([...first, failed, due, failed, due, { type: 'answered' }, failed]).did, [10, 'call', 0, 'call', 60, 'call', 0]);
  });

  it('who was sent away, or is there already, is not called again', () => {
    assert.equal(run([...first, { type: 'answered' }, { type: 'ended', by: 'ours' }, due]).is, 'over');
    assert.equal(run([...first, { type: 'present' }, due]).is, 'over');
  });

  it('redial none: one attempt', () => {
    assert.deepEqual(run([...first, failed], 'none'), { is: 'over', did: [10, 'call'] });
    assert.equal(run([...first, { type: 'answered' }, { type: 'ended', by: 'callee' }], 'none').is, 'over');
  });

  it('who ended it, by the reason', () => {
    assert.deepEqual((['callee_hung_up', 'callee_busy', 'no_answer', 'no_media', 'kicked', 'unattended', 'host_ended'] as const).map(endedBy), ['callee', 'failure', 'failure', 'failure', 'ours', 'ours', 'ours']);
  });
});
