import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../properties.ts';
import type { SipResponse } from '../../../src/protocol/sip/message.ts';
import type { ForkPolicy, ResponseContextEffect, ResponseContextEvent, ResponseContextState } from '../../../src/protocol/sip/response-context.ts';
import { MAX_BRANCHES, responseContext, stepResponseContext } from '../../../src/protocol/sip/response-context.ts';

const POLICY: ForkPolicy = { invite: true, forking: 'serial', followRedirects: true, provisionalMs: 2000, finalMs: 9000 };
const [A, B] = ['sip:a@192.0.2.1', 'sip:b@192.0.2.2'];

function response(status: number, contact?: string): SipResponse {
  return { kind: 'response', status, reason: '', headers: contact === undefined ? [] : [{ name: 'Contact', value: `<${contact}>` }], body: '' };
}

/** `send 0`, `forward 486`, `startTimer C 0`. */
function text(effect: ResponseContextEffect): string {
  switch (effect.do) {
    case 'send':
    case 'cancel':
      return `${effect.do} ${effect.branch}`;
    case 'forward':
      return `forward ${effect.response.status}`;
    case 'answer':
      return `answer ${effect.status}`;
    case 'startTimer':
    case 'cancelTimer':
      return `${effect.do} ${effect.name}`;
    case 'done':
      return 'done';
  }
}

type Script = readonly ResponseContextEvent[];

function play(policy: Partial<ForkPolicy>, script: Script, targets: readonly string[] = [A, B]): { readonly state: ResponseContextState; readonly effects: string[] } {
  let state = responseContext(targets, { ...POLICY, ...policy });
  const effects: string[] = [];
  for (const event of [{ type: 'start' } as const, ...script]) {
    const next = stepResponseContext(state, event);
    state = next.state;
    effects.push(...next.effects.map(text).filter((line) => !line.includes('Timer')));
  }
  return { state, effects };
}

const said = (branch: number, status: number, contact?: string): ResponseContextEvent => ({ type: 'response', branch, response: response(status, contact) });
const failed = (branch: number, status: 408 | 503): ResponseContextEvent => ({ type: 'failed', branch, status });
const timer = (name: 'provisional' | 'final' | 'C', branch: number): ResponseContextEvent => ({ type: 'timer', name: `${name} ${branch}` });
const cancel: ResponseContextEvent = { type: 'cancel' };

describe('RFC 3261 §16.7 response context', () => {
  const rows: readonly (readonly [string, Partial<ForkPolicy>, Script, ResponseContextState['phase'], readonly string[]])[] = [
    ['§16.6 serial: searching -start-> one branch', {}, [], 'searching', ['send 0']],
    ['§16.6 simultaneous: searching -start-> all branches', { forking: 'simultaneous' }, [], 'searching', ['send 0', 'send 1']],
    ['step 3: -100-> goes no further', {}, [said(0, 100)], 'searching', ['send 0']],
    ['step 5: -180-> forwarded', {}, [said(0, 180)], 'searching', ['send 0', 'forward 180']],
    ['step 5: -200-> answered', {}, [said(0, 200)], 'answered', ['send 0', 'forward 200', 'done']],
    ['step 5: answered -200-> forwarded again', {}, [said(0, 200), said(0, 200)], 'answered', ['send 0', 'forward 200', 'done', 'forward 200']],
    ['step 5: no INVITE: answered -200-> not forwarded', { invite: false, forking: 'simultaneous' }, [said(0, 200), said(1, 200)], 'answered', ['send 0', 'send 1', 'forward 200', 'done']],
    ['step 10: -200-> the others are cancelled', { forking: 'simultaneous' }, [said(1, 200)], 'answered', ['send 0', 'send 1', 'forward 200', 'cancel 0', 'done']],
    ['step 10: answered -487, 180-> nothing', { forking: 'simultaneous' }, [said(1, 200), said(0, 180), said(0, 487)], 'answered', ['send 0', 'send 1', 'forward 200', 'cancel 0', 'done']],
    ['serial: -486-> the next', {}, [said(0, 486)], 'searching', ['send 0', 'send 1']],
    ['serial: -486, 404-> the first of the class', {}, [said(0, 486), said(1, 404)], 'answered', ['send 0', 'send 1', 'forward 486', 'done']],
    ['step 5: serial: -603-> nobody else', {}, [said(0, 603)], 'answered', ['send 0', 'forward 603', 'done']],
    ['step 5: simultaneous: -600-> settling', { forking: 'simultaneous' }, [said(0, 600)], 'settling', ['send 0', 'send 1', 'cancel 1']],
    ['step 5: settling -200-> forwarded', { forking: 'simultaneous' }, [said(0, 600), said(1, 200)], 'answered', ['send 0', 'send 1', 'cancel 1', 'forward 200', 'done']],
    ['step 4: -302-> its Contact', {}, [said(0, 302, 'sip:c@192.0.2.3')], 'searching', ['send 0', 'send 1']],
    ['§16.5: -302-> no URI twice', {}, [said(0, 302, B), said(1, 486)], 'answered', ['send 0', 'send 1', 'forward 302', 'done']],
    ['step 4: -302-> passed on where redirects are not followed', { followRedirects: false }, [said(0, 302, 'sip:c@192.0.2.3'), said(1, 486)], 'answered', ['send 0', 'send 1', 'forward 302', 'done']],
    ['§16.9: -503 made-> the next', {}, [failed(0, 503)], 'searching', ['send 0', 'send 1']],
    ['step 6: -503, 503-> 500', {}, [failed(0, 503), said(1, 503)], 'answered', ['send 0', 'send 1', 'answer 500', 'done']],
    ['step 6: -408 made, 500-> 408', {}, [failed(0, 408), said(1, 500)], 'answered', ['send 0', 'send 1', 'answer 408', 'done']],
    ['-provisional timer-> given up', {}, [timer('provisional', 0)], 'searching', ['send 0', 'cancel 0', 'send 1']],
    ['-final timer-> given up', {}, [said(0, 180), timer('final', 0)], 'searching', ['send 0', 'forward 180', 'cancel 0', 'send 1']],
    ['given up -487-> nothing; -200-> forwarded', {}, [timer('final', 0), said(0, 487), said(0, 200)], 'answered', ['send 0', 'cancel 0', 'send 1', 'forward 200', 'cancel 1', 'done']],
    ['§16.8: -Timer C-> given up', { provisionalMs: undefined, finalMs: undefined }, [said(0, 180), timer('C', 0)], 'searching', ['send 0', 'forward 180', 'cancel 0', 'send 1']],
    ['no INVITE is cancelled (§9.1)', { invite: false }, [timer('final', 0)], 'searching', ['send 0', 'send 1']],
    ['§16.10: -cancel-> no other is started', {}, [cancel, said(0, 487)], 'answered', ['send 0', 'cancel 0', 'forward 487', 'done']],
    ['§16.10: -486, cancel, 487-> 487', {}, [said(0, 486), cancel, said(1, 487)], 'answered', ['send 0', 'send 1', 'cancel 1', 'forward 487', 'done']],
    ['§9.2: -cancel, 200-> forwarded', {}, [cancel, said(0, 200)], 'answered', ['send 0', 'cancel 0', 'forward 200', 'done']],
    ['§9.2: answered -cancel-> nothing', {}, [said(0, 200), cancel], 'answered', ['send 0', 'forward 200', 'done']],
  ];
  for (const [name, policy, script, phase, effects] of rows) {
    it(`${name} [${effects.join(', ')}]`, () => {
      const end = play(policy, script);
      assert.deepEqual([end.state.phase, end.effects], [phase, effects]);
    });
  }

  it('§16.6 step 11: Timer C begins with the request, and anew with every 1xx but 100', () => {
    const started = stepResponseContext(responseContext([A], POLICY), { type: 'start' });
    const starts = (effects: readonly ResponseContextEffect[]): string[] => effects.map(text).filter((line) => line.startsWith('startTimer C'));
    assert.deepEqual(starts(started.effects), ['startTimer C 0']);
    assert.deepEqual(starts(stepResponseContext(started.state, said(0, 100)).effects), []);
    assert.deepEqual(starts(stepResponseContext(started.state, said(0, 183)).effects), ['startTimer C 0']);
  });

  it('whatever comes: done at most once, one failure at most and none after a 2xx, branches bounded', () => {
    const branch = fc.nat({ max: 40 });
    const event: fc.Arbitrary<ResponseContextEvent> = fc.oneof(
      fc.tuple(branch, fc.constantFrom(100, 180, 200, 302, 404, 486, 503, 603), fc.nat(99)).map(([at, status, user]) => said(at, status, `sip:${user}@192.0.2.9`)),
      fc.tuple(branch, fc.constantFrom(408 as const, 503 as const)).map(([at, status]) => failed(at, status)),
      fc.tuple(fc.constantFrom('provisional' as const, 'final' as const, 'C' as const), branch).map(([name, at]) => timer(name, at)),
      fc.constant(cancel),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.constantFrom('serial' as const, 'simultaneous' as const), fc.boolean(), (script, forking, invite) => {
        const { state, effects } = play({ forking, invite }, script);
        const finals = effects.filter((line) => /^(answer|forward [2-6])/.test(line));
        const failures = finals.filter((line) => line !== 'forward 200');
        assert.ok(state.branches.length <= MAX_BRANCHES);
        assert.equal(effects.filter((line) => line === 'done').length, state.phase === 'answered' ? 1 : 0);
        assert.ok(failures.length <= 1 && (failures.length === 0 || finals[0] === failures[0]));
      }),
    );
  });
});
