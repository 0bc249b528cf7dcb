import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Mrf from 'drachtio-fsmrf';
import Srf from 'drachtio-srf';
import { runMain, startMain } from './harness/program.ts';
import { until } from './harness/wait.ts';
import { Phone, type Target } from './phone/phone.ts';

/** Any application, as its author would write it from the libraries' examples: everybody who calls meets in one conference. */
async function application(drachtio: Target, esl: Target, secrets: { readonly drachtio: string; readonly esl: string }): Promise<{ readonly end: () => void }> {
  const srf = new Srf();
  srf.connect({ ...drachtio, secret: secrets.drachtio });
  await once(srf, 'connect');
  const ms = await new Promise<Mrf.MediaServer>((resolve, reject) => {
    new Mrf(srf).connect({ address: esl.host, port: esl.port, secret: secrets.esl, listenAddress: '127.0.0.1' }, (error, mediaServer) => {
      if (mediaServer === undefined) reject(new Error(String(error)));
      else resolve(mediaServer);
    });
  });
  const join = async (req: Srf.Request, res: Srf.Response): Promise<void> => {
    const endpoint = await ms.createEndpoint({ remoteSdp: req.body });
    const dialog = await srf.createUAS(req, res, { localSdp: endpoint.local.sdp });
    dialog.on('destroy', () => void endpoint.dialog?.destroy());
    endpoint.conn?.execute('conference', 'meeting@default', () => undefined);
  };
  srf.invite((req, res) => void join(req, res));
  return {
    end: () => {
      ms.disconnect();
      srf.disconnect();
    },
  };
}

describe('vestibule softswitch: the two servers alone', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-e2e-'));
  const env = { VESTIBULE_SOFTSWITCH_DRACHTIO_PORT: '0', VESTIBULE_SOFTSWITCH_ESL_PORT: '0', VESTIBULE_SOFTSWITCH_MEDIA_SIP_PORT: '0' };
  let softswitch: Awaited<ReturnType<typeof startMain>>;
  before(async () => {
    softswitch = await startMain(dataDir, ['softswitch'], { ...env, VESTIBULE_SOFTSWITCH_DRACHTIO_SECRET: 'abc' });
    await until('the softswitch to be ready', () => /ready\./.exec(softswitch.stdout)?.[0], () => softswitch.output);
  });
  after(async () => {
    softswitch.kill('SIGTERM');
    assert.equal(await softswitch.exit(20_000), 0, softswitch.output);
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('prints where to connect, and only the secret it made itself', () => {
    assert.match(softswitch.stdout, /SIP +udp\/127\.0\.0\.1:\d+, tcp\/127\.0\.0\.1:\d+\n/);
    assert.match(softswitch.stdout, /drachtio +127\.0\.0\.1:\d+ +secret \(as configured\)\n/);
    assert.match(softswitch.stdout, /event socket +127\.0\.0\.1:\d+ +secret \S{16,}\n/);
    assert.ok(!softswitch.output.includes('abc'));
  });

  it('any drachtio application works against it: two callers meet in its conference', async () => {
    const at = (what: RegExp): string => what.exec(softswitch.stdout)?.[1] ?? '';
    const target = (what: RegExp): Target => ({ host: '127.0.0.1', port: Number(at(what)) });
    const secrets = { drachtio: 'abc', esl: at(/event socket .*secret (\S+)/) };
    const app = await application(target(/drachtio +127\.0\.0\.1:(\d+)/), target(/event socket +127\.0\.0\.1:(\d+)/), secrets);
    const phones = await Promise.all(['ann', 'bob'].map((name) => Phone.open(name, target(/udp\/127\.0\.0\.1:(\d+)/))));
    try {
      const [ann, bob] = phones;
      assert.ok(ann !== undefined && bob !== undefined);
      ann.media.tone(2750);
      bob.media.tone(3050);
      await Promise.all([ann.call('anything'), bob.call('anything')]);
      await Promise.all([ann.hears(3050), bob.hears(2750)]);
      await Promise.all([ann.hangUp(), bob.hangUp()]);
    } finally {
      for (const phone of phones) phone.close();
      app.end();
    }
  });

  it('a port that is taken is told with the key to change', async () => {
    const port = /drachtio +127\.0\.0\.1:(\d+)/.exec(softswitch.stdout)?.[1] ?? '';
    const { code, stderr } = await runMain(dataDir, ['softswitch'], { ...env, VESTIBULE_SOFTSWITCH_DRACHTIO_PORT: port });
    assert.equal(code, 1);
    assert.match(stderr, /control_port_in_use.*softswitch\.drachtioPort/);
  });
});
