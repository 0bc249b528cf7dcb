import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatewayStep, initialGateway, type GatewayEffect, type GatewayEvent } from '../../../src/domain/gateway-call.ts';
import { policyOf } from '../../../src/config/policy.ts';
import { loaded } from '../config/fixture.ts';

const { ending } = policyOf(loaded({}));

function run(events: readonly GatewayEvent[]): { readonly is: string; readonly did: readonly string[] } {
  let state = initialGateway();
  const did: string[] = [];
  for (const event of events) {
    const next = gatewayStep(state, event, ending);
    state = next.state;
    did.push(...next.effects.map(text));
  }
  return { is: state.is, did };
}

function text(effect: GatewayEffect): string {
  switch (effect.do) {
    case 'leg':
      return `${effect.side} ${effect.effect.do}${'name' in effect.effect ? ` ${effect.effect.name}` : ''}${'ms' in effect.effect ? ` ${effect.effect.ms}` : ''}`;
    case 'sendDigit':
      return `key ${effect.digit} to ${effect.to}`;
    case 'end':
      return `end ${effect.reason}`;
    default:
      return effect.do;
  }
}

const up: readonly GatewayEvent[] = [{ type: 'rang' }, { type: 'rang' }, { type: 'calleeAnswered' }, { type: 'connected', now: 0 }];
const leg = (side: 'caller' | 'callee', event: Extract<GatewayEvent, { type: 'leg' }>['event']): GatewayEvent => ({ type: 'leg', side, event });

describe('a call by a number rule', () => {
  it('rings once, answers the caller when the callee has, and watches both legs', () => {
    assert.deepEqual(run(up).did, [
      'ring',
      'answerCaller',
      ...['caller', 'callee'].flatMap((side) => [`${side} startTimer longest 43200000`, `${side} startTimer longestWarning 43140000`, `${side} startTimer mediaPoll 4000`]),
    ]);
  });

  it('PX-41, PX-43: either side silent for two minutes', () => {
    for (const side of ['caller', 'callee'] as const) assert.equal(run([...up, leg(side, { type: 'packets', count: 0, now: 120_000 })]).did.at(-1), 'end no_media');
    assert.equal(run([...up, leg('caller', { type: 'packets', count: 9, now: 120_000 })]).is, 'connected');
  });

  it('PX-41: held is not silent', () => {
    assert.equal(run([...up, leg('callee', { type: 'held', held: true, now: 1_000 }), leg('callee', { type: 'packets', count: 0, now: 500_000 })]).is, 'connected');
  });

  it('PX-42, PX-43: 12 h', () => {
    assert.equal(run([...up, leg('caller', { type: 'packets', count: 9, now: 43_199_000 }), leg('caller', { type: 'timer', name: 'longest', now: 43_200_000 })]).did.at(-1), 'end max_duration');
  });

  it('PX-40: nothing else ends it: no rule of a room is among its timers', () => {
    assert.deepEqual([...new Set(run(up).did.filter((did) => did.includes('startTimer')).map((did) => did.split(' ')[2]))], ['longest', 'longestWarning', 'mediaPoll']);
  });

  it('keys go to the other side, once, however they were told; tones in the speech do by themselves', () => {
    const key = (side: 'caller' | 'callee', via: 'rtp' | 'info' | 'inband', now: number): GatewayEvent => ({ type: 'digit', side, digit: '5', via, now });
    assert.deepEqual(run([...up, key('caller', 'rtp', 10), key('caller', 'info', 20), key('caller', 'inband', 30), key('callee', 'info', 40)]).did.slice(-2), ['key 5 to callee', 'key 5 to caller']);
  });

  it('nobody answers, or a side ends it: over, and nothing counts any more', () => {
    assert.deepEqual(run([{ type: 'rangLongEnough' }, ...up]), { is: 'over', did: ['end no_answer'] });
    assert.deepEqual(run([...up, { type: 'rangLongEnough' }, { type: 'ended', reason: 'callee_hung_up' }, { type: 'ended', reason: 'caller_hung_up' }]).did.slice(-1), ['end callee_hung_up']);
  });
});
