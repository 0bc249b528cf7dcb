/** The two embedded servers without the controller: `vestibule softswitch`. Any drachtio application works against them. */
import { newSecret } from './adapters/system/random.ts';
import { createScheduler } from './adapters/system/scheduler.ts';
import type { Config } from './config/schema.ts';
import { reloadCertificates, startMediaServer, startSipServer, type EmbeddedProblem } from './embedded.ts';
import type { Result } from './lib/result.ts';
import { ok } from './lib/result.ts';
import type { Log } from './ports/log.ts';
import type { SipServer } from './softswitch/sip-server/api.ts';

/** What an application needs to know. A secret is there when it was made at this start. */
export interface SoftswitchReady {
  readonly sip: readonly string[];
  readonly drachtio: { readonly host: string; readonly port: number; readonly madeSecret: string | undefined };
  readonly esl: { readonly host: string; readonly port: number; readonly madeSecret: string | undefined };
}

export class Softswitch {
  readonly #config: Config;
  readonly #log: Log;
  readonly #stops: (() => Promise<void>)[] = [];
  #sip: SipServer | undefined;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  async start(): Promise<Result<SoftswitchReady, EmbeddedProblem>> {
    const started = await this.#start();
    if (!started.ok) await this.stop();
    return started;
  }

  async #start(): Promise<Result<SoftswitchReady, EmbeddedProblem>> {
    const { host, drachtioPort, drachtioSecret, eslPort, eslSecret, mediaSipPort, keepCalls } = this.#config.softswitch;
    const options = { config: this.#config, log: this.#log, scheduler: createScheduler() };
    const madeDrachtio = drachtioSecret === null ? newSecret() : undefined;
    const sip = await startSipServer(options, { host, port: drachtioPort, secret: drachtioSecret ?? madeDrachtio ?? '' }, keepCalls ? 'keep' : 'end');
    if (!sip.ok) return sip;
    this.#sip = sip.value.server;
    this.#stops.push(() => sip.value.server.close());
    const madeEsl = eslSecret === null ? newSecret() : undefined;
    const media = await startMediaServer(options, { host, port: eslPort, secret: eslSecret ?? madeEsl ?? '' }, mediaSipPort);
    if (!media.ok) return media;
    this.#stops.push(() => media.value.server.stop());
    return ok({
      sip: sip.value.server.sipAddresses.map(({ transport, host: address, port }) => `${transport}/${address}:${port}`),
      drachtio: { host, port: sip.value.control.port, madeSecret: madeDrachtio },
      esl: { host, port: media.value.freeswitch.port, madeSecret: madeEsl },
    });
  }

  /** The applications own the calls: there is nothing to wait for. */
  drain(): Promise<void> {
    return Promise.resolve();
  }

  reload(): Promise<void> {
    return reloadCertificates(this.#sip, this.#log);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

export function readyText({ sip, drachtio, esl }: SoftswitchReady): string {
  const secret = (made: string | undefined): string => made ?? '(as configured)';
  return [
    'The softswitch is ready.',
    '',
    `  SIP           ${sip.join(', ')}`,
    `  drachtio      ${drachtio.host}:${drachtio.port}   secret ${secret(drachtio.madeSecret)}`,
    `  event socket  ${esl.host}:${esl.port}   secret ${secret(esl.madeSecret)}`,
    '',
    'In an application:',
    `  srf.connect({ host: '${drachtio.host}', port: ${drachtio.port}, secret: '...' })`,
    `  await new Mrf(srf).connect({ address: '${esl.host}', port: ${esl.port}, secret: '...' })`,
    '',
  ].join('\n');
}
