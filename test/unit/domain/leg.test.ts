import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { initialLeg, legStep, type LegEffect, type LegEvent, type LegState, type LegTimer } from '../../../src/domain/leg.ts';
import type { EndingPolicy } from '../../../src/domain/policy.ts';
import { hour, minute, policy, promptText, second } from './fixtures.ts';
import { Timeline } from './timeline.ts';

/** A leg whose media server answers polls at once, with 50 packets a second while media flows. */
class Leg extends Timeline<LegState, LegEvent, LegEffect> {
  media: 'flows' | 'stopped' = 'flows';
  polls = 0;
  readonly #limits: { inForce: EndingPolicy };
  #packets = 0;
  #countedAt = 0;
  readonly #lines: string[] = [];

  constructor(ending: Partial<EndingPolicy> = {}) {
    const limits = { inForce: { ...policy.ending, ...ending } };
    super({
      initial: initialLeg(),
      step: (state, event) => legStep(state, event, limits.inForce),
      fired: (name, now) => ({ type: 'timer', name: name as LegTimer, now }),
    });
    this.#limits = limits;
    this.post({ type: 'answered', now: 0 });
  }

  limits(ending: Partial<EndingPolicy>): void {
    this.#limits.inForce = { ...policy.ending, ...ending };
    this.post({ type: 'limitsChanged', now: this.now });
  }

  override post(...events: readonly LegEvent[]): void {
    for (const event of events) {
      super.post(event);
      for (const effect of this.take()) {
        if (effect.do === 'pollMedia') {
          this.polls += 1;
          this.#count();
          this.post({ type: 'packets', count: this.#packets, now: this.now });
        } else if (effect.do === 'tell') this.#lines.push(promptText(effect.prompts));
        else if (effect.do === 'end') this.#lines.push(`${this.now} end ${effect.reason}: ${promptText(effect.goodbye)}`);
      }
    }
  }

  stops(): void {
    this.#count();
    this.media = 'stopped';
  }

  holds(held: boolean): void {
    this.post({ type: 'held', held, now: this.now });
  }

  heard(ms: number): readonly string[] {
    this.advance(ms);
    return this.#lines.splice(0);
  }

  #count(): void {
    if (this.media === 'flows') this.#packets += Math.floor((this.now - this.#countedAt) / 20);
    this.#countedAt = this.now;
  }
}

describe('no media, policy section 5', () => {
  it('PX-41: cut 120 s after the last packet, and within 5 s of that, whenever it stopped', () => {
    for (const stoppedAt of [0, 1, 3_999, 4_000, 4_001, 60_000, 61_234]) {
      const leg = new Leg();
      leg.advance(stoppedAt);
      leg.stops();
      const [end = ''] = leg.heard(200 * second);
      const at = Number(end.split(' ')[0]);
      assert.match(end, /end no_media: $/);
      const lastPacketAt = stoppedAt - (stoppedAt % 20);
      assert.ok(at >= lastPacketAt + 120 * second && at <= stoppedAt + 125 * second, `stopped at ${stoppedAt}, cut at ${at}`);
      assert.deepEqual(leg.timers(), {});
    }
  });

  it('media flows: never cut', () => assert.deepEqual(new Leg().heard(11 * hour), []));

  it('polled at least every 5 s', () => {
    const leg = new Leg();
    leg.advance(minute);
    assert.ok(leg.polls >= 12, `${leg.polls} polls a minute`);
  });

  it('paused while held: 30 min on hold, and the silence before it goes on after it', () => {
    const leg = new Leg();
    leg.stops();
    leg.advance(60 * second);
    leg.holds(true);
    assert.deepEqual(leg.heard(30 * minute), []);
    leg.holds(false);
    assert.deepEqual(leg.heard(60 * second - 1), []);
    assert.deepEqual(leg.heard(5 * second), [`${32 * minute} end no_media: `]);
  });

  it('held twice is held once', () => {
    const leg = new Leg();
    leg.stops();
    leg.holds(true);
    leg.advance(minute);
    leg.holds(true);
    leg.advance(minute);
    leg.holds(false);
    assert.deepEqual(leg.heard(120 * second), [`${4 * minute} end no_media: `]);
  });

  it('a media server that counts anew is media', () => {
    const leg = new Leg();
    leg.advance(minute);
    leg.post({ type: 'packets', count: 3, now: leg.now });
    assert.deepEqual(leg.state, { at: 'connected', since: 0, packets: 3, heardAt: minute });
  });

  it('an answer just before the limit: asked once more', () => {
    const asked = legStep({ at: 'connected', since: 0, packets: 7, heardAt: 0 }, { type: 'packets', count: 7, now: 120 * second - 1 }, policy.ending);
    assert.deepEqual(asked.effects, [{ do: 'startTimer', name: 'mediaPoll', ms: 100 }]);
  });

  it('0: never polled, never cut', () => {
    const leg = new Leg({ noMediaMs: 0 });
    leg.stops();
    assert.deepEqual(leg.heard(hour), []);
    assert.equal(leg.polls, 0);
  });

  it('a short time is polled in time', () => {
    const leg = new Leg({ noMediaMs: 2 * second });
    leg.stops();
    assert.deepEqual(leg.heard(10 * second), ['2000 end no_media: ']);
  });
});

describe('longest connection, policy section 5', () => {
  it('PX-42: spoken 1 min before, ended after 12 h', () => {
    const leg = new Leg();
    assert.deepEqual(leg.heard(12 * hour - minute - 1), []);
    assert.deepEqual(leg.heard(1), ['max_duration_1']);
    assert.deepEqual(leg.heard(minute - 1), []);
    assert.deepEqual(leg.heard(1), [`${12 * hour} end max_duration: will_disconnect`]);
    assert.deepEqual(leg.timers(), {});
  });

  it('PX-42: other limits, once the room is known, count from the answer; so does its warning', () => {
    const leg = new Leg();
    leg.heard(minute);
    leg.limits({ longestConnectionMs: 5 * minute });
    assert.deepEqual(leg.heard(3 * minute), ['max_duration_1']);
    assert.deepEqual(leg.heard(minute), [`${5 * minute} end max_duration: will_disconnect`]);
    assert.deepEqual(leg.timers(), {});
  });

  it('PX-42: limits that are over already end it at once, also while held; none at all end nobody', () => {
    for (const held of [false, true]) {
      const leg = new Leg();
      leg.heard(10 * minute);
      if (held) leg.holds(true);
      leg.limits({ longestConnectionMs: 5 * minute });
      assert.deepEqual(leg.heard(second), [`${10 * minute + 1} end max_duration: will_disconnect`]);
    }
    const leg = new Leg({ longestConnectionMs: 5 * minute });
    leg.limits({ longestConnectionMs: 0 });
    assert.deepEqual(leg.heard(hour), []);
  });

  it('PX-41: limits without a no-media rule before them begin to poll', () => {
    const leg = new Leg({ noMediaMs: 0 });
    leg.stops();
    leg.limits({ noMediaMs: 20 * second });
    assert.equal(leg.heard(30 * second).at(-1)?.split(' ')[2], 'no_media:');
  });

  it('also while held', () => {
    const leg = new Leg();
    leg.holds(true);
    assert.deepEqual(leg.heard(12 * hour).at(-1), `${12 * hour} end max_duration: will_disconnect`);
  });

  it('0: no end', () => assert.deepEqual(new Leg({ longestConnectionMs: 0 }).heard(24 * hour), []));

  it('shorter than its warning: no warning', () => assert.deepEqual(new Leg({ longestConnectionMs: 30 * second }).heard(minute), ['30000 end max_duration: will_disconnect']));

  it('section 5: at the same instant the earlier row wins', () => {
    const { effects } = legStep({ at: 'connected', since: 0, packets: 7, heardAt: 0 }, { type: 'timer', name: 'longest', now: 120 * second }, policy.ending);
    assert.deepEqual(effects.at(-1), { do: 'end', reason: 'no_media', goodbye: [] });
  });
});

describe('events out of turn', () => {
  for (const event of [
    { type: 'packets', count: 1, now: 5 },
    { type: 'held', held: true, now: 5 },
    { type: 'timer', name: 'longest', now: 5 },
  ] as const) {
    it(`${event.type} before the answer and after the end`, () => {
      for (const state of [initialLeg(), { at: 'ended' }] as const) assert.deepEqual(legStep(state, event, policy.ending), { state, effects: [] });
    });
  }
});
