/** The program with servers of its own elsewhere, as in production: what happens when one is lost and comes back. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogger } from '../../src/adapters/system/log.ts';
import { createScheduler } from '../../src/adapters/system/scheduler.ts';
import { build, type App } from '../../src/app.ts';
import { shippedConfig } from '../../src/config/load.ts';
import { createEngine } from '../../src/softswitch/engine/client.ts';
import { createMediaServer, type MediaServer } from '../../src/softswitch/media-server/media-server.ts';
import type { SipServer } from '../../src/softswitch/sip-server/api.ts';
import { createSipServer } from '../../src/softswitch/sip-server/sip-server.ts';
import { freePorts } from '../e2e/harness/ports.ts';
import { holds, until } from '../e2e/harness/wait.ts';
import { Phone } from '../e2e/phone/phone.ts';
import { header } from '../e2e/phone/sip-message.ts';
import { loaded } from '../unit/config/fixture.ts';

const host = '127.0.0.1';
const secret = 'between-us';
const quiet = createLogger('silent');
const scheduler = createScheduler();

describe('servers elsewhere', () => {
  let dir: string;
  let ports: number;
  let sip: SipServer;
  let media: MediaServer;
  let app: App;
  const log: string[] = [];

  const startSip = async (): Promise<SipServer> => {
    const server = createSipServer({
      listen: [{ transport: 'udp', host, port: ports }],
      control: { host, port: ports + 1, secret },
      scheduler,
      log: quiet,
      random: (count) => randomBytes(count),
    });
    await server.start();
    return server;
  };

  const startMedia = (): Promise<MediaServer> =>
    createMediaServer({
      sip: { host, port: 0 },
      esl: { host, port: ports + 2, secret },
      rtpHost: () => host,
      rtpAddress: () => host,
      engine: (onEvent) => createEngine({ portMin: ports + 10, portMax: ports + 59, limits: { legs: 20, portQuarantineMs: 0, audioCacheBytes: 1_000_000 }, onEvent, log: quiet }),
      scheduler,
      log: quiet,
    });

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'vestibule-back-ends-'));
    ports = await freePorts(60);
    sip = await startSip();
    media = await startMedia();
    const config = loaded({
      VESTIBULE_DATA_DIR: dir,
      VESTIBULE_PROMPTS_DIR: join(shippedConfig, 'prompts'),
      VESTIBULE_HTTP_PORT: '0',
      VESTIBULE_DRACHTIO_HOST: host,
      VESTIBULE_DRACHTIO_PORT: String(ports + 1),
      VESTIBULE_DRACHTIO_SECRET: secret,
      VESTIBULE_FREESWITCH_HOST: host,
      VESTIBULE_FREESWITCH_PORT: String(ports + 2),
      VESTIBULE_FREESWITCH_SECRET: secret,
      VESTIBULE_FREESWITCH_LISTEN_HOST: host,
    });
    app = build(config, { logLevel: { level: () => 'debug', setLevel: () => undefined }, log: createLogger('debug', { write: (line) => void log.push(line) }), version: '0' });
    const started = await app.start();
    assert.ok(started.ok, JSON.stringify(started));
    assert.deepEqual(started.value.addresses, [`sip:${host}:${ports}`]);
  });

  after(async () => {
    await app.stop();
    await media.stop();
    await sip.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const logged = (what: string): Promise<true> => until(what, () => holds(log.some((line) => line.includes(what))), () => log.slice(-20).join(''));
  const idle = (): Promise<true> =>
    until(
      'nothing to be left of any call',
      () => {
        const { calls, conferences, timers, legs, endpoints } = app.debugState();
        return holds(calls + conferences + timers + legs + endpoints === 0);
      },
      () => JSON.stringify(app.debugState()),
    );

  /** A call to the demo room: 200 and its prompt, or the status it was refused with. */
  const dial = async (): Promise<{ readonly phone: Phone; readonly status: number }> => {
    const phone = await Phone.open('caller', { host, port: ports });
    const { status } = await phone.dial('1000');
    return { phone, status };
  };

  it('calls go through them', async () => {
    const { phone, status } = await dial();
    assert.equal(status, 200);
    await phone.hearsSound('the prompt');
    await phone.hangUp();
    phone.close();
    await idle();
  });

  it('media server lost: the call ends as media_lost, new ones get 503; back: calls go through again (D-2, F-25)', async () => {
    const { phone } = await dial();
    await phone.hearsSound('the prompt');
    log.length = 0;
    await media.stop();
    assert.match(header(await phone.ended(), 'reason'), /text="media_lost"/);
    phone.close();
    await idle();
    const refused = await dial();
    assert.equal(refused.status, 503);
    refused.phone.close();
    media = await startMedia();
    await logged('connected to the media server');
    const again = await dial();
    assert.equal(again.status, 200);
    await again.phone.hearsSound('the prompt');
    await again.phone.hangUp();
    again.phone.close();
    await idle();
  });

  it('SIP server lost: every call is over here, its endpoint too; back: calls go through again (D-10)', async () => {
    const { phone } = await dial();
    await phone.hearsSound('the prompt');
    log.length = 0;
    await sip.close();
    await logged('call ended: ');
    await idle();
    phone.close();
    sip = await startSip();
    await logged('connected to the SIP server');
    const again = await dial();
    assert.equal(again.status, 200);
    await again.phone.hearsSound('the prompt');
    await again.phone.hangUp();
    again.phone.close();
    await idle();
    const { channels, calls } = media.debugState();
    assert.deepEqual({ channels, calls }, { channels: 0, calls: 0 });
  });
});
