/**
 * Two telephones in one room, in a thread of their own, so that nothing else in this process keeps them waiting: each frame that
 * the first says is told from all others, and the second listens for every one of them. Told what to call by `workerData`; says
 * `talking` when the first frame was heard; told `stop`, it lets what is under way arrive and answers with a `Heard`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { lag } from '../../e2e/phone/pacer.ts';
import { Phone } from '../../e2e/phone/phone.ts';
import type { Target } from '../../e2e/phone/phone.ts';
import { Dice } from './mutate.ts';

export interface LiveCallOptions {
  readonly sip: Target;
  readonly alias: string;
}

export interface Heard {
  readonly said: number;
  /** Numbers of the frames heard exactly as they were said, as they came. */
  readonly heard: readonly number[];
  /** Packets missing in the sequence of what came, both telephones. */
  readonly lost: number;
  readonly up: boolean;
  /** Instants at which this thread, or what came, was late: a frame may be played later for it, or two as one. */
  readonly late: number;
}

/** A mixer tick is three frames late at least. */
const LATE_ARRIVAL_MS = 60;
/** Frames that may be under way: the largest delay of a jitter buffer, half a second. */
const UNDER_WAY = 50;

/** Loud noise that is the frame's own: G.711 codes that stay the same when they are decoded and encoded again. */
function frameOf(number: number): Buffer {
  const dice = new Dice(number);
  return Buffer.from(Array.from({ length: 160 }, () => (dice.roll(2) === 0 ? 0x90 : 0x10) + dice.roll(0x30)));
}

const { sip, alias } = workerData as LiveCallOptions;
const port = parentPort;
if (port === null) throw new Error('this is a worker');
const alice = await Phone.open('alice', sip);
const bob = await Phone.open('bob', sip);
await alice.call(alias);
await bob.call(alias);

const numbers = new Map<string, number>();
const heard: number[] = [];
let said = 0;
let stopAt = Infinity;
let lateArrivals = 0;
let arrivedAt = Infinity;
let begun: () => void;
const talking = new Promise<void>((resolve) => (begun = resolve));
let finished: () => void;
const finish = new Promise<void>((resolve) => (finished = resolve));

bob.media.watch(({ at, payload }) => {
  if (at - arrivedAt > LATE_ARRIVAL_MS) lateArrivals += 1;
  arrivedAt = at;
  const number = numbers.get(payload.toString('latin1'));
  if (number === undefined) return;
  heard.push(number);
  begun();
  if (number >= stopAt) finished();
});
alice.media.say(() => {
  const frame = frameOf(said);
  numbers.set(frame.toString('latin1'), said);
  said += 1;
  if (said > stopAt + UNDER_WAY) finished();
  return frame;
});

await talking;
// What came before is the beginning: prompts, and the jitter buffer finding its delay.
const first = { heard: heard.length, lost: alice.media.lost + bob.media.lost, late: lag.late };
lateArrivals = 0;
port.postMessage('talking');
await new Promise((resolve) => port.once('message', resolve));
stopAt = said;
await finish;
const report: Heard = {
  said: stopAt,
  heard: heard.slice(first.heard).filter((number) => number < stopAt),
  lost: alice.media.lost + bob.media.lost - first.lost,
  up: alice.isUp && bob.isUp,
  late: lag.late - first.late + lateArrivals,
};
await alice.hangUp();
await bob.hangUp();
alice.close();
bob.close();
port.postMessage(report);
