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
/** In the conference. */
const crowd = 10;
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

/** Mutes and unmutes all at an even pace: each command is an event of every participant. */
async function measureEvents({ program, api, room }: Setting): Promise<void> {
  const before = await lateTicks(program);
  await pause(seconds * 1_000);
  const quiet = (await lateTicks(program)) - before;

  const total = (eventsPerSecond * seconds) / crowd;
  const listeners = await Promise.all(Array.from({ length: clients }, () => EventClient.open(`${api.url}/api/v1/events/stream?room=${room}&types=participant.muteChanged`, { 'x-api-key': api.key })));
  const seen = listeners.map(async (client) => {
    await client.until(() => client.ids().length >= total * crowd);
    return performance.now();
  });
  const lateBefore = await lateTicks(program);
  const start = performance.now();
  for (let n = 0; n < total; n++) {
    const wait = start + (n * 1_000 * crowd) / eventsPerSecond - performance.now();
    if (wait > 1) await pause(wait);
    await succeeded(api.post(`/rooms/${room}/conference/${n % 2 === 0 ? 'mute-all' : 'unmute-all'}`));
  }
  const end = performance.now();
  const behind = (await Promise.all(seen)).map((at) => at - end);
  const late = (await lateTicks(program)) - lateBefore;
  const took = (end - start) / 1_000;
  for (const client of listeners) client.close();
  console.log(`events: ${round((total * crowd) / took, 0)}/s to ${clients} clients for ${round(took, 0)} s, all arrived; the last ${round(Math.max(...behind), 0)} ms after the last command was answered`);
  console.log(`mixing clock: ${late} late ticks of ${Math.round(took * 50)}; ${quiet} of ${seconds * 50} without events`);
}

const program = await startRooms(1);
const phones: Phone[] = [];
try {
  const api = await openApi(program);
  for (const name of ['mouth', 'ear', ...Array.from({ length: crowd - 2 }, (_, n) => `other${n}`)]) {
    const phone = await Phone.open(name, program.sip);
    phones.push(phone);
    await phone.call('conf1');
  }
  const [mouth, ear] = phones;
  if (mouth === undefined || ear === undefined) throw new Error('no phones');
  const participants = await program.untilRoom('conf1', 'all inside', (all) => all.filter(({ place }) => place === 'conference').length === crowd);
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
