import { describe } from 'node:test';
import type { ReliableProvisionalState } from '../../../src/protocol/sip/reliable-provisional.ts';
import { reliableProvisional, stepReliableProvisional } from '../../../src/protocol/sip/reliable-provisional.ts';
import { checkEdges } from '../support/edges.ts';

const waiting = reliableProvisional;
const acknowledged: ReliableProvisionalState = { ...waiting, phase: 'acknowledged' };
const abandoned: ReliableProvisionalState = { ...waiting, phase: 'abandoned' };
const stop = ['cancelTimer retransmit', 'cancelTimer giveUp'];

describe('RFC 3262 §3 a reliable provisional response until its PRACK', () => {
  checkEdges(stepReliableProvisional, [
    ['§3', waiting, { type: 'start' }, 'waiting', ['startTimer retransmit 500', 'startTimer giveUp 32000']],
    ['§3 doubles', waiting, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 1000']],
    ['§3 without bound', { ...waiting, interval: 8000 }, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 16000']],
    ['§3', waiting, { type: 'prack' }, 'acknowledged', [...stop, 'proceed']],
    ['§3 final response', waiting, { type: 'over' }, 'abandoned', stop],
    ['§3 64*T1', waiting, { type: 'timer', name: 'giveUp' }, 'abandoned', [...stop, 'giveUp']],
    ['§3 a second PRACK', acknowledged, { type: 'prack' }, 'acknowledged', []],
    ['late timer', abandoned, { type: 'timer', name: 'retransmit' }, 'abandoned', []],
  ]);
});
