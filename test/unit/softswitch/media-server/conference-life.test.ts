/** When a conference ends: the machine as a table, a row for each edge (C.3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../../properties.ts';
import { initialLife, stepLife, type LifeEffect, type LifeEvent, type LifeMember, type LifeState } from '../../../../src/softswitch/media-server/conference-life.ts';

const plain: LifeMember = { ghost: false, endconf: false, mandatoryEndconf: false, mintwo: false };
const GRACE = 5_000;
const joined = (flags: Partial<LifeMember> = {}): LifeEvent => ({ type: 'joined', member: { ...plain, ...flags } });
const left = (flags: Partial<LifeMember> = {}, wasTalking = false, graceMs = GRACE): LifeEvent => ({ type: 'left', member: { ...plain, ...flags }, wasTalking, graceMs });
const end = (why: Extract<LifeEffect, { readonly type: 'end' }>['why']): LifeEffect => ({ type: 'end', why });
const start = (timer: 'heartbeat' | 'silence' | 'grace', ms: number): LifeEffect => ({ type: 'startTimer', timer, ms });
const cancel = (timer: 'silence' | 'grace'): LifeEffect => ({ type: 'cancelTimer', timer });

function after(settings: { readonly heartbeatMs?: number; readonly silenceMs?: number }, events: readonly LifeEvent[]): { readonly state: LifeState; readonly effects: readonly LifeEffect[] } {
  let state = initialLife({ heartbeatMs: 0, silenceMs: 0, ...settings });
  let effects: readonly LifeEffect[] = [];
  for (const event of events) ({ state, effects } = stepLife(state, event));
  return { state, effects };
}

describe('the life of a conference', () => {
  const edges: readonly (readonly [edge: string, settings: { readonly heartbeatMs?: number; readonly silenceMs?: number }, events: readonly LifeEvent[], effects: readonly LifeEffect[]])[] = [
    ['created, no heartbeat: nothing', {}, [{ type: 'created' }], []],
    ['created: the heartbeat is wound up', { heartbeatMs: 20_000 }, [{ type: 'created' }], [start('heartbeat', 20_000)]],
    ['heartbeat: told, and again', { heartbeatMs: 20_000 }, [{ type: 'timeout', timer: 'heartbeat' }], [{ type: 'heartbeat' }, start('heartbeat', 20_000)]],
    ['endconf leaves: the end', {}, [joined({ endconf: true }), joined(), left({ endconf: true })], [end('endconf')]],
    ['another leaves: it goes on', {}, [joined({ endconf: true }), joined(), left()], []],
    ['the last mandatory member leaves: the grace time', {}, [joined({ mandatoryEndconf: true }), joined(), left({ mandatoryEndconf: true })], [start('grace', GRACE)]],
    ['without a grace time: the end', {}, [joined({ mandatoryEndconf: true }), joined(), left({ mandatoryEndconf: true }, false, 0)], [end('mandatory_members_gone')]],
    ['not the last mandatory member: it goes on', {}, [joined({ mandatoryEndconf: true }), joined({ mandatoryEndconf: true }), left({ mandatoryEndconf: true })], []],
    ['a mandatory member comes back: the grace time is over', {}, [joined(), left({ mandatoryEndconf: true }), joined({ mandatoryEndconf: true })], [cancel('grace')]],
    ['the grace time passes: the end', {}, [{ type: 'timeout', timer: 'grace' }], [end('mandatory_members_gone')]],
    ['mintwo: one is left of two: the end', {}, [joined({ mintwo: true }), joined(), left()], [end('too_few')]],
    ['mintwo: the first is alone before anyone came: it goes on', {}, [joined({ mintwo: true })], []],
    ['mintwo: a ghost counts as someone', {}, [joined({ mintwo: true }), joined(), joined({ ghost: true }), left()], []],
    ['silence: one alone is not silent', { silenceMs: 60_000 }, [joined()], [cancel('silence')]],
    ['silence: counted from the last arrival', { silenceMs: 60_000 }, [joined(), joined()], [start('silence', 60_000)]],
    ['silence: a ghost is nobody to talk to', { silenceMs: 60_000 }, [joined(), joined({ ghost: true })], [cancel('silence')]],
    ['silence: someone talks', { silenceMs: 60_000 }, [joined(), joined(), { type: 'talking' }], [cancel('silence')]],
    ['silence: one of two goes on talking', { silenceMs: 60_000 }, [joined(), joined(), { type: 'talking' }, { type: 'talking' }, { type: 'stoppedTalking' }], [cancel('silence')]],
    ['silence: counted from the last word', { silenceMs: 60_000 }, [joined(), joined(), { type: 'talking' }, { type: 'stoppedTalking' }], [start('silence', 60_000)]],
    ['silence: the talker leaves two', { silenceMs: 60_000 }, [joined(), joined(), joined(), { type: 'talking' }, left({}, true)], [start('silence', 60_000)]],
    ['silence: a silent one leaves two: the clock goes on', { silenceMs: 60_000 }, [joined(), joined(), joined(), left()], []],
    ['silence: all but one leave', { silenceMs: 60_000 }, [joined(), joined(), left()], [cancel('silence')]],
    ['silence passes: the end', { silenceMs: 60_000 }, [{ type: 'timeout', timer: 'silence' }], [end('silence')]],
  ];
  for (const [edge, settings, events, effects] of edges) {
    it(edge, () => assert.deepEqual(after(settings, events).effects, effects));
  }

  it('counts come back to nothing when all who came have left', () => {
    const flags = fc.record({ ghost: fc.boolean(), endconf: fc.boolean(), mandatoryEndconf: fc.boolean(), mintwo: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.tuple(flags, fc.boolean())), (members) => {
        const talk: LifeEvent = { type: 'talking' };
        const events = [...members.flatMap(([member, talks]) => [joined(member), ...(talks ? [talk] : [])]), ...members.map(([member, talks]) => left(member, talks))];
        const { members: count, ghosts, mandatory, talking } = after({ silenceMs: 1 }, events).state;
        assert.deepEqual([count, ghosts, mandatory, talking], [0, 0, 0, 0]);
      }),
    );
  });
});
