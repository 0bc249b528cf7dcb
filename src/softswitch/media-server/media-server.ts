/**
 * A media server that speaks FreeSWITCH's event socket and the part of mod_conference a conference controller uses.
 * SIP and event socket are on loopback; RTP is where the callers are. The audio itself is the engine's.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Scheduler } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { AudioCodec } from '../../protocol/sdp/audio.ts';
import type { Engine, EngineEvent, EngineStats } from '../engine/api.ts';
import { loadOpus } from '../engine/opus-codec.ts';
import type { Logger } from '../sip-stack/api.ts';
import { createSipStack } from '../sip-stack/sip-stack.ts';
import type { ProfileParameters } from './conference-profile.ts';
import { ConferenceRegistry } from './conference-registry.ts';
import { defaultLimits, type Core, type Identity, type MediaServerLimits } from './core.ts';
import { EslInbound } from './esl-inbound.ts';
import { openOutboundSocket } from './esl-outbound.ts';
import { EventBus } from './event-bus.ts';
import { originate } from './originate.ts';
import { SessionLimits } from './session-limits.ts';
import { METHODS, SipAgent, type SipAgentOptions } from './sip-agent.ts';
import { SoundFiles } from './sound-files.ts';

export interface MediaServerOptions {
  /** Where INVITEs come in (UDP). Port 0 takes a free one. */
  readonly sip: { readonly host: string; readonly port: number };
  /** Where clients connect to the event socket, and what they must say. */
  readonly esl: { readonly host: string; readonly port: number; readonly secret: string };
  /** RTP sockets are bound to this address, often 0.0.0.0. */
  readonly rtpHost: (peer: string) => string;
  /** The local address to advertise to a far end. */
  readonly rtpAddress: (peer: string) => string | Promise<string>;
  /** Spoken with callers, in the order an offer of ours lists them; default: all the engine has, L16 last. */
  readonly codecs?: readonly AudioCodec[];
  /** Makes the engine, which reports to `onEvent`. The media server stops it. */
  readonly engine: (onEvent: (event: EngineEvent) => void) => Engine;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Where relative file names are looked up. */
  readonly soundPrefix?: string;
  /** Conference profiles beside the stock ones or in their place, with the parameters of FreeSWITCH's conference.conf.xml. */
  readonly conferenceProfiles?: Readonly<Record<string, ProfileParameters>>;
  /** SIP profile name; default `drachtio_mrf`, the library's own. */
  readonly profile?: string;
  readonly limits?: Partial<MediaServerLimits>;
}

/** What is alive; all zero without calls, but for the clients' own connections. */
export interface MediaServerState {
  readonly channels: number;
  readonly calls: number;
  readonly conferences: number;
  readonly eslConnections: number;
  readonly pendingApps: number;
  readonly plays: number;
}

export interface MediaServer {
  readonly eslPort: number;
  /** `host:port` to send INVITEs to. */
  readonly sipAddress: string;
  debugState(): MediaServerState;
  engineStats(): Promise<EngineStats>;
  /** Hangs up every call, says goodbye to every client, and closes everything. */
  stop(): Promise<void>;
}

const VERSION = '1.10.12-vestibule';
const CODECS: readonly AudioCodec[] = ['OPUS', 'G722', 'PCMU', 'PCMA', 'L16'];
/** Time for the BYEs of `stop` to be answered, ms. */
const DRAIN_MS = 500;

/** Rejects when a listener cannot be opened; nothing is left open then. */
export async function createMediaServer(options: MediaServerOptions): Promise<MediaServer> {
  const { scheduler, log } = options;
  const identity: Identity = {
    coreUuid: randomUUID(),
    hostname: 'vestibule',
    version: VERSION,
    profile: options.profile ?? 'drachtio_mrf',
    startedAt: scheduler.now(),
  };
  const codecs = options.codecs ?? (await codecsHere());
  const core: Core = {
    identity,
    scheduler,
    log,
    engine: options.engine((event) => {
      onEngineEvent(core, event);
    }),
    bus: new EventBus(identity, scheduler),
    limits: { ...defaultLimits, ...options.limits },
    channels: new Map(),
    conferences: new ConferenceRegistry(options.conferenceProfiles),
    soundPrefix: options.soundPrefix ?? '.',
    soundFiles: new SoundFiles(scheduler),
    plays: new Map(),
    recordings: new Map(),
    sessions: new SessionLimits(options.limits?.channels ?? defaultLimits.channels, () => scheduler.now()),
    codecs,
    globals: new Map(),
    outboundSockets: new Set(),
    openSocket: (channel, address, closed) => openOutboundSocket(core, channel, address, closed),
    originate: (call) => originate({ ...agentOptions, stack, opening, adopt: (made, dialog) => agent.adopt(made, dialog), forget: (made) => agent.forget(made) }, call),
    newUuid: randomUUID,
    sipAddress: () => sipAddress,
  };
  const opening = new Set<string>();
  const agentOptions: SipAgentOptions = { core, rtpHost: options.rtpHost, rtpAddress: async (peer) => options.rtpAddress(peer), codecs };
  const agent = new SipAgent(agentOptions);
  const stack = createSipStack({
    listen: [{ transport: 'udp', ...options.sip }],
    scheduler,
    log,
    random: (count) => randomBytes(count),
    user: agent,
    methods: METHODS,
  });
  const inbound = new EslInbound(core, options.esl.secret);
  let sipAddress = '';
  let eslPort: number;
  try {
    await stack.start();
    const [{ host, port } = options.sip] = stack.addresses;
    sipAddress = `${host}:${port}`;
    eslPort = await inbound.listen(options.esl.host, options.esl.port);
  } catch (error) {
    await stack.close();
    await core.engine.stop();
    throw error;
  }

  return {
    eslPort,
    sipAddress,
    debugState: () => ({
      channels: core.channels.size,
      calls: agent.calls,
      conferences: core.conferences.size,
      eslConnections: inbound.connections,
      pendingApps: [...core.channels.values()].reduce((sum, channel) => sum + channel.pendingApps, 0),
      plays: core.plays.size,
    }),
    engineStats: () => core.engine.engineStats(),
    async stop() {
      for (const channel of [...core.channels.values()]) channel.hangup('MANAGER_REQUEST');
      await drained(core, () => stack.debugState().clientTransactions === 0);
      for (const session of [...core.outboundSockets]) session.close();
      await inbound.close();
      await stack.close();
      await core.engine.stop();
    },
  };
}

function onEngineEvent(core: Core, event: EngineEvent): void {
  switch (event.type) {
    case 'playStarted':
    case 'playStopped':
    case 'playDone':
      core.plays.get(event.play)?.(event);
      return;
    case 'dtmf': {
      // F-23: shorter keys are reported with FreeSWITCH's least duration.
      const duration = Math.max(400, Math.round(event.durationMs * 8));
      const { digit } = event;
      core.channels.get(event.leg)?.digit(event.source === 'rtp' ? { digit, duration, source: 'RTP', ssrc: event.ssrc, timestamp: event.timestamp } : { digit, duration, source: 'INBAND_AUDIO' });
      return;
    }
    case 'conferencePlay':
      core.conferences.byUuid(event.conference)?.played(event);
      return;
    case 'talking':
      core.conferences.byUuid(event.conference)?.talking(event);
      return;
    case 'energyLevel': {
      const member = core.channels.get(event.leg)?.member;
      if (member?.conference.uuid === event.conference) member.energyLevel = event.level;
      return;
    }
    case 'recording':
      core.recordings.get(event.recording)?.(event);
      return;
    case 'mediaTimeout':
      core.channels.get(event.leg)?.hangup('MEDIA_TIMEOUT');
      return;
    case 'lost':
      lost(core, event);
      return;
    default:
      unreachable(event);
  }
}

/** A worker of the engine died: the calls and conferences it had end, the others are not touched. */
function lost(core: Core, { legs, conferences, message }: Extract<EngineEvent, { readonly type: 'lost' }>): void {
  core.log.error({ message, legs: legs.length, conferences: conferences.length }, 'the media engine lost calls: they end');
  const members = conferences.flatMap((id) => core.conferences.byUuid(id)?.members ?? []).map(({ channel }) => channel);
  for (const channel of new Set([...legs.flatMap((leg) => core.channels.get(leg) ?? []), ...members])) channel.hangup('NORMAL_TEMPORARY_FAILURE');
}

/** Waits until `done`, for a bounded time. */
async function drained(core: Core, done: () => boolean): Promise<void> {
  const until = core.scheduler.now() + DRAIN_MS;
  while (!done() && core.scheduler.now() < until) await new Promise<void>((resolve) => core.scheduler.after(10, resolve));
}

/** Opus is an optional package. */
async function codecsHere(): Promise<readonly AudioCodec[]> {
  return (await loadOpus()) === undefined ? CODECS.filter((codec) => codec !== 'OPUS') : CODECS;
}
