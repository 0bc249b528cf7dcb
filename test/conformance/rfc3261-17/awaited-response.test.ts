import { describe } from 'node:test';
import type { AwaitedResponseState } from '../../../src/protocol/sip/awaited-response.ts';
import { stepAwaitedResponse, untilAck, untilPrack } from '../../../src/protocol/sip/awaited-response.ts';
import { checkEdges } from '../support/edges.ts';

const acknowledged: AwaitedResponseState = { ...untilAck, phase: 'acknowledged' };
const abandoned: AwaitedResponseState = { ...untilAck, phase: 'abandoned' };
const stop = ['cancelTimer retransmit', 'cancelTimer giveUp'];

describe('RFC 3261 §13.3.1.4 the 2xx until its ACK', () => {
  checkEdges(stepAwaitedResponse, [
    ['§13.3.1.4', untilAck, { type: 'start', repetition: 'byTimer' }, 'waiting', ['startTimer retransmit 500', 'startTimer giveUp 32000']],
    ['a source that proved nothing', untilAck, { type: 'start', repetition: 'onRequest' }, 'waiting', ['startTimer giveUp 32000']],
    ['§13.3.1.4 interval doubles', untilAck, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 1000']],
    ['§13.3.1.4 interval stops at T2', { ...untilAck, interval: 4000 }, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 4000']],
    ['§13.3.1.4 ACK', untilAck, { type: 'acknowledged' }, 'acknowledged', [...stop, 'proceed']],
    ['§13.3.1.4 ACK again', acknowledged, { type: 'acknowledged' }, 'acknowledged', []],
    ['§13.3.1.4 no ACK', untilAck, { type: 'timer', name: 'giveUp' }, 'abandoned', [...stop, 'giveUp']],
    ['§15.1.2 BYE instead of ACK', untilAck, { type: 'over' }, 'abandoned', stop],
    ['no edge', abandoned, { type: 'acknowledged' }, 'abandoned', []],
  ]);
});

describe('RFC 3262 §3 a reliable provisional response until its PRACK', () => {
  checkEdges(stepAwaitedResponse, [
    ['§3', untilPrack, { type: 'start', repetition: 'byTimer' }, 'waiting', ['startTimer retransmit 500', 'startTimer giveUp 32000']],
    ['§3 doubles', untilPrack, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 1000']],
    ['§3 without bound', { ...untilPrack, interval: 8000 }, { type: 'timer', name: 'retransmit' }, 'waiting', ['sendResponse', 'startTimer retransmit 16000']],
    ['§3', untilPrack, { type: 'acknowledged' }, 'acknowledged', [...stop, 'proceed']],
    ['§3 final response', untilPrack, { type: 'over' }, 'abandoned', stop],
    ['§3 64*T1', untilPrack, { type: 'timer', name: 'giveUp' }, 'abandoned', [...stop, 'giveUp']],
    ['§3 a second PRACK', { ...untilPrack, phase: 'acknowledged' }, { type: 'acknowledged' }, 'acknowledged', []],
    ['late timer', { ...untilPrack, phase: 'abandoned' }, { type: 'timer', name: 'retransmit' }, 'abandoned', []],
  ]);
});
