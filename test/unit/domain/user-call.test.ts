import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import { forkTo, routeCall, stepFork, type ForkEffect, type ForkEvent, type ForkState, type RouteInput } from '../../../src/domain/user-call.ts';

describe('where a call goes', () => {
  const rows: readonly (readonly [RouteInput['dialled'], RouteInput['caller'], RouteInput['callsFrom'], string])[] = [
    ['room', 'anybody', 'users', 'room by room'],
    ['room', 'user', 'users', 'room by room'],
    ['room', 'anybody', 'anyone', 'room by room'],
    ['user', 'user', 'users', 'user by proven_caller'],
    ['user', 'user', 'anyone', 'user by proven_caller'],
    ['user', 'anybody', 'anyone', 'user by anyone_calls_users'],
    ['user', 'anybody', 'users', 'challenge by users_call_users'],
    ['elsewhere', 'anybody', 'users', 'challenge by users_call_users'],
    ['elsewhere', 'user', 'users', 'room by unknown_alias'],
    ['elsewhere', 'anybody', 'anyone', 'room by unknown_alias'],
  ];
  for (const [dialled, caller, callsFrom, expected] of rows) {
    it(`to ${dialled}, from ${caller}, callsFrom ${callsFrom}: ${expected}`, () => {
      const { kind, rule } = routeCall({ dialled, caller, callsFrom });
      assert.equal(`${kind} by ${rule}`, expected);
    });
  }
});

const shownEffect = (effect: ForkEffect): string => ('branch' in effect ? `${effect.type} ${effect.branch}` : 'reason' in effect ? `${effect.type} ${effect.reason}` : effect.type);

function run(branches: readonly number[], events: readonly ForkEvent[]): { readonly state: ForkState; readonly effects: readonly string[] } {
  let state = forkTo(branches);
  const effects: string[] = [];
  for (const event of events) {
    const step = stepFork(state, event);
    state = step.state;
    effects.push(...step.effects.map(shownEffect));
  }
  return { state, effects };
}

describe('the fork to all telephones', () => {
  const rows: readonly (readonly [string, readonly number[], readonly ForkEvent[], readonly string[]])[] = [
    ['ringing -> ringing: the caller is told once', [0, 1], [{ type: 'rang', branch: 0 }, { type: 'rang', branch: 1 }], ['ring']],
    ['ringing -> connecting: the first who answers has it, the others stop', [0, 1, 2], [{ type: 'answered', branch: 1 }], ['stopRinging', 'cancel 0', 'cancel 2', 'connect 1']],
    ['connecting -> connected: its length is limited', [0], [{ type: 'answered', branch: 0 }, { type: 'connected' }], ['stopRinging', 'connect 0', 'limitLength']],
    ['RFC 3261 §9.1 connecting: a second answer is not wanted', [0, 1], [{ type: 'answered', branch: 0 }, { type: 'answered', branch: 1 }], ['stopRinging', 'cancel 1', 'connect 0', 'cancel 1']],
    ['ringing -> ringing: one of two fails', [0, 1], [{ type: 'failed', branch: 0, status: 486 }], []],
    ['ringing -> over: all fail, one was busy', [0, 1], [{ type: 'failed', branch: 0, status: 486 }, { type: 'failed', branch: 1, status: 404 }], ['end callee_busy']],
    ['ringing -> over: all fail', [0, 1], [{ type: 'failed', branch: 0, status: 500 }, { type: 'failed', branch: 1, status: 408 }], ['end callee_unavailable']],
    ['ringing -> over: nothing in common', [0], [{ type: 'failed', branch: 0, status: 488 }], ['end no_common_codec']],
    ['§16.7 step 5 ringing -> over: a 6xx ends it for all', [0, 1], [{ type: 'failed', branch: 0, status: 603 }], ['cancel 1', 'end callee_declined']],
    ['a branch fails once', [0, 1], [{ type: 'failed', branch: 0, status: 486 }, { type: 'failed', branch: 0, status: 486 }], []],
    ['ringing -> over: nobody answers', [0, 1], [{ type: 'rangLongEnough' }], ['cancel 0', 'cancel 1', 'end no_answer']],
    ['ringing -> over: the caller gives up', [0], [{ type: 'ended', reason: 'caller_cancelled' }], ['cancel 0', 'end caller_cancelled']],
    ['connecting -> over: a side hangs up', [0], [{ type: 'answered', branch: 0 }, { type: 'ended', reason: 'callee_hung_up' }, { type: 'connected' }], ['stopRinging', 'connect 0', 'end callee_hung_up']],
    ['PX-43 connected -> over: long enough', [0], [{ type: 'answered', branch: 0 }, { type: 'connected' }, { type: 'lastedLongEnough' }], ['stopRinging', 'connect 0', 'limitLength', 'end max_duration']],
    ['connected -> over: a side hangs up, once', [0], [{ type: 'answered', branch: 0 }, { type: 'connected' }, { type: 'ended', reason: 'caller_hung_up' }, { type: 'ended', reason: 'callee_hung_up' }], ['stopRinging', 'connect 0', 'limitLength', 'end caller_hung_up']],
  ];
  for (const [name, branches, events, expected] of rows) it(name, () => assert.deepEqual(run(branches, events).effects, expected));

  it('whatever happens: ended at most once, and no telephone is left ringing or connected to nobody', () => {
    const branch = fc.nat(3);
    const event: fc.Arbitrary<ForkEvent> = fc.oneof(
      branch.map((id): ForkEvent => ({ type: 'rang', branch: id })),
      branch.map((id): ForkEvent => ({ type: 'answered', branch: id })),
      fc.tuple(branch, fc.constantFrom(404, 486, 603)).map(([id, status]): ForkEvent => ({ type: 'failed', branch: id, status })),
      fc.constant<ForkEvent>({ type: 'rangLongEnough' }),
      fc.constant<ForkEvent>({ type: 'connected' }),
      fc.constant<ForkEvent>({ type: 'lastedLongEnough' }),
      fc.constant<ForkEvent>({ type: 'ended', reason: 'caller_hung_up' }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const { state, effects } = run([0, 1, 2, 3], events);
        const ends = effects.filter((effect) => effect.startsWith('end')).length;
        assert.equal(ends, state.is === 'over' ? 1 : 0);
        assert.ok(effects.filter((effect) => effect.startsWith('connect')).length <= 1);
        if (state.is === 'ringing') return;
        const failed = new Set(events.flatMap((each) => (each.type === 'failed' ? [each.branch] : [])));
        for (const id of [0, 1, 2, 3]) assert.ok(failed.has(id) || effects.includes(`cancel ${id}`) || effects.includes(`connect ${id}`), `telephone ${id}`);
      }),
    );
  });
});
