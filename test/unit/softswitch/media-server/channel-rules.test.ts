/** Rules of channels that need no call: media timeouts, statistics, how many may begin. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LegStats } from '../../../../src/softswitch/engine/api.ts';
import { AppStack } from '../../../../src/softswitch/media-server/app-stack.ts';
import { mediaStatVariables } from '../../../../src/softswitch/media-server/media-stats.ts';
import { isMediaTimeout, mediaTimeouts } from '../../../../src/softswitch/media-server/media-timeout.ts';
import { SessionLimits } from '../../../../src/softswitch/media-server/session-limits.ts';

describe('F-14: media timeouts by variable', () => {
  const table: readonly (readonly [variables: Readonly<Record<string, string>>, ms: number, holdMs: number])[] = [
    [{}, 0, 0],
    [{ media_timeout: '2000' }, 2_000, 20_000],
    [{ media_timeout: '2000', media_hold_timeout: '5000' }, 2_000, 5_000],
    [{ media_timeout_audio: '1000', media_timeout: '2000' }, 1_000, 10_000],
    [{ rtp_timeout_sec: '2' }, 2_000, 20_000],
    [{ rtp_timeout_sec: '2', rtp_hold_timeout_sec: '0' }, 2_000, 0],
    [{ media_timeout: 'x' }, 0, 0],
    [{ media_timeout: '999999999' }, 86_400_000, 86_400_000],
  ];
  for (const [variables, ms, holdMs] of table) it(JSON.stringify(variables), () => assert.deepEqual(mediaTimeouts(new Map(Object.entries(variables))), { ms, holdMs }));
  it('only these names are watched', () => assert.deepEqual(['media_timeout', 'rtp_hold_timeout_sec', 'timeout'].map(isMediaTimeout), [true, true, false]));
});

describe('statistics as variables', () => {
  const silent: LegStats = {
    inPackets: 0, inMediaPackets: 0, inBytes: 0, inMediaBytes: 0, inDtmfPackets: 0, inCngPackets: 0, inLost: 0, inDiscarded: 0, inUnauthenticated: 0,
    inLargestJitterBuffer: 0, inJitterMs: 0, inJitterMinMs: 0, inJitterMaxMs: 0, outPackets: 0, outBytes: 0, outDtmfPackets: 0, rtcpPackets: 0, rtcpOctets: 0,
  };
  const quality = (stats: Partial<LegStats>): readonly (string | undefined)[] => {
    const variables = new Map(mediaStatVariables({ ...silent, ...stats }));
    return ['in_quality_percentage', 'in_mos', 'in_jitter_loss_rate'].map((name) => variables.get(`rtp_audio_${name}`));
  };
  it('E02: nothing lost is 100 % and 4.50', () => assert.deepEqual(quality({ inMediaPackets: 78 }), ['100.00', '4.50', '0.00']));
  it('nothing heard at all costs nothing', () => assert.deepEqual(quality({}), ['100.00', '4.50', '0.00']));
  it('4 % lost', () => assert.deepEqual(quality({ inMediaPackets: 96, inLost: 4 }), ['90.00', '4.34', '0.04']));
  it('half of it lost', () => assert.deepEqual(quality({ inMediaPackets: 1, inLost: 1 }), ['0.00', '1.00', '0.50']));
});

describe('sessions', () => {
  it('as many as may be, and as many a second as may begin', () => {
    let now = 10_000;
    const sessions = new SessionLimits(3, () => now);
    sessions.perSecond = 2;
    assert.equal(sessions.admit(0), 'admitted');
    sessions.begun(1);
    sessions.begun(2);
    assert.equal(sessions.admit(2), 'too_fast');
    now += 1_000;
    assert.equal(sessions.admit(2), 'admitted');
    assert.equal(sessions.lastPerSecond, 2);
    assert.equal(sessions.admit(3), 'full');
    now += 5_000;
    assert.equal(sessions.lastPerSecond, 0);
    assert.deepEqual([sessions.total, sessions.peak, sessions.peakPerSecond, sessions.recentPeaks], [2, 2, 2, { sessions: 2, perSecond: 2 }]);
    now += 300_000;
    assert.deepEqual(sessions.recentPeaks, { sessions: 0, perSecond: 0 });
    assert.equal(sessions.peak, 2);
  });
});

describe('B.4.1: applications on top of each other', () => {
  const stack = (): { readonly apps: AppStack; readonly told: string[]; readonly run: (name: string) => { readonly done: (response: string) => void } } => {
    const told: string[] = [];
    const apps = new AppStack({ complete: (call, response) => void told.push(`${call.name} ${response}`), idle: () => void told.push('idle') });
    const run = (name: string): { readonly done: (response: string) => void } => {
      let finish: (response: string) => void = () => undefined;
      apps.run({ uuid: name, name, argument: '' }, (done) => {
        finish = done;
        return { end: () => void told.push(`${name} ends`), break: () => done('broken'), digit: () => true };
      });
      return { done: (response) => finish(response) };
    };
    return { apps, told, run };
  };
  it('the lower one goes on when the upper is over', () => {
    const { apps, told, run } = stack();
    const [lower, upper] = [run('lower'), run('upper')];
    upper.done('ok');
    assert.deepEqual([told, apps.top?.name], [['upper ok'], 'lower']);
    lower.done('ok');
    assert.deepEqual(told, ['upper ok', 'lower ok', 'idle']);
  });
  it('break all ends one after the other', () => {
    const { apps, told, run } = stack();
    run('lower');
    run('upper');
    apps.break(true);
    assert.deepEqual(told, ['upper broken', 'lower broken', 'idle']);
  });
  it('at the end each stops and completes, the uppermost first; completing twice is nothing', () => {
    const { apps, told, run } = stack();
    const [, upper] = [run('lower'), run('upper')];
    apps.end();
    upper.done('late');
    assert.deepEqual([told, apps.size], [['upper ends', 'upper _none_', 'lower ends', 'lower _none_'], 0]);
  });
});
