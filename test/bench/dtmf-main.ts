/**
 * `npm run bench -- dtmf`: how many keys are read right over a bad network.
 *
 *   npm run bench -- dtmf [--calls 100] [--loss 5] [--seed 1] [--speech 5] [--json]
 *
 * Calls through `vestibule softswitch` and a drachtio application key six digits each: by RFC 4733 at two clock rates with packets lost,
 * doubled, swapped, without markers, without their start; as tones in noise. Then minutes of speech in which no key may be heard.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMain } from '../e2e/harness/program.ts';
import { until } from '../e2e/harness/wait.ts';
import { lag } from '../e2e/phone/pacer.ts';
import type { Target } from '../e2e/phone/phone.ts';
import { randomNumbers, type Trouble } from './keys/bad-network.ts';
import { Desk } from './keys/desk.ts';
import { Keyer, type Way } from './keys/keyer.ts';
import { talkOff } from './keys/talk-off.ts';

const digitsPerCall = 6;
const lanes = 20;
const doubled = 0.02;
const swapped = 0.03;
const noTrouble: Trouble = { lost: 0, doubled: 0, swapped: 0 };

interface Reading {
  readonly way: Way;
  readonly calls: number;
  readonly keyed: number;
  readonly right: number;
  readonly missed: number;
  /** Told twice, or never keyed. */
  readonly extra: number;
  readonly wholeCalls: number;
  /** Packets that this program sent more than 5 ms late, and the largest lag: what the server cannot be blamed for. */
  readonly late: number;
  readonly largestLagMs: number;
}

export async function dtmfMain(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      calls: { type: 'string', default: '100' },
      loss: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      speech: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  const trouble: Trouble = { lost: Number(values.loss) / 100, doubled, swapped };
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-bench-'));
  const softswitch = await startMain(dataDir, ['softswitch'], { VESTIBULE_SOFTSWITCH_DRACHTIO_PORT: '0', VESTIBULE_SOFTSWITCH_ESL_PORT: '0', VESTIBULE_SOFTSWITCH_MEDIA_SIP_PORT: '0' });
  try {
    await until('the softswitch to be ready', () => /ready\./.exec(softswitch.stdout)?.[0], () => softswitch.output);
    const at = (what: RegExp): string => what.exec(softswitch.stdout)?.[1] ?? '';
    const target = (what: RegExp): Target => ({ host: '127.0.0.1', port: Number(at(what)) });
    const desk = await Desk.open({
      drachtio: { ...target(/drachtio +127\.0\.0\.1:(\d+)/), secret: at(/drachtio .*secret (\S+)/) },
      esl: { ...target(/event socket +127\.0\.0\.1:(\d+)/), secret: at(/event socket .*secret (\S+)/) },
    });
    const sip = target(/udp\/127\.0\.0\.1:(\d+)/);
    const readings: Reading[] = [];
    for (const [way, network] of [['RFC 4733 at 8 kHz', trouble], ['RFC 4733 at 16 kHz', trouble], ['tones in noise', noTrouble]] as const) {
      const reading = await keyCalls(desk, sip, way, network, Number(values.calls), Number(values.seed));
      readings.push(reading);
      const { calls, keyed, right, missed, extra, wholeCalls, late, largestLagMs } = reading;
      if (!values.json) console.log(`${way}${network.lost > 0 ? `, ${values.loss} % lost` : ''}: ${right} of ${keyed} keys right, ${missed} missed, ${extra} doubled or made up; ${wholeCalls} of ${calls} calls wholly right (the bench was late with ${late} packets, ${Math.round(largestLagMs)} ms at most)`);
    }
    desk.close();
    const speech = talkOff(Number(values.speech));
    if (!values.json) console.log(speech === undefined ? 'speech: espeak-ng is not installed' : `speech: ${speech.keys.length} keys heard in ${speech.minutes.toFixed(1)} minutes without any${speech.keys === '' ? '' : ` (${speech.keys})`}`);
    if (values.json) console.log(JSON.stringify({ loss: Number(values.loss), readings, speech }));
  } finally {
    softswitch.kill('SIGTERM');
    await softswitch.exit(20_000);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function keyCalls(desk: Desk, sip: Target, way: Way, trouble: Trouble, calls: number, seed: number): Promise<Reading> {
  const random = randomNumbers(seed);
  const keyed = Array.from({ length: calls }, () => Array.from({ length: digitsPerCall }, () => '0123456789'[Math.floor(random() * 10)] ?? '0').join(''));
  const alias = (call: number): string => `${way.replaceAll(/\W/g, '')}-${call}`;
  Object.assign(lag, { turns: 0, late: 0, largestMs: 0 });
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let call = next++; call < calls; call = next++) {
      const keyer = await Keyer.open(`keyer${call}`, sip, way, randomNumbers(seed * 1_000 + call));
      await keyer.key(alias(call), keyed[call] ?? '', trouble);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, calls) }, lane));
  const read = keyed.map((_, call) => desk.read(alias(call)));
  const right = keyed.reduce((sum, digits, call) => sum + inCommon(digits, read[call] ?? ''), 0);
  const told = read.reduce((sum, digits) => sum + digits.length, 0);
  return { way, calls, keyed: calls * digitsPerCall, right, missed: calls * digitsPerCall - right, extra: told - right, wholeCalls: keyed.filter((digits, call) => digits === read[call]).length, late: lag.late, largestLagMs: lag.largestMs };
}

/** Length of the longest sequence that is in both. */
function inCommon(one: string, other: string): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const digit of one) {
    const before = row;
    row = [0];
    for (let i = 1; i <= other.length; i++) row.push(digit === other[i - 1] ? (before[i - 1] ?? 0) + 1 : Math.max(before[i] ?? 0, row[i - 1] ?? 0));
  }
  return row.at(-1) ?? 0;
}
