/** The softswitch in this process: the servers used where the configuration names none of its own. */
import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { FreeSwitchServer } from './adapters/freeswitch/media-server.ts';
import { newSecret } from './adapters/system/random.ts';
import type { Config } from './config/schema.ts';
import { errorText } from './lib/attempt.ts';
import type { Scheduler } from './lib/machine.ts';
import type { Problem } from './lib/problem.ts';
import { err, ok, type Result } from './lib/result.ts';
import type { Log } from './ports/log.ts';
import { createEngine, usualWorkers } from './softswitch/engine/client.ts';
import { createMediaServer, type MediaServer } from './softswitch/media-server/media-server.ts';
import { ControlListenError, type SipServer } from './softswitch/sip-server/api.ts';
import { createSipServer } from './softswitch/sip-server/sip-server.ts';
import { SipListenError } from './softswitch/sip-stack/api.ts';
import { Advertised } from './softswitch/sip-stack/advertised.ts';
import { LocalAddresses } from './softswitch/sip-stack/local-address.ts';
import { LoopLag } from './softswitch/sip-stack/loop-lag.ts';
import { listenAddresses, natOptions, sipLimits, tlsOptions } from './sip-options.ts';

const loopback = '127.0.0.1';
/** What an old far end still sends to a port must not reach a new call. */
const portQuarantineMs = 2_000;
const audioCacheBytes = 64 * 1024 * 1024;

export type EmbeddedProblem = Problem<SipListenError['code'] | 'control_port_in_use' | 'softswitch_failed'>;

interface Options {
  readonly config: Config;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** Where a server is controlled from. Port 0 takes a free one. */
interface Control {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

/** On loopback, behind a secret nobody else knows. */
const ownControl = (): Control => ({ host: loopback, port: 0, secret: newSecret() });

/** Our own SIP server. `orphans`: what becomes of calls whose application is gone. */
export async function startSipServer({ config, scheduler, log }: Options, control = ownControl(), orphans: 'end' | 'keep' = 'end'): Promise<Result<{ readonly server: SipServer; readonly control: Control }, EmbeddedProblem>> {
  const server = createSipServer({
    listen: listenAddresses(config.sip),
    ...tlsOptions(config.sip.tls),
    ...natOptions(config.sip),
    trustedPeers: config.sip.trustedPeers,
    loopLag: new LoopLag(() => performance.now()),
    control,
    orphans,
    scheduler,
    log: log.child({ part: 'sip' }),
    random: (count) => randomBytes(count),
    limits: sipLimits(config.limits),
  });
  try {
    await server.start();
  } catch (error) {
    return err(listenProblem(error, sipAdvice));
  }
  return ok({ server, control: { ...control, port: server.controlPort } });
}

/** What is no good is logged, and changes nothing. */
export async function reloadCertificates(server: SipServer | undefined, log: Log): Promise<void> {
  const reloaded = await server?.reloadCertificates();
  if (reloaded?.ok === false) log.error({ code: reloaded.error.code, problem: reloaded.error.message }, 'the certificate was not read again, the old one stays in use');
  else log.info({}, 'the certificate was read again');
}

/** Our own media server: event socket and SIP where it is controlled from, RTP where the callers are. */
export async function startMediaServer({ config, scheduler, log }: Options, esl = ownControl(), sipPort = 0): Promise<Result<{ readonly server: MediaServer; readonly freeswitch: FreeSwitchServer }, EmbeddedProblem>> {
  // RTP is where SIP is, in the family of the far end.
  const rtpHost = (peer: string): string => [config.sip.host, ...config.sip.hosts].find((host) => isIPv6(host) === isIPv6(peer)) ?? config.sip.host;
  const addresses = new Advertised(new LocalAddresses(scheduler), natOptions(config.sip).nat);
  try {
    const server = await createMediaServer({
      sip: { host: esl.host, port: sipPort },
      esl,
      rtpHost,
      rtpAddress: (peer) => new Promise((resolve) => addresses.find(peer, rtpHost(peer), (local) => resolve(local ?? loopback))),
      engine: (onEvent) =>
        createEngine({
          portMin: config.rtp.portMin,
          portMax: config.rtp.portMax,
          limits: { legs: config.limits.calls, portQuarantineMs, audioCacheBytes },
          workers: config.media.workers ?? usualWorkers(),
          onEvent,
          log,
        }),
      scheduler,
      log: log.child({ part: 'media' }),
      soundPrefix: config.prompts.dir,
      limits: { channels: config.limits.calls, recordings: config.limits.recordings },
    });
    const freeswitch = { ...esl, port: server.eslPort, profile: 'drachtio_mrf', listenHost: esl.host, listenPort: 0, promptDir: config.prompts.dir };
    return ok({ server, freeswitch });
  } catch (error) {
    return err(listenProblem(error, controlAdvice));
  }
}

type Advice = Readonly<Record<SipListenError['code'], string>>;

const sipAdvice: Advice = {
  sip_port_in_use: 'stop the program that uses it (ss -lunp shows it), or set sip.port (VESTIBULE_SIP_PORT) to another one',
  sip_address_not_available: 'set sip.host to an address of this machine, or to 0.0.0.0 for all of them',
  sip_listen_failed: 'check sip.host and sip.port; ports below 1024 need the right to use them',
  sip_certificate_unusable: 'check sip.tls.certFile and sip.tls.keyFile: PEM files that belong together and may be read',
};

const controlAdvice: Advice = {
  sip_port_in_use: 'stop the program that uses it (ss -lunp shows it), or set softswitch.mediaSipPort to another one',
  sip_address_not_available: 'set softswitch.host to an address of this machine',
  sip_listen_failed: 'check softswitch.host and softswitch.mediaSipPort',
  sip_certificate_unusable: 'the media server has no certificate',
};

function listenProblem(error: unknown, advice: Advice): EmbeddedProblem {
  if (error instanceof SipListenError) return { code: error.code, message: error.message, advice: advice[error.code] };
  const message = `the embedded servers could not be started: ${errorText(error)}`;
  const isTaken = (error instanceof ControlListenError && error.code === 'control_port_in_use') || (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE');
  if (isTaken) return { code: 'control_port_in_use', message, advice: 'stop the program that uses it (ss -ltnp shows it), or set softswitch.drachtioPort or softswitch.eslPort to another one' };
  return { code: 'softswitch_failed', message, advice: 'look at the log; free some memory or ports, and start again' };
}
