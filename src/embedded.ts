/** The softswitch in this process: the servers used where the configuration names none of its own. */
import { randomBytes } from 'node:crypto';
import type { FreeSwitchServer } from './adapters/freeswitch/media-server.ts';
import { newSecret } from './adapters/system/random.ts';
import type { Config } from './config/schema.ts';
import { errorText } from './lib/attempt.ts';
import type { Scheduler } from './lib/machine.ts';
import type { Problem } from './lib/problem.ts';
import { err, ok, type Result } from './lib/result.ts';
import type { Log } from './ports/log.ts';
import { createEngine } from './softswitch/engine/client.ts';
import { createMediaServer, type MediaServer } from './softswitch/media-server/media-server.ts';
import type { SipServer } from './softswitch/sip-server/api.ts';
import { createSipServer } from './softswitch/sip-server/sip-server.ts';
import { SipListenError } from './softswitch/sip-stack/api.ts';
import { LocalAddresses } from './softswitch/sip-stack/local-address.ts';

const loopback = '127.0.0.1';
/** What an old far end still sends to a port must not reach a new call. */
const portQuarantineMs = 2_000;
const audioCacheBytes = 64 * 1024 * 1024;

export type EmbeddedProblem = Problem<'sip_port_in_use' | 'sip_address_not_available' | 'sip_listen_failed' | 'softswitch_failed'>;

interface Options {
  readonly config: Config;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Our own SIP server, with its control port on loopback behind a secret nobody else knows. */
export async function startSipServer({ config, scheduler, log }: Options): Promise<Result<{ readonly server: SipServer; readonly control: { readonly host: string; readonly port: number; readonly secret: string } }, EmbeddedProblem>> {
  const secret = newSecret();
  const { host, port } = config.sip;
  const server = createSipServer({
    listen: [
      { transport: 'udp', host, port },
      { transport: 'tcp', host, port },
    ],
    control: { host: loopback, port: 0, secret },
    scheduler,
    log: log.child({ part: 'sip' }),
    random: (count) => randomBytes(count),
    limits: { messageBytes: config.limits.sipMessageBytes, connections: config.limits.sipConnections },
  });
  try {
    await server.start();
  } catch (error) {
    return err(listenProblem(error));
  }
  return ok({ server, control: { host: loopback, port: server.controlPort, secret } });
}

/** Our own media server: event socket and SIP on loopback, RTP where the callers are. */
export async function startMediaServer({ config, scheduler, log }: Options): Promise<Result<{ readonly server: MediaServer; readonly freeswitch: FreeSwitchServer }, EmbeddedProblem>> {
  const secret = newSecret();
  const addresses = new LocalAddresses(scheduler);
  try {
    const server = await createMediaServer({
      sip: { host: loopback, port: 0 },
      esl: { host: loopback, port: 0, secret },
      rtpHost: config.sip.host,
      rtpAddress: (peer) => (config.sip.host === '0.0.0.0' ? new Promise((resolve) => addresses.find(peer, (local) => resolve(local ?? loopback))) : config.sip.host),
      engine: (onEvent) =>
        createEngine({
          portMin: config.rtp.portMin,
          portMax: config.rtp.portMax,
          limits: { legs: config.limits.calls, portQuarantineMs, audioCacheBytes },
          onEvent,
          log,
        }),
      scheduler,
      log: log.child({ part: 'media' }),
      soundPrefix: config.prompts.dir,
      limits: { channels: config.limits.calls },
    });
    const freeswitch = { host: loopback, port: server.eslPort, secret, profile: 'drachtio_mrf', listenHost: loopback, listenPort: 0, promptDir: config.prompts.dir };
    return ok({ server, freeswitch });
  } catch (error) {
    return err(listenProblem(error));
  }
}

function listenProblem(error: unknown): EmbeddedProblem {
  if (!(error instanceof SipListenError)) return { code: 'softswitch_failed', message: `the embedded servers could not be started: ${errorText(error)}`, advice: 'look at the log; free some memory or ports, and start again' };
  const advice = {
    sip_port_in_use: 'stop the program that uses it (ss -lunp shows it), or set sip.port (VESTIBULE_SIP_PORT) to another one',
    sip_address_not_available: 'set sip.host to an address of this machine, or to 0.0.0.0 for all of them',
    sip_listen_failed: 'check sip.host and sip.port; ports below 1024 need the right to use them',
  } as const;
  return { code: error.code, message: error.message, advice: advice[error.code] };
}
