/** `npm run bench -- api`: how soon a command by REST is heard, and what telling events costs the mixing clock. */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { askRunning } from '../../src/adapters/control-socket/client.ts';
import { controlSocketPath } from '../../src/adapters/control-socket/path.ts';
import type { Program } from '../e2e/harness/program.ts';
import { audible, frameTone, heardAmplitude } from '../e2e/phone/media.ts';
import { Phone } from '../e2e/phone/phone.ts';
import { EventClient } from '../http/event-client.ts';
import { round, spread, type Spread } from './figures.ts';
import { startRooms } from './server.ts';

const goalMs = 60;
const commands = 200;
const eventsPerSecond = 200;
const clients = 20;
const seconds = 15;
const toneHz = 1000;

/** The API over connections that are kept open, with a key. */
class Api {
  readonly url: string;
  readonly key: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  /** Settles with the status. */
  post(path: string, body: object = {}): Promise<number> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${this.url}/api/v1${path}`, { method: 'POST', agent: this.#agent, headers: { 'x-api-key': this.key, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function local(program: Program, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const outcome = await askRunning(controlSocketPath(program.dataDir), { method: 'api', params: { method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) } });
  if (outcome.kind !== 'answered' || !outcome.answer.ok) throw new Error(`${path}: ${JSON.stringify(outcome)}`);
  return (outcome.answer.value as { readonly body: unknown }).body;
}

async function openApi(program: Program): Promise<Api> {
  const { key } = (await local(program, 'POST', '/api-keys', { name: 'bench', scopes: ['live:write', 'events:read'] })) as { readonly key: string };
  return new Api(/Manage it at (\S+)\/api\/v1\/docs/.exec(program.stdout)?.[1] ?? '', key);
}

const succeeded = async (status: Promise<number>): Promise<void> => {
  const got = await status;
  if (got >= 300) throw new Error(`a command was answered ${got}`);
};

interface Setting {
  readonly program: Program;
  readonly api: Api;
  readonly room: string;
  readonly speaker: string;
  readonly ear: Phone;
}

/** From the moment the request is made to the first packet that was mixed without the tone, and back. */
async function measureMute({ api, room, speaker, ear }: Setting): Promise<{ readonly mute: Spread; readonly unmute: Spread; readonly answer: Spread }> {
  const times = { mute: [] as number[], unmute: [] as number[], answer: [] as number[] };
  for (let n = 0; n < commands; n++) {
    for (const what of ['mute', 'unmute'] as const) {
      // At instants that have nothing to do with the mixer's.
      await pause(60 + Math.random() * 40);
      const heard = ear.frame(`the ${what}`, (frame) => (what === 'mute' ? frameTone(frame, toneHz) < audible : frameTone(frame, toneHz) > heardAmplitude), 5_000);
      const at = performance.now();
      const answered = succeeded(api.post(`/rooms/${room}/participants/${speaker}/${what}`)).then(() => times.answer.push(performance.now() - at));
      times[what].push((await heard).at - at);
      await answered;
    }
  }
  return { mute: spread(times.mute), unmute: spread(times.unmute), answer: spread(times.answer) };
}

const lateTicks = async (program: Program): Promise<number> => {
  const { media } = await program.status();
  return (media?.lateTicks ?? 0) + (media?.skippedTicks ?? 0);
};

/** Renames at an even pace: one event, and one entry of the audit log, each. */
async function measureEvents({ program, api, room, speaker }: Setting): Promise<void> {
  const before = await lateTicks(program);
  await pause(seconds * 1_000);
  const quiet = (await lateTicks(program)) - before;

  const listeners = await Promise.all(Array.from({ length: clients }, () => EventClient.open(`${api.url}/api/v1/events/stream?room=${room}&types=participant.renamed`, { 'x-api-key': api.key })));
  const start = performance.now();
  const lateBefore = await lateTicks(program);
  const sent = new Map<string, number>();
  const delays: number[] = [];
  const total = eventsPerSecond * seconds;
  const seen = listeners.map(async (client) => {
    let read = 0;
    await client.until((received) => {
      const now = performance.now();
      for (; read < received.length; read++) {
        const name = (received[read]?.data as { readonly data?: { readonly name?: string } } | undefined)?.data?.name;
        const at = name === undefined ? undefined : sent.get(name);
        if (at !== undefined) delays.push(now - at);
      }
      return client.ids().length >= total;
    });
  });
  const answers: Promise<void>[] = [];
  for (let n = 0; n < total; n++) {
    const due = start + (n * 1_000) / eventsPerSecond;
    const wait = due - performance.now();
    if (wait > 1) await pause(wait);
    sent.set(`n${n}`, performance.now());
    answers.push(succeeded(api.post(`/rooms/${room}/participants/${speaker}/rename`, { name: `n${n}` })));
  }
  await Promise.all(answers);
  const took = (performance.now() - start) / 1_000;
  await Promise.all(seen);
  const late = (await lateTicks(program)) - lateBefore;
  const { p50, p99, max, n } = spread(delays);
  for (const client of listeners) client.close();
  console.log(`events       ${round(total / took, 0)}/s to ${clients} clients for ${round(took, 0)} s: ${n} of ${total * clients} arrived, ${p50} ms, p99 ${p99} ms, at most ${max} ms after the command was sent`);
  console.log(`mixing clock ${late} late ticks of ${Math.round(took * 50)}; ${quiet} in ${seconds} s without events`);
}

const program = await startRooms(1);
const phones: Phone[] = [];
try {
  const api = await openApi(program);
  for (const name of ['mouth', 'ear']) {
    const phone = await Phone.open(name, program.sip);
    phones.push(phone);
    await phone.call('conf1');
  }
  const [mouth, ear] = phones;
  if (mouth === undefined || ear === undefined) throw new Error('no phones');
  const participants = await program.untilRoom('conf1', 'two inside', (all) => all.filter(({ place }) => place === 'conference').length === 2);
  const { items } = (await local(program, 'GET', '/rooms')) as { readonly items: readonly { readonly id: string; readonly aliases: readonly string[] }[] };
  const room = items.find(({ aliases }) => aliases.includes('conf1'))?.id ?? '';
  const speaker = participants.find(({ caller }) => caller.includes('mouth'))?.id ?? '';
  mouth.media.tone(toneHz, 8_000);
  await ear.hears(toneHz);
  const setting = { program, api, room, speaker, ear };
  const { mute, unmute, answer } = await measureMute(setting);
  console.log(`mute by REST to its effect in the audio, ${mute.n} times: ${mute.p50} ms, p95 ${mute.p95} ms, p99 ${mute.p99} ms, at most ${mute.max} ms (goal p99 ${goalMs} ms: ${mute.p99 <= goalMs ? 'met' : 'missed'})`);
  console.log(`unmute: ${unmute.p50} ms, p95 ${unmute.p95} ms, p99 ${unmute.p99} ms, at most ${unmute.max} ms; answers: ${answer.p50} ms, p99 ${answer.p99} ms`);
  await measureEvents(setting);
  api.close();
} finally {
  for (const phone of phones) phone.close();
  await program.stop();
}
