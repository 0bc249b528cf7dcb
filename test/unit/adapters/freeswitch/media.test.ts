/** The adapter over the real libraries and the embedded servers, on loopback. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import Srf from 'drachtio-srf';
import { FreeSwitchMedia } from '../../../../src/adapters/freeswitch/media.ts';
import { loadPrompts } from '../../../../src/adapters/prompts/catalog.ts';
import { createLogger } from '../../../../src/adapters/system/log.ts';
import { createScheduler } from '../../../../src/adapters/system/scheduler.ts';
import { shippedConfig } from '../../../../src/config/load.ts';
import type { MediaStatistics } from '../../../../src/ports/live.ts';
import type { Log } from '../../../../src/ports/log.ts';
import type { LegMedia, MediaDescription } from '../../../../src/ports/media.ts';
import type { PromptCatalog } from '../../../../src/ports/prompts.ts';
import type { Engine } from '../../../../src/softswitch/engine/api.ts';
import { createEngine } from '../../../../src/softswitch/engine/client.ts';
import { createMediaServer, type MediaServer } from '../../../../src/softswitch/media-server/media-server.ts';
import type { SipServer } from '../../../../src/softswitch/sip-server/api.ts';
import { createSipServer } from '../../../../src/softswitch/sip-server/sip-server.ts';
import { freePorts } from '../../../e2e/harness/ports.ts';
import { holds, until } from '../../../e2e/harness/wait.ts';

const host = '127.0.0.1';
const secret = 'between-us';
const promptDir = join(shippedConfig, 'prompts');
const scheduler = createScheduler();
const quiet = createLogger('silent');

const offered = (payloadType: number, name: string): MediaDescription => ({
  lines: [{ kind: 'audio', protocol: 'RTP/AVP', address: host, port: 9, direction: 'sendrecv', codecs: [{ name, payloadType, clockRate: 8_000 }] }],
});
const pcmu = offered(0, 'PCMU');

describe('FreeSWITCH adapter', () => {
  let sip: SipServer;
  let server: MediaServer;
  let engine: Engine;
  let srf: Srf;
  let media: FreeSwitchMedia;
  let ports: number;
  let catalog: PromptCatalog;

  const startServer = (channels?: number): Promise<MediaServer> =>
    createMediaServer({
      sip: { host, port: 0 },
      esl: { host, port: 0, secret },
      rtpHost: () => host,
      rtpAddress: () => host,
      engine: (onEvent) => {
        const made = createEngine({ portMin: ports, portMax: ports + 39, limits: { legs: 20, portQuarantineMs: 0, audioCacheBytes: 10_000_000 }, workers: 2, onEvent, log: quiet });
        if (channels === undefined) engine = made;
        return made;
      },
      scheduler,
      log: quiet,
      ...(channels === undefined ? {} : { limits: { channels } }),
    });

  const mediaOn = (eslPort: number, log: Log, by = srf): FreeSwitchMedia =>
    new FreeSwitchMedia({ servers: [{ host, port: eslPort, secret, profile: 'drachtio_mrf', listenHost: host, listenPort: 0, promptDir }], srf: by, catalog, scheduler, log });

  before(async () => {
    ports = await freePorts(40);
    sip = createSipServer({ listen: [{ transport: 'udp', host, port: 0 }], control: { host, port: 0, secret }, scheduler, log: quiet, random: (count) => randomBytes(count) });
    await sip.start();
    server = await startServer();
    srf = new Srf();
    const connected = new Promise<void>((resolve) => srf.on('connect', () => resolve()));
    srf.on('error', () => undefined);
    srf.connect({ host, port: sip.controlPort, secret });
    await connected;
    const prompts = loadPrompts(promptDir, quiet);
    assert.ok(prompts.ok);
    catalog = prompts.value;
    media = mediaOn(server.eslPort, quiet);
    await media.start();
    await media.tryOut();
  });
  after(async () => {
    media.stop();
    srf.disconnect();
    await server.stop();
    await sip.close();
  });

  async function withLeg(test: (leg: LegMedia, events: string[]) => Promise<void>): Promise<void> {
    const events: string[] = [];
    const made = await media.allocate(pcmu, { onDigit: (digit, via) => void events.push(`${via}:${digit}`), onLost: () => void events.push('lost') });
    assert.ok(made.ok, JSON.stringify(made));
    await test(made.value, events);
    await made.value.release();
    assert.equal(media.endpoints, 0);
    await until('the channel to be gone', () => holds(server.debugState().channels === 0), () => JSON.stringify(server.debugState()));
  }

  it('what was made to try the server out is gone when calls may come', () => {
    assert.equal(media.endpoints, 0);
    assert.equal(server.debugState().channels, 0);
  });

  it('a server that makes no endpoint is told of before the first call', async () => {
    const full = await startServer(0);
    const told: unknown[] = [];
    const log: Log = { ...quiet, child: () => log, warn: () => undefined, error: (fields) => void told.push('code' in fields ? fields.code : fields) };
    const unusable = mediaOn(full.eslPort, log);
    await unusable.start();
    await unusable.tryOut();
    assert.deepEqual(told, ['media_server_unusable']);
    unusable.stop();
    await full.stop();
  });

  it('an offer gets an answer with an address of the server', () =>
    withLeg((leg) => {
      const [line] = leg.answer.lines;
      assert.equal(line?.address, host);
      assert.ok(line.port >= ports);
      assert.deepEqual(line.codecs.map(({ name }) => name), ['PCMU']);
      return Promise.resolve();
    }));

  it('no offer: the server makes one, the answer is taken by `update`', async () => {
    const made = await media.allocate(undefined, { onDigit: () => undefined, onLost: () => undefined });
    assert.ok(made.ok);
    assert.ok(made.value.answer.lines[0]?.codecs.some(({ name }) => name === 'PCMA'));
    assert.ok((await made.value.update(pcmu)).ok);
    await made.value.release();
  });

  it('no common codec is said as that', async () => {
    assert.deepEqual(await media.allocate(offered(18, 'G729'), { onDigit: () => undefined, onLost: () => undefined }), { ok: false, error: 'no_common_codec' });
    assert.equal(media.endpoints, 0);
  });

  it('a 488 is asked again once: FreeSWITCH also says it when another program holds the RTP port it chose', async () => {
    const asked: unknown[] = [];
    const invite = Reflect.get(srf, 'createUAC') as (...args: readonly unknown[]) => Promise<unknown>;
    const refusedOnce = Object.assign(Object.create(srf) as Srf, {
      createUAC: (...args: readonly unknown[]) => (asked.push(args[0]) === 1 ? Promise.reject(new Error('Sip non-success response: 488')) : Reflect.apply(invite, srf, args)),
    });
    const told: unknown[] = [];
    const log: Log = { ...quiet, child: () => log, warn: (fields) => void told.push(fields), error: (fields) => void told.push(fields) };
    const again = mediaOn(server.eslPort, log, refusedOnce);
    await again.start();
    await again.tryOut();
    assert.equal(asked.length, 4, 'three endpoints, the first asked for twice');
    assert.deepEqual(told, []);
    again.stop();
  });

  it('D-1, F-22: a refused change of media does not spoil the next one', () =>
    withLeg(async (leg) => {
      assert.deepEqual(await leg.update(offered(18, 'G729')), { ok: false, error: 'no_common_codec' });
      assert.ok((await leg.update(offered(8, 'PCMA'))).ok);
    }));

  it('a prompt replaces the one before it, at once and however fast', () =>
    withLeg(async (leg) => {
      const plays = ['enter_number', 'enter_pin', 'full'].map((key) => leg.play([{ key: key as 'full' }], 'en', 'playOn'));
      assert.deepEqual(await Promise.all(plays.slice(0, 2)), ['stopped', 'stopped']);
      await leg.stopPlay();
      assert.equal(await plays[2], 'stopped');
    }));

  it('several prompts are played to the end', () =>
    withLeg(async (leg) => {
      assert.equal(await leg.play([{ key: 'star' }, { key: 'hash' }], 'en', 'playOn'), 'done');
    }));

  it('music goes on until it is stopped, or the leg joins', () =>
    withLeg(async (leg) => {
      const music = leg.playMusic();
      await leg.stopPlay();
      assert.equal(await music, 'stopped');
      const again = leg.playMusic();
      assert.ok((await leg.join('room', false)).ok);
      assert.equal(await again, 'stopped');
    }));

  it('in a conference: told, muted, taken out, and it still hears prompts', () =>
    withLeg(async (leg) => {
      assert.ok((await leg.join('room', true)).ok);
      await Promise.all([leg.tell([{ key: 'star' }], 'en'), leg.tell([{ key: 'hash' }], 'en')]);
      await leg.setMuted(false);
      await leg.leave();
      assert.equal(await leg.play([{ key: 'star' }], 'en', 'playOn'), 'done');
    }));

  it('a conference is recorded: begun, paused, resumed and stopped when the events say so; a file is said to all and to one', () =>
    withLeg(async (leg) => {
      const dir = mkdtempSync(join(tmpdir(), 'vestibule recordings '));
      const ended: string[] = [];
      assert.ok((await leg.join('recorded', false)).ok);
      const file = join(dir, 'one.wav');
      const recording = await media.record('recorded', file, (how) => void ended.push(how));
      assert.ok(recording.ok);
      assert.ok(existsSync(file), 'it has begun when it says so');
      assert.ok((await recording.value.pause()).ok);
      assert.ok((await recording.value.resume()).ok);
      const prompt = join(promptDir, 'en', 'star.wav');
      assert.deepEqual(await Promise.all([media.announceFile('recorded', prompt), leg.tell([{ file: prompt }], 'en')]), ['said', 'said']);
      assert.ok((await recording.value.stop()).ok);
      assert.deepEqual(ended, ['stopped']);
      assert.ok(statSync(file).size > 4_000, 'what was said to all is on it');
      assert.ok(!(await recording.value.stop()).ok, 'it is over');

      const second = await media.record('recorded', join(dir, 'two.wav'), (how) => void ended.push(how));
      assert.ok(second.ok);
      await leg.leave();
      await until('the end of the conference to end it', () => holds(ended.length === 2), () => JSON.stringify(ended));
      assert.deepEqual(ended, ['stopped', 'stopped']);
      rmSync(dir, { recursive: true });
    }));

  it('what cannot be recorded or said is told as failed', () =>
    withLeg(async (leg) => {
      const nowhere = join(promptDir, 'no-such-folder', 'file.wav');
      const none = (): void => assert.fail('it never began');
      assert.ok(!(await media.record('nobody', nowhere, none)).ok, 'no such conference');
      assert.equal(await media.announceFile('nobody', nowhere), 'failed');
      assert.equal(await leg.tell([{ file: nowhere }], 'en'), 'failed', 'in no conference');
      assert.ok((await leg.join('here', false)).ok);
      assert.ok(!(await media.record('here', nowhere, none)).ok);
      assert.equal(await media.announceFile('here', nowhere), 'failed');
      assert.equal(await leg.tell([{ file: nowhere }], 'en'), 'failed');
      await leg.leave();
      assert.equal(await leg.play([{ file: nowhere }], 'en', 'playOn'), 'failed');
    }));

  it('CO-37, CO-38: statistics and what the audio is', () =>
    withLeg(async (leg) => {
      assert.deepEqual(leg.details, { codec: 'PCMU', encrypted: false });
      assert.ok((await leg.join('counted', false)).ok);
      const counted = async (): Promise<MediaStatistics | undefined> => {
        const statistics = await leg.statistics();
        return (statistics?.packetsSent ?? 0) > 0 ? statistics : undefined;
      };
      const statistics = await until('packets to be sent', counted, () => '');
      assert.deepEqual([statistics.packetsReceived, statistics.packetsLost, statistics.roundTripMs], [0, 0, undefined]);
      assert.ok((statistics.bytesSent ?? 0) > 0);
    }));

  it('D-3, F-18: a join the server refuses fails, and the leg stays usable', () =>
    withLeg(async (first, events) => {
      assert.ok((await first.join('room', false)).ok);
      const second = await media.allocate(pcmu, { onDigit: () => undefined, onLost: () => undefined });
      assert.ok(second.ok);
      const socket = connect(server.eslPort, host);
      socket.write(`auth ${secret}\n\napi conference vestibule-room lock\n\n`);
      await until('the lock', () => holds(socket.read() !== null), () => '', 5_000).finally(() => socket.destroy());
      await until('the join to be refused', async () => holds(!(await second.value.join('room', false)).ok), () => 'it joined', 5_000);
      assert.equal(await second.value.play([{ key: 'star' }], 'en', 'playOn'), 'done');
      await second.value.release();
      assert.deepEqual(events, []);
    }));

  it('F-15: what a former run left is ended before the first call of the next: members, and channels with music', () =>
    withLeg((waiting, ofWaiting) =>
      withLeg(async (member, ofMember) => {
        void waiting.playMusic();
        assert.ok((await member.join('left', false)).ok);
        const next = mediaOn(server.eslPort, quiet);
        await next.start();
        await until('both to be lost', () => holds(ofWaiting.includes('lost') && ofMember.includes('lost')), () => JSON.stringify(server.debugState()));
        next.stop();
      }),
    ));

  it('release may come at any time, and again', async () => {
    const made = await media.allocate(pcmu, { onDigit: () => undefined, onLost: () => assert.fail('lost') });
    assert.ok(made.ok);
    const playing = made.value.play([{ key: 'enter_number' }], 'en', 'playOn');
    await Promise.all([made.value.release(), made.value.release()]);
    assert.equal(await playing, 'stopped');
    assert.equal(await made.value.play([{ key: 'star' }], 'en', 'playOn'), 'stopped');
    assert.ok(!(await made.value.join('room', false)).ok);
    assert.equal(media.endpoints, 0);
  });

  it('packets are counted', () =>
    withLeg(async (leg) => {
      assert.equal(await leg.packetsReceived(), 0);
    }));

  it('a worker of the engine dies: the legs of its place are lost, the others are not, and another one takes its place', async () => {
    const events: string[] = [];
    const leg = async (name: string, place: string): Promise<LegMedia> => {
      const made = await media.allocate(pcmu, { onDigit: () => undefined, onLost: () => void events.push(name) }, place);
      assert.ok(made.ok);
      return made.value;
    };
    const [first, , other] = [await leg('first', 'here'), await leg('second', 'here'), await leg('other', 'there')];
    // What the worker cannot read ends it.
    engine.play(first.id, 'nothing', null as never);
    await until('two legs to be lost', () => holds(events.length > 1), () => '');
    assert.equal(await other.play([{ key: 'star' }], 'en', 'playOn'), 'done');
    assert.deepEqual(events.sort(), ['first', 'second']);
    await until('another worker', async () => ((await engine.engineStats()).workers === 2 ? true : undefined), () => '');
    await other.release();
    await withLeg(async (made) => assert.equal(await made.play([{ key: 'star' }], 'en', 'playOn'), 'done'));
  });

  it('D-5: a wrong secret leaves it unavailable, said once', async () => {
    const worker = new Worker(new URL('./wrong-secret.worker.js', import.meta.url), { workerData: { host, port: server.eslPort } });
    const [told] = (await once(worker, 'message')) as [unknown];
    await worker.terminate();
    assert.deepEqual(told, { available: false, allocated: { ok: false, error: 'media_unavailable' }, refusals: 1 });
  });

  it('D-4, F-25: the server dies while it plays: the play is over, the leg lost, once', async () => {
    const events: string[] = [];
    const made = await media.allocate(pcmu, { onDigit: () => undefined, onLost: () => void events.push('lost') });
    assert.ok(made.ok);
    const playing = made.value.play([{ key: 'enter_number' }], 'en', 'playOn');
    await server.stop();
    assert.equal(await playing, 'stopped');
    await until('the leg to be lost', () => holds(events.length > 0), () => '');
    await made.value.release();
    assert.deepEqual(events, ['lost']);
    assert.equal(media.endpoints, 0);
    await until('it to be unavailable', () => holds(!media.available), () => '');
  });
});
