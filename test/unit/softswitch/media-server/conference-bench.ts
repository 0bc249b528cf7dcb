/** Conferences without sound and without time: a clock moved by hand, an engine that keeps what it is told and says what a test makes it say. */
import type { Engine, EngineEvent } from '../../../../src/softswitch/engine/api.ts';
import { execute } from '../../../../src/softswitch/media-server/apps.ts';
import { Channel } from '../../../../src/softswitch/media-server/channel.ts';
import { conferenceCommand } from '../../../../src/softswitch/media-server/conference-commands.ts';
import type { Conference } from '../../../../src/softswitch/media-server/conference.ts';
import type { ProfileParameters } from '../../../../src/softswitch/media-server/conference-profile.ts';
import { ConferenceRegistry } from '../../../../src/softswitch/media-server/conference-registry.ts';
import { defaultLimits, type Core, type Identity, type PlayEvent } from '../../../../src/softswitch/media-server/core.ts';
import { EventBus } from '../../../../src/softswitch/media-server/event-bus.ts';
import { SessionLimits } from '../../../../src/softswitch/media-server/session-limits.ts';
import { SoundFiles } from '../../../../src/softswitch/media-server/sound-files.ts';
import { noSubscriptions, subscribe } from '../../../../src/protocol/esl/subscriptions.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

export type Headers = Readonly<Record<string, string>>;
type ConferencePlay = Extract<EngineEvent, { readonly type: 'conferencePlay' }>;
type Told = readonly [command: keyof Engine, ...args: readonly unknown[]];

export interface QueuedPlay {
  readonly id: string;
  readonly source: unknown;
  readonly leg: string | undefined;
  readonly async: boolean;
  readonly volume: number | undefined;
}

export class ConferenceBench {
  readonly clock = new ManualScheduler();
  /** Every command to the engine. */
  readonly told: Told[] = [];
  /** Conference plays that have not ended. */
  plays: readonly QueuedPlay[] = [];
  readonly events: Headers[] = [];
  /** What was logged, as text. */
  readonly logged: string[] = [];
  readonly core: Core;
  #ids = 0;

  constructor(profiles: Readonly<Record<string, ProfileParameters>> = {}) {
    const identity: Identity = { coreUuid: 'core', hostname: 'bench', version: '1', profile: 'drachtio_mrf', startedAt: 0 };
    const log = (fields: object, message: string): void => void this.logged.push(`${message} ${JSON.stringify(fields)}`);
    const newUuid = (): string => `uuid-${++this.#ids}`;
    this.core = {
      identity,
      scheduler: this.clock,
      log: { debug: log, info: log, warn: log, error: log },
      engine: this.#engine(),
      bus: new EventBus(identity, this.clock),
      limits: defaultLimits,
      channels: new Map(),
      conferences: new ConferenceRegistry(profiles),
      soundPrefix: '/sounds',
      plays: new Map(),
      recordings: new Map(),
      sessions: new SessionLimits(100, () => this.clock.now()),
      codecs: ['PCMU'],
      globals: new Map(),
      outboundSockets: new Set(),
      soundFiles: new SoundFiles(this.clock),
      newUuid,
      openSocket: () => ({ close: () => undefined }),
      originate: () => Promise.resolve({ ok: false, error: 'NO_ROUTE_DESTINATION' }),
      sipAddress: () => '127.0.0.1:5060',
    };
    const heard = subscribe(noSubscriptions, 'json', ['ALL']);
    if (!heard.ok) throw new Error(heard.error.code);
    this.core.bus.add({ subscriptions: heard.value, deliver: (text) => void this.events.push(JSON.parse(text.slice(text.indexOf('{'))) as Headers) });
  }

  channel(variables: Headers = {}): Channel {
    const signalling = { bye: () => undefined, reoffer: () => false, send: () => false };
    const uuid = this.core.newUuid();
    const channel = new Channel({ core: this.core, uuid, caller: { name: 'unknown', number: '', address: '127.0.0.1', destination: 'x' }, name: `sofia/${uuid}`, signalling, callDirection: 'inbound' });
    this.core.channels.set(uuid, channel);
    // A controlling socket: without one the channel ends when nothing runs on it.
    channel.socket = { close: () => undefined };
    for (const [name, value] of Object.entries(variables)) channel.setVariable(name, value);
    return channel;
  }

  /** A channel that runs the application `conference`. */
  join(argument: string, variables: Headers = {}): Channel {
    const channel = this.channel(variables);
    execute(channel, { uuid: this.core.newUuid(), name: 'conference', argument });
    return channel;
  }

  conference(name: string): Conference {
    const conference = this.core.conferences.get(name);
    if (conference === undefined) throw new Error(`no conference ${name}`);
    return conference;
  }

  async api(command: string): Promise<string> {
    return conferenceCommand(this.core, command);
  }

  /** Conference actions since the last call, of the conference or of all. */
  actions(): readonly string[] {
    return this.events.splice(0).flatMap((event) => (event['Event-Subclass'] === 'conference::maintenance' ? [event.Action ?? ''] : []));
  }

  /** Commands of one kind to the engine since the last call. */
  tellings(command: keyof Engine): readonly (readonly unknown[])[] {
    const meant = this.told.filter(([name]) => name === command).map(([, ...args]) => args);
    for (let at = this.told.length - 1; at >= 0; at--) if (this.told[at]?.[0] === command) this.told.splice(at, 1);
    return meant;
  }

  talking(channel: Channel, talking: boolean): void {
    const { member } = channel;
    member?.conference.talking({ type: 'talking', conference: member.conference.uuid, leg: channel.uuid, talking, energy: 500, durationMs: 1_000, muted: !member.speak });
  }

  /** Ends the first play into a conference. */
  played(what: ConferencePlay['what'] = 'done', samples = 8_000): void {
    const [play] = this.plays;
    if (play !== undefined) this.#ended(play, what, samples);
  }

  recorded(what: 'started' | 'stopped' | 'failed'): void {
    for (const [recording, on] of [...this.core.recordings]) {
      if (what === 'started') on({ type: 'recording', recording, what });
      else if (what === 'failed') on({ type: 'recording', recording, what, message: 'no such folder' });
      else on({ type: 'recording', recording, what, why: 'asked', samples: 16_000, bytes: 32_044, rate: 8_000 });
    }
  }

  /** What is played to a channel itself: begins, then ends. */
  heard(found = true): void {
    for (const [play, on] of [...this.core.plays]) {
      const leg = '';
      const events: readonly PlayEvent[] = found
        ? [{ type: 'playStarted', leg, play, index: 0 }, { type: 'playStopped', leg, play, index: 0, how: 'done', samples: 800, offset: 800 }, { type: 'playDone', leg, play }]
        : [{ type: 'playStopped', leg, play, index: 0, how: 'not_found', samples: 0, offset: 0 }, { type: 'playDone', leg, play }];
      for (const event of events) on(event);
    }
  }

  #ended(play: QueuedPlay, what: ConferencePlay['what'], samples: number): void {
    this.plays = this.plays.filter((other) => other !== play);
    for (const conference of this.core.conferences.all()) conference.played({ type: 'conferencePlay', conference: conference.uuid, play: play.id, what, samples });
  }

  #engine(): Engine {
    const keep =
      (name: keyof Engine) =>
      (...args: readonly unknown[]): void =>
        void this.told.push([name, ...args]);
    return {
      open: () => Promise.resolve({ ok: true, port: 20_000 }),
      configure: keep('configure'),
      close: keep('close'),
      play: keep('play'),
      breakPlay: keep('breakPlay'),
      sendDtmf: keep('sendDtmf'),
      detectDtmf: keep('detectDtmf'),
      setLegAudio: keep('setLegAudio'),
      setMediaTimeout: keep('setMediaTimeout'),
      createConference: keep('createConference'),
      destroyConference: keep('destroyConference'),
      join: keep('join'),
      leave: keep('leave'),
      setMember: keep('setMember'),
      relate: keep('relate'),
      playToConference: (_conference, id, source, options = {}) => {
        this.plays = [...this.plays, { id, source, leg: options.leg, async: options.async ?? false, volume: options.volume }];
      },
      stopConferencePlay: (_conference, which, leg) => {
        const meant = this.plays.filter((play) => play.leg === leg && (which === 'all' || play.async === (which === 'async')));
        const stopped = which === 'current' ? meant.slice(0, 1) : which === 'last' ? meant.slice(-1) : meant;
        for (const play of stopped) this.#ended(play, 'broken', 160);
        return Promise.resolve(stopped.length);
      },
      adjustConferencePlay: keep('adjustConferencePlay'),
      conferencePlayStatus: () => Promise.resolve(this.plays[0] === undefined ? undefined : { play: this.plays[0].id, positionMs: 2_500, lengthMs: 3_000 }),
      record: keep('record'),
      pauseRecording: keep('pauseRecording'),
      stopRecording: keep('stopRecording'),
      stats: () => Promise.resolve(undefined),
      engineStats: () => Promise.reject(new Error('not asked for')),
      stop: () => Promise.resolve(),
    };
  }
}
