import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SipRequest } from '../../../src/protocol/sip/message.ts';
import { agreeSession, isIntervalTooSmall, sessionExpiresOf } from '../../../src/protocol/sip/session-expires.ts';
import type { SessionTimerState } from '../../../src/protocol/sip/session-timer.ts';
import { sessionTimer, stepSessionTimer } from '../../../src/protocol/sip/session-timer.ts';
import { checkEdges } from '../support/edges.ts';

const off = sessionTimer;
const refreshing: SessionTimerState = { phase: 'refreshing', seconds: 90 };
const watching: SessionTimerState = { phase: 'watching', seconds: 90 };
const stop = ['cancelTimer refresh', 'cancelTimer expiry'];

describe('RFC 4028 the session timer', () => {
  checkEdges(stepSessionTimer, [
    ['§10 BYE 32 s before the end', off, { type: 'agreed', seconds: 1800, refresher: 'them' }, 'watching', [...stop, 'startTimer expiry 1768000']],
    ['§10 or a third', off, { type: 'agreed', seconds: 90, refresher: 'them' }, 'watching', [...stop, 'startTimer expiry 60000']],
    ['§7.2 refresh at half', off, { type: 'agreed', seconds: 1800, refresher: 'us' }, 'refreshing', [...stop, 'startTimer refresh 900000', 'startTimer expiry 1768000']],
    ['§7.4 agreed anew', watching, { type: 'agreed', seconds: 90, refresher: 'us' }, 'refreshing', [...stop, 'startTimer refresh 45000', 'startTimer expiry 60000']],
    ['§7.2 none any more', watching, { type: 'off' }, 'off', stop],
    ['none', off, { type: 'off' }, 'off', []],
    ['§7.2', refreshing, { type: 'timer', name: 'refresh' }, 'refreshing', ['refresh']],
    ['§10', refreshing, { type: 'timer', name: 'expiry' }, 'off', [...stop, 'expire']],
    ['§10', watching, { type: 'timer', name: 'expiry' }, 'off', [...stop, 'expire']],
    ['§7.4 refused: again', refreshing, { type: 'refused' }, 'refreshing', ['startTimer refresh 5000']],
    ['§10 408 or 481', refreshing, { type: 'gone' }, 'off', [...stop, 'expire']],
    ['late answer', off, { type: 'gone' }, 'off', []],
    ['late answer', off, { type: 'refused' }, 'off', []],
    ['late timer', off, { type: 'timer', name: 'expiry' }, 'off', []],
  ]);
});

describe('RFC 4028 §9 what a UAS answers', () => {
  const request = (...headers: readonly (readonly [string, string])[]): SipRequest => ({ kind: 'request', method: 'INVITE', uri: 'sip:a@b', body: '', headers: headers.map(([name, value]) => ({ name, value })) });
  const timer = ['Supported', 'timer'] as const;

  for (const [name, asked, given, agreed] of [
    ['Table 2: the caller says who', request(timer, ['Session-Expires', '1800;refresher=uas']), undefined, { seconds: 1800, refresher: 'uas' }],
    ['Table 2: the caller leaves it open', request(timer, ['Session-Expires', '1800']), undefined, { seconds: 1800, refresher: 'uac' }],
    ['Table 2: the caller knows no timers', request(['Session-Expires', '1800']), undefined, { seconds: 1800, refresher: 'uas' }],
    ['nobody asks', request(timer), undefined, undefined],
    ['the user asks', request(), { seconds: 600, refresher: undefined }, { seconds: 600, refresher: 'uas' }],
    ['§4: never below 90 s', request(['Session-Expires', '20']), undefined, { seconds: 90, refresher: 'uas' }],
  ] as const) {
    it(name, () => assert.deepEqual(agreeSession(asked, given), agreed));
  }

  it('422 for a small interval, but only to who can raise it', () => {
    assert.equal(isIntervalTooSmall(request(timer, ['Session-Expires', '89'])), true);
    assert.equal(isIntervalTooSmall(request(timer, ['Session-Expires', '90'])), false);
    assert.equal(isIntervalTooSmall(request(['Session-Expires', '10'])), false);
  });

  it('a header that cannot be understood is none', () => {
    for (const value of ['', 'soon', '-1', '99999999999', '90 seconds']) assert.equal(sessionExpiresOf(request(['Session-Expires', value])), undefined, value);
  });
});
