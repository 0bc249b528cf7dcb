/** The engine of one worker: legs and conferences, commands in, events and answers out. It runs in the worker, on the worker's clock. */
import type { Scheduler } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import type { ConferenceId, EngineEvent, LegId, MemberState } from './api.ts';
import { AudioFiles } from './audio-files.ts';
import { TickClock } from './clock.ts';
import { Conference } from './conference.ts';
import { Leg } from './leg.ts';
import type { LegServices } from './leg.ts';
import type { BindResult, EngineAnswer, EngineCommand, WorkerMessage, WorkerSettings } from './messages.ts';
import type { MixerLeg } from './mixer-leg.ts';
import { FRAMES_PER_SECOND } from './mixer.ts';
import type { OpusLibrary } from './opus-codec.ts';
import { openPacketIo } from './open-packet-io.ts';
import type { PacketIo } from './packet-io.ts';
import type { RecordingOrder } from './recording.ts';
import { Recordings } from './recordings.ts';
import { LentLeg, RelayedLeg } from './relay.ts';
import { openRtpSockets } from './rtp-sockets.ts';

/** What legs outside conferences are served at, Hz. */
const LEG_RATE = 8000;
/** A leg is looked after every 200 ms. */
const TURN_TICKS = 10;
/** For those that hear themselves. */
const MOST_RATE = 48_000;

/** `now` is monotonic, ms, and the same in all workers. */
export interface EngineSurroundings {
  readonly now: () => number;
  readonly scheduler: Scheduler;
  readonly post: (message: WorkerMessage) => void;
  /** Undefined where it is not installed. */
  readonly opus: OpusLibrary | undefined;
}

export class MediaEngine {
  readonly #surroundings: EngineSurroundings;
  readonly #services: LegServices;
  readonly #files: AudioFiles;
  readonly #io: PacketIo;
  readonly #clock: TickClock;
  readonly #legs = new Map<LegId, Leg>();
  /** Whose turn it is to be looked after. */
  #turn = this.#legs.values();
  readonly #conferences = new Map<ConferenceId, Conference>();
  /** Which conference here a leg is in, be it of this worker or of another. */
  readonly #joined = new Map<LegId, Conference>();
  /** Those in no conference anywhere. */
  readonly #alone = new Set<Leg>();
  /** Legs that are in a conference of another worker. */
  readonly #lent = new Map<LegId, LentLeg>();
  /** Those that are not idle. */
  readonly #active = new Set<Conference>();
  #relayUnderruns = 0;
  readonly #countUnderruns = (ticks: number): void => {
    this.#relayUnderruns += ticks;
  };
  readonly #recordings: Recordings;
  readonly #frame = new Int16Array(MOST_RATE / FRAMES_PER_SECOND);
  readonly #said = new Int16Array(MOST_RATE / FRAMES_PER_SECOND);
  readonly #narrow = this.#framesAt(LEG_RATE);

  constructor(settings: WorkerSettings, surroundings: EngineSurroundings) {
    this.#surroundings = surroundings;
    this.#files = new AudioFiles(settings.audioCacheBytes, this.#warn.bind(this));
    this.#io = openPacketIo(settings.packetIo, surroundings.now, this.#socketError.bind(this));
    this.#services = {
      now: surroundings.now,
      scheduler: surroundings.scheduler,
      files: this.#files,
      opus: surroundings.opus,
      emit: this.#emit.bind(this),
      onError: (error) => {
        this.#warn('leg_error', error instanceof Error ? error.message : String(error));
      },
    };
    this.#recordings = new Recordings({ scheduler: surroundings.scheduler, emit: this.#services.emit, warn: this.#warn.bind(this) });
    this.#clock = new TickClock(surroundings.now, settings.phaseMs, this.#tick.bind(this));
  }

  handle(command: EngineCommand): void {
    switch (command.type) {
      case 'open':
        this.#open(command.leg, command.host, command.port).then(
          (result) => this.#answer(command.request, { type: 'opened', result }),
          (error: unknown) => this.#services.onError(error),
        );
        return;
      case 'configure':
        this.#legs.get(command.leg)?.configure(command.far);
        return;
      case 'close':
        this.#close(command.leg);
        return;
      case 'play':
        this.#legs.get(command.leg)?.player.play(command.play, command.sources, command.terminators);
        return;
      case 'breakPlay':
        this.#legs.get(command.leg)?.player.break(command.all);
        return;
      case 'createConference':
        if (!this.#conferences.has(command.conference)) {
          const services = { files: this.#files, recordings: this.#recordings, emit: this.#services.emit };
          this.#conferences.set(command.conference, new Conference(command.conference, command.settings, services));
        }
        return;
      case 'destroyConference': {
        const conference = this.#conferences.get(command.conference);
        if (conference === undefined) return;
        for (const leg of conference.close()) this.#leave(leg);
        this.#conferences.delete(command.conference);
        this.#active.delete(conference);
        return;
      }
      case 'join': {
        const leg = this.#legs.get(command.leg);
        if (leg !== undefined) this.#join(command.conference, leg, command.member);
        return;
      }
      case 'joinRelayed':
        this.#join(command.conference, new RelayedLeg(command.leg, command.link, this.#countUnderruns), command.member);
        return;
      case 'lend': {
        const leg = this.#legs.get(command.leg);
        if (leg === undefined) return;
        this.#leave(command.leg);
        this.#alone.delete(leg);
        this.#lent.set(command.leg, new LentLeg(leg, command.link, this.#countUnderruns));
        return;
      }
      case 'leave':
        this.#leave(command.leg);
        return;
      case 'setMember':
        this.#joined.get(command.leg)?.setMember(command.leg, command.member);
        return;
      case 'relate':
        this.#conferences.get(command.conference)?.relate(command.listener, command.speaker, command.hears);
        return;
      case 'playToConference': {
        const conference = this.#conferences.get(command.conference);
        if (conference === undefined) return;
        conference.play(command.play, command.source, command);
        this.#active.add(conference);
        return;
      }
      case 'adjustConferencePlay':
        this.#conferences.get(command.conference)?.adjustPlay(command.change, command.leg);
        return;
      case 'conferencePlayStatus':
        this.#answer(command.request, { type: 'playStatus', status: this.#conferences.get(command.conference)?.playStatus(command.leg) });
        return;
      case 'stopConferencePlay': {
        const count = this.#conferences.get(command.conference)?.stopPlay(command.which, command.leg) ?? 0;
        this.#answer(command.request, { type: 'playsStopped', count });
        return;
      }
      case 'setMediaTimeout':
        this.#legs.get(command.leg)?.session.setMediaTimeout(command.ms, command.holdMs);
        return;
      case 'sendDtmf':
        this.#legs.get(command.leg)?.press(command.digits, command.durationMs);
        return;
      case 'detectDtmf':
        this.#legs.get(command.leg)?.detectTones(command.on);
        return;
      case 'setLegAudio':
        this.#legs.get(command.leg)?.setAudio(command.audio);
        return;
      case 'record':
        this.#record({ id: command.recording, from: command.from, path: command.path, limits: command.limits });
        return;
      case 'pauseRecording':
        this.#recordings.pause(command.recording, command.paused);
        return;
      case 'stopRecording':
        this.#recordings.stop(command.recording);
        return;
      case 'stats':
        this.#answer(command.request, { type: 'legStats', stats: this.#legs.get(command.leg)?.stats });
        return;
      case 'workerStats':
        this.#answer(command.request, { type: 'workerStats', stats: { ...this.#clock.stats, relayUnderruns: this.#relayUnderruns, unsentPackets: this.#io.unsent, packetIo: this.#io.kind } });
        return;
      case 'ping':
        this.#surroundings.post({ type: 'pong' });
        return;
      case 'stop':
        this.#clock.stop();
        for (const leg of [...this.#legs.keys()]) this.#close(leg);
        for (const conference of this.#conferences.values()) conference.close();
        // What is recorded is on the disk before the thread ends.
        this.#recordings.allOver().then(
          () => this.#answer(command.request, { type: 'stopped' }),
          (error: unknown) => this.#services.onError(error),
        );
        return;
      default:
        unreachable(command);
    }
  }

  async #open(id: LegId, host: string, port: number): Promise<BindResult> {
    // The leg is there at once: commands that follow must find it, and a close must stop it, while its sockets are being bound.
    const leg = this.#legs.get(id) ?? this.#newLeg(id);
    const bound = await openRtpSockets(this.#io, host, port, {
      onRtp: leg.session.onRtpDatagram.bind(leg.session),
      onRtcp: leg.session.onRtcpDatagram.bind(leg.session),
      onError: this.#socketError.bind(this),
    });
    if (!bound.ok) return bound.error;
    leg.session.attach(bound.sockets);
    return 'bound';
  }

  #newLeg(id: LegId): Leg {
    const leg = new Leg(id, this.#services);
    this.#legs.set(id, leg);
    this.#alone.add(leg);
    return leg;
  }

  #close(id: LegId): void {
    this.#leave(id);
    this.#recordings.endOfLeg(id);
    const leg = this.#legs.get(id);
    if (leg === undefined) return;
    leg.close();
    this.#legs.delete(id);
    this.#alone.delete(leg);
  }

  #record(order: RecordingOrder): void {
    const { from } = order;
    if ('leg' in from) {
      if (this.#legs.has(from.leg)) this.#recordings.start(order, this.#joined.get(from.leg)?.rate ?? this.#lent.get(from.leg)?.rate ?? LEG_RATE);
      else this.#recordings.refuse(order, 'no such leg');
      return;
    }
    const conference = this.#conferences.get(from.conference);
    if (conference === undefined) {
      this.#recordings.refuse(order, 'no such conference');
      return;
    }
    this.#recordings.start(order, conference.rate);
    this.#active.add(conference);
  }

  #join(id: ConferenceId, leg: MixerLeg, member: MemberState): void {
    const conference = this.#conferences.get(id);
    if (conference === undefined) return;
    this.#leave(leg.id);
    conference.join(leg, member);
    this.#joined.set(leg.id, conference);
    if (leg instanceof Leg) this.#alone.delete(leg);
    this.#active.add(conference);
  }

  #leave(id: LegId): void {
    this.#joined.get(id)?.leave(id);
    this.#joined.delete(id);
    this.#lent.get(id)?.end();
    this.#lent.delete(id);
    const leg = this.#legs.get(id);
    if (leg !== undefined) this.#alone.add(leg);
  }

  #tick(slot: number, skipped: number): void {
    this.#io.receive();
    const now = this.#surroundings.now();
    this.#lookAfter(now);
    if (skipped > 0) for (const leg of this.#legs.values()) leg.skip(skipped);
    for (const conference of this.#active) {
      conference.tick(slot);
      if (conference.isIdle) this.#active.delete(conference);
    }
    for (const [id, lent] of this.#lent) {
      const { said, sent } = lent.tick(slot);
      if (this.#recordings.hasLegs) this.#recordings.writeLeg(id, said, sent);
    }
    for (const leg of this.#alone) this.#serve(leg, slot);
    this.#io.flush();
  }

  /** Reports and timeouts of some legs: a tick need not touch them all for what is due every few seconds. */
  #lookAfter(now: number): void {
    for (let left = Math.ceil(this.#legs.size / TURN_TICKS); left > 0; left--) {
      const next = this.#turn.next();
      if (next.done === true) {
        this.#turn = this.#legs.values();
        return;
      }
      next.value.session.tick(now);
    }
  }

  /** A leg that is in no conference hears what is played to it: its own voice as well as its codec can carry it. */
  #serve(leg: Leg, slot: number): void {
    const { echoes } = leg.player;
    const isRecorded = this.#recordings.hasLegs && this.#recordings.isRecordedLeg(leg.id);
    const rate = echoes ? leg.wholeRate : LEG_RATE;
    const { frame, said } = rate === LEG_RATE ? this.#narrow : this.#framesAt(rate);
    if (echoes || isRecorded || leg.detectsTones) leg.receive(slot, said, rate);
    else leg.stopListening();
    const isPlayedTo = leg.player.next(frame);
    if (isPlayedTo) leg.sendFrame(frame, rate);
    else leg.sendSilence();
    if (!isRecorded) return;
    if (!isPlayedTo) frame.fill(0);
    this.#recordings.writeLeg(leg.id, said, frame);
  }

  #framesAt(rate: number): { readonly frame: Int16Array; readonly said: Int16Array } {
    const length = rate / FRAMES_PER_SECOND;
    return { frame: this.#frame.subarray(0, length), said: this.#said.subarray(0, length) };
  }

  #emit(event: EngineEvent): void {
    this.#surroundings.post({ type: 'event', event });
  }

  #answer(request: number, answer: EngineAnswer): void {
    this.#surroundings.post({ type: 'answer', request, answer });
  }

  #socketError(error: Error): void {
    this.#warn('rtp_socket_error', error.message);
  }

  #warn(code: string, message: string): void {
    this.#surroundings.post({ type: 'warning', code, message });
  }
}
