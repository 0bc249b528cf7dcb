/** The composition root: which parts there are, in what order they start, and how they stop. */
import Srf from 'drachtio-srf';
import { listenControl } from './adapters/control-socket/server.ts';
import { controlSocketPath } from './adapters/control-socket/path.ts';
import type { ControlHandlers } from './adapters/control-socket/protocol.ts';
import { DrachtioSignalling } from './adapters/drachtio/signalling.ts';
import { FreeSwitchMedia } from './adapters/freeswitch/media.ts';
import { loadPrompts } from './adapters/prompts/catalog.ts';
import { openStores } from './adapters/sqlite/open.ts';
import { createDigestHashes } from './adapters/system/digest-hashes.ts';
import { newId, randomBelow } from './adapters/system/random.ts';
import { createScheduler } from './adapters/system/scheduler.ts';
import { DialPlanner } from './call/dial-planner.ts';
import { adopt, mayGoOn } from './call/adoption.ts';
import { LiveStateWriter } from './call/live-state-writer.ts';
import { Registrar } from './call/registrar.ts';
import { Registry, type LiveCounts } from './call/registry.ts';
import { Switchboard } from './call/switchboard.ts';
import { roomSettings, storeSettings } from './cli/ask.ts';
import { ensureDemoRoom, type DemoRoom } from './cli/demo-room.ts';
import { createRoomCommands } from './cli/room-commands.ts';
import { createUserCommands } from './cli/user-commands.ts';
import { policyOf } from './config/policy.ts';
import type { Config } from './config/schema.ts';
import { Pin } from './domain/pin-format.ts';
import { endCause, reasonHeader } from './domain/reasons.ts';
import { calleeEnd } from './domain/user-call.ts';
import { createDialling, isOurPlace } from './dialling.ts';
import { reloadCertificates, startMediaServer, startSipServer } from './embedded.ts';
import { externalServer } from './external.ts';
import { Metrics } from './http/metrics.ts';
import { attempt, errorText } from './lib/attempt.ts';
import type { Scheduler } from './lib/machine.ts';
import { Networks } from './lib/networks.ts';
import type { Problem } from './lib/problem.ts';
import { err, ok, type Result } from './lib/result.ts';
import { createKept } from './kept.ts';
import { startManagement, type Management } from './management.ts';
import type { FirstAdmin } from './manage/first-admin.ts';
import { onRooms, onUsers } from './news.ts';
import { createLive } from './live.ts';
import type { Log, LogLevels } from './ports/log.ts';
import type { MediaStatus, Readiness, Status } from './ports/status.ts';
import type { EngineStats } from './softswitch/engine/api.ts';
import type { MediaServerState } from './softswitch/media-server/media-server.ts';
import type { SipServer, SipServerState } from './softswitch/sip-server/api.ts';

export interface Overrides {
  readonly log: Log;
  readonly logLevel: LogLevels;
  readonly version: string;
  readonly scheduler?: Scheduler;
}

export interface Started {
  /** SIP URIs that reach this process, without the user part. */
  readonly addresses: readonly string[];
  readonly demoRoom: DemoRoom;
  /** Where the REST API is: `http://127.0.0.1:8080`. */
  readonly apiUrl: string;
  readonly firstAdmin: FirstAdmin;
}

/** What calls take up, in every part; all zero when no call is left. What the parts hold for themselves is not counted. */
export interface DebugState extends LiveCounts {
  readonly legs: number;
  readonly endpoints: number;
  readonly sipServer: Pick<SipServerState, 'pendingRequests' | 'ownRequests' | 'dialogs'> | undefined;
  readonly mediaServer: Omit<MediaServerState, 'eslConnections'> | undefined;
}

export interface App {
  /** Everything is up when it settles, or nothing is left open. */
  start(): Promise<Result<Started, Problem>>;
  /** Takes no more calls and says goodbye to those there are; settles when the last is over, or drain.timeout is. */
  drain(): Promise<void>;
  /** Ends everything now. May be called at any time and again. */
  stop(): Promise<void>;
  /** Reads certificate and key again; calls go on. */
  reload(): Promise<void>;
  debugState(): DebugState;
}

/** SQLite waits on the event loop, which has calls to serve. */
const lockWaitMs = 50;
/** The longest room number keyed at the attendant: an international number and some. */
const longestNumber = 20;
const drainReportMs = 5_000;
/** For the BYEs of the last calls. */
const cutMs = 3_000;

export function build(config: Config, overrides: Overrides): App {
  return new Program(config, overrides);
}

class Program implements App {
  readonly #config: Config;
  readonly #log: Log;
  readonly #logLevel: LogLevels;
  readonly #version: string;
  readonly #scheduler: Scheduler;
  readonly #startedAt: number;
  /** What has been started, to be stopped in reverse order. */
  readonly #started: { readonly what: string; readonly stop: () => unknown }[] = [];
  #registry: Registry | undefined;
  #switchboard: Switchboard | undefined;
  #addresses: readonly string[] = [];
  #counts: () => Omit<DebugState, keyof LiveCounts> = () => ({ legs: 0, endpoints: 0, sipServer: undefined, mediaServer: undefined });
  #sipServer: SipServer | undefined;
  #management: Management | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: Config, overrides: Overrides) {
    this.#config = config;
    this.#log = overrides.log;
    this.#logLevel = overrides.logLevel;
    this.#version = overrides.version;
    this.#scheduler = overrides.scheduler ?? createScheduler();
    this.#startedAt = this.#scheduler.now();
  }

  async start(): Promise<Result<Started, Problem>> {
    const started = await this.#start();
    if (!started.ok) await this.stop();
    return started;
  }

  async drain(): Promise<void> {
    const registry = this.#registry;
    if (registry === undefined) return;
    this.#log.info({ ...registry.counts() }, 'draining: no more calls are taken');
    let cancel: () => void = () => undefined;
    const report = (): void => {
      cancel = this.#scheduler.after(drainReportMs, () => {
        this.#log.info({ ...registry.counts(), sample: registry.sample(5) }, 'draining: calls are left');
        report();
      });
    };
    report();
    this.#switchboard?.endAll('shutdown');
    const drained = await attempt(Promise.all([registry.drain(), this.#switchboard?.empty()]), this.#config.drain.timeout * 1_000, this.#scheduler);
    cancel();
    if (!drained.ok) this.#log.warn({ code: 'drain_timeout', ...registry.counts() }, 'drain.timeout is over; the calls that are left are cut');
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async reload(): Promise<void> {
    const { sip, http } = this.#config;
    if (sip.tls.certFile !== null) await reloadCertificates(this.#sipServer, this.#log);
    const reloaded = http.certFile === null ? undefined : this.#management?.http.reload();
    if (reloaded?.ok === false) this.#log.error({ code: reloaded.error.code, problem: reloaded.error.message }, 'the HTTP certificate was not read again, the old one stays in use');
    else if (reloaded !== undefined) this.#log.info({}, 'the HTTP certificate was read again');
  }

  debugState(): DebugState {
    return { ...this.#liveCounts(), ...this.#counts() };
  }

  async #start(): Promise<Result<Started, Problem>> {
    const config = this.#config;
    const log = this.#log;
    const scheduler = this.#scheduler;

    const prompts = loadPrompts(config.prompts.dir, log);
    if (!prompts.ok) return prompts;

    // First of all: a second process on this data.dir would close the records of the first one's calls.
    let handlers: ControlHandlers = {};
    const forward = (method: string) => (params: unknown) => handlers[method]?.(params) ?? Promise.resolve(err([starting]));
    const methods = ['room.add', 'room.list', 'room.set', 'room.setPin', 'room.remove', 'user.add', 'user.list', 'user.remove', 'status', 'debug', 'api'];
    const control = await listenControl({
      path: controlSocketPath(config.data.dir),
      handlers: Object.fromEntries(methods.map((method) => [method, forward(method)])),
      onDefect: (method, error) => log.error({ code: 'control_defect', method, problem: errorText(error) }, 'a command failed'),
    });
    if (!control.ok) return control;
    this.#onStop('control socket', () => control.value.close());

    const opened = await openStores({ ...storeSettings(config), lockWaitMs });
    if (!opened.ok) return opened;
    const stores = opened.value;
    this.#onStop('store', () => stores.close());
    const before = await stores.live.read();
    if (!before.ok) return before;
    const left = await stores.cdr.closeLeftOpen(scheduler.now(), mayGoOn(before.value));
    if (!left.ok) return left;
    if (left.value.calls > 0) log.warn({ ...left.value }, 'closed the records of calls a former run did not end');
    const metrics = new Metrics();
    const kept = createKept({ stores, metrics, scheduler, log });
    this.#onStop('records', () => kept.close());

    const hashes = createDigestHashes();
    const { realm, algorithms } = config.registrar;
    const registrar = new Registrar({ store: stores.users, realm, algorithms, hashes, rules: config.registrar, scheduler, log });
    const taken = await registrar.start();
    if (!taken.ok) return taken;
    this.#onStop('registrar', () => registrar.stop());

    const sip = config.drachtio.host === null ? await startSipServer({ config, scheduler, log }) : undefined;
    if (sip?.ok === false) return sip;
    if (sip !== undefined) {
      this.#sipServer = sip.value.server;
      this.#onStop('SIP server', () => sip.value.server.close());
    }
    const embedded = config.freeswitch.length === 0 ? await startMediaServer({ config, scheduler, log }) : undefined;
    if (embedded?.ok === false) return embedded;
    if (embedded !== undefined) this.#onStop('media server', () => embedded.value.server.stop());

    const srf = new Srf();
    const servers = embedded === undefined ? config.freeswitch.map((server) => externalServer(server, config)) : [embedded.value.freeswitch];
    const media = new FreeSwitchMedia({ servers, srf, catalog: prompts.value, kept: before.value.calls.map(({ endpoint }) => endpoint), scheduler, log });
    const exempt = new Networks(config.abuse.exempt);
    let onAdopted: () => void = () => undefined;
    const adopted = new Promise<void>((resolve) => {
      onAdopted = resolve;
    });
    const liveState = new LiveStateWriter({ store: stores.live, before: before.value, keep: (room) => registry.keep(room), scheduler, log });
    this.#onStop('live state', () => liveState.close());
    const live = createLive({ config, stores, media, registry: () => registry, keep: (event) => kept.keep(event), dial: (room, to, by) => dialling.dialOut.dial(room, to, by), scheduler, log });
    await live.recorder.closeLeftOpen();
    this.#onStop('recordings', () => live.recorder.close());
    const registry: Registry = new Registry({
      rooms: stores.rooms,
      media,
      cdr: kept.calls,
      policy: policyOf(config),
      attendant: { aliases: config.attendant.aliases.map((alias) => alias.toLowerCase()), pin: config.attendant.pin === null ? undefined : new Pin(config.attendant.pin), longestNumber },
      language: config.room.language,
      callLimit: config.limits.calls,
      scheduler,
      log,
      newId,
      identityOf: (name) => registrar.identity(name),
      isExempt: (address) => exempt.has(address),
      onEvent: (event) => live.hub.tell(event),
      onDecision: (decision) => kept.decided(decision),
      onChanged: (room) => liveState.changed(room),
      perform: (room, effect) => live.services.perform(room, effect),
      textOf: (said, language) => prompts.value.text(said, language),
      onTalking: (call, talking, level) => live.control.talking(call, talking, level),
    });
    const policy = policyOf(config);
    const planner = new DialPlanner({ registrar, isOurs: (host, port) => isOurPlace(config, signalling.addresses, host, port) });
    const rules = await stores.numberRules.all();
    if (!rules.ok) return rules;
    planner.rulesChanged(rules.value);
    const switchboard = new Switchboard({
      registry,
      registrar,
      rooms: stores.rooms,
      attendantAliases: config.attendant.aliases.map((alias) => alias.toLowerCase()),
      callsFrom: config.registrar.callsFrom,
      ringingMs: config.registrar.ringing * 1_000,
      longestMs: policy.ending.longestConnectionMs,
      callLimit: config.limits.calls,
      planner,
      get port() {
        return signalling;
      },
      gateway: { media, ending: policy.ending, language: config.room.language },
      cdr: kept.calls,
      onDecision: (decision) => kept.decided(decision),
      scheduler,
      log,
    });
    const signalling = new DrachtioSignalling({
      srf,
      server: sip === undefined ? { host: config.drachtio.host ?? '', port: config.drachtio.port, secret: config.drachtio.secret } : sip.value.control,
      newId,
      wireEnd: (reason) => ({ ...endCause(reason), reason: reasonHeader(reason) }),
      calleeEnd,
      scheduler,
      log,
      registrar,
      trustedPeers: config.sip.trustedPeers,
      // Calls that come meanwhile find the rooms as they were left.
      onCall: (invitation) => void adopted.then(() => switchboard.arrive(invitation)),
    });
    const dialling = createDialling({ registry, planner, port: signalling, rooms: stores.rooms, ringingMs: config.registrar.ringing * 1_000, onEvent: (event) => live.hub.tell(event), scheduler, log });
    live.hub.onEvent((event) => metrics.event(event));
    live.hub.onEvent((event) => dialling.preconfigured.onEvent(event));
    this.#onStop('signalling', () => signalling.stop());
    this.#onStop('media', () => media.stop());
    this.#registry = registry;
    this.#switchboard = switchboard;
    this.#onStop('calls', async () => {
      registry.cutAll('shutdown');
      switchboard.endAll('shutdown');
      await attempt(Promise.all([registry.empty(), switchboard.empty()]), cutMs, scheduler);
    });
    this.#counts = () => ({
      legs: signalling.legs,
      endpoints: media.endpoints,
      sipServer: sip && ofCalls(sip.value.server.debugState()),
      mediaServer: embedded && ofMedia(embedded.value.server.debugState()),
    });

    await signalling.start();
    await media.start();
    await adopt(before.value, { registry, rooms: stores.rooms, media, signalling, cdr: kept.calls, scheduler, log });
    for (const { roomId } of [...before.value.conferences, ...before.value.calls]) liveState.changed(roomId);
    onAdopted();
    if (signalling.available) await media.tryOut();
    this.#addresses = signalling.addresses;

    const status = async (): Promise<Status> => this.#status(registry, await embedded?.value.server.engineStats());
    const management = await startManagement({
      config,
      stores,
      hashes,
      bindingsOf: (name) => registrar.contacts(name),
      onNumberRules: (changed) => planner.rulesChanged(changed),
      onUsers: (news) => onUsers(registrar, registry, news),
      onRooms: (news) => onRooms(registry, news),
      live: live.control,
      view: registry,
      metrics,
      presence: () => new Map(registry.roomStatus().map(({ id, participants }) => [id, participants.length])),
      sipAddresses: this.#addresses,
      status,
      readiness: async (): Promise<Readiness> => ({
        stores: upIf((await stores.check()).ok),
        signalling: upIf(signalling.available),
        media: upIf(media.available),
        calls: registry.state === 'running' ? 'taken' : 'draining',
      }),
      debugState: () => this.debugState(),
      version: this.#version,
      scheduler,
      log,
      logLevel: this.#logLevel,
    });
    if (!management.ok) return management;
    this.#management = management.value;
    this.#onStop('REST API', () => management.value.stop());

    const settings = roomSettings(config);
    const demoRoom = await ensureDemoRoom({ rooms: stores.rooms, meta: stores.meta, pinBounds: settings.pinBounds, language: config.room.language, mediaEncryption: config.room.encryption, randomBelow });
    if (!demoRoom.ok) return demoRoom;
    handlers = {
      ...createRoomCommands({ rooms: management.value.rooms, store: stores.rooms, now: () => scheduler.now() }),
      ...createUserCommands({ users: management.value.users, now: () => scheduler.now() }),
      api: management.value.control,
      status: async () => ok(await status()),
      debug: () => Promise.resolve(ok(this.debugState())),
    };
    const { http, firstAdmin } = management.value;
    log.info({ addresses: this.#addresses, api: http.url, version: this.#version }, 'started');
    return ok({ addresses: this.#addresses, demoRoom: demoRoom.value, apiUrl: http.publicUrl, firstAdmin });
  }

  #onStop(what: string, stop: () => unknown): void {
    this.#started.push({ what, stop });
  }

  async #stop(): Promise<void> {
    for (const { what, stop } of this.#started.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error({ code: 'stop_failed', what, problem: errorText(error) }, 'a part could not be stopped');
      }
    }
  }

  #status(registry: Registry, media: EngineStats | undefined): Status {
    return {
      version: this.#version,
      state: registry.state,
      uptimeSeconds: Math.round((this.#scheduler.now() - this.#startedAt) / 1_000),
      listening: this.#addresses,
      ...(this.#management && { api: this.#management.http.publicUrl }),
      rooms: registry.roomStatus(),
      calls: [...registry.callStatus(), ...(this.#switchboard?.status() ?? [])],
      ...(media && { media: ofEngine(media) }),
    };
  }

  #liveCounts(): LiveCounts {
    const { calls, conferences, timers } = this.#registry?.counts() ?? { calls: 0, conferences: 0, timers: 0 };
    return { calls: calls + (this.#switchboard?.size ?? 0), conferences, timers: timers + (this.#switchboard?.timers ?? 0) };
  }
}

const ofCalls = ({ pendingRequests, ownRequests, dialogs }: SipServerState): DebugState['sipServer'] => ({ pendingRequests, ownRequests, dialogs });
const ofMedia = ({ channels, calls, conferences, pendingApps, plays }: MediaServerState): DebugState['mediaServer'] => ({ channels, calls, conferences, pendingApps, plays });

const ofEngine = ({ workers, packetIo, lateTicks, skippedTicks, relayUnderruns, unsentPackets, largestLagMs }: EngineStats): MediaStatus => ({ workers, packetIo, lateTicks, skippedTicks, relayUnderruns, unsentPackets, largestLagMs });

const starting: Problem = { code: 'starting', message: 'the process is still starting', advice: 'try again in a second' };

const upIf = (condition: boolean): 'up' | 'down' => (condition ? 'up' : 'down');
