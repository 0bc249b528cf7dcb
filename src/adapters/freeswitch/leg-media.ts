import type Mrf from 'drachtio-fsmrf';
import { attempt, errorText } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaStatistics } from '../../ports/live.ts';
import type { AllocateFailure, LegMedia, MediaDescription, MediaDetails, MediaHandlers, OnKey, Sound } from '../../ports/media.ts';
import type { PromptCatalog } from '../../ports/prompts.ts';
import { describeSdp, usableAudioLine, writeAudioSdp } from '../../protocol/sdp/description.ts';
import { numberIn } from './api-reply.ts';
import { Applications, type Running } from './applications.ts';
import { conferenceName } from './esl-text.ts';
import { detailsOf } from './media-details.ts';
import { statisticsOf, statisticVariables } from './media-statistics.ts';
import type { MediaServerConnection } from './media-server.ts';
import { MemberAnnouncements } from './member-announcements.ts';
import { talkOf } from './talk.ts';
import { pathThere, promptPath } from './server-paths.ts';
import { volumeOf } from './volume.ts';

export interface LegMediaOptions {
  readonly endpoint: Mrf.Endpoint;
  readonly connection: MediaServerConnection;
  readonly answer: MediaDescription;
  readonly handlers: MediaHandlers;
  readonly catalog: PromptCatalog;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Where a former process has left it. */
  readonly inConference?: { readonly conference: string; readonly member: string };
  /** Called once, when the endpoint is no more. */
  readonly onClosed: () => void;
}

/** FreeSWITCH answers a join within two frames; a busy one held back its events for half a second (F-21). */
const joinMs = 4_000;
const modifyMs = 4_000;
const askMs = 4_000;
const breakMs = 2_000;
const byeMs = 3_000;
/** How long a key is pressed, heard by every receiver (ITU-T Q.24); the pause after it is as long. */
const keyMs = 100;
/** A music file that is over sooner than this cannot be played. */
const shortestMusicMs = 500;

interface Membership {
  readonly conference: string;
  readonly member: string;
  readonly running: Running;
}

/** One endpoint: a channel on FreeSWITCH, controlled over its own connection, and commands about it over the shared one. */
export class FreeSwitchLeg implements LegMedia {
  readonly id: string;
  readonly #options: LegMediaOptions;
  readonly #applications: Applications;
  readonly #announcements: MemberAnnouncements;
  #answer: MediaDescription;
  #sdpVersion = 1;
  /** The play in progress; a newer one takes its place. */
  #playing: { readonly running: Running; stopped: 'no' | 'yes' } | undefined;
  /** Turns of playing follow one another: a new one first ends the one before. */
  #turn: Promise<unknown> = Promise.resolve();
  #music: { wanted: 'yes' | 'no' } = { wanted: 'no' };
  #membership: Membership | undefined;
  /** As `playback_terminators` is set: `any` or `none`. */
  #onKey: OnKey = 'stop';
  #state: 'open' | 'releasing' | 'closed' = 'open';

  constructor(options: LegMediaOptions) {
    const { endpoint, handlers, connection, scheduler } = options;
    this.#options = options;
    this.#answer = options.answer;
    this.id = endpoint.uuid;
    const control = endpoint.conn;
    if (control === null) throw new Error('the endpoint has no connection');
    this.#applications = new Applications(control, endpoint.uuid);
    this.#announcements = new MemberAnnouncements(connection, scheduler);
    endpoint.on('dtmf', (key) => handlers.onDigit(key.dtmf, key.source === 'INBAND_AUDIO' ? 'inband' : 'rtp'));
    endpoint.on('destroy', () => this.closed());
    control.on(`esl::event::CUSTOM::${endpoint.uuid}`, (event) => {
      this.#announcements.heard(event);
      const talk = talkOf(event);
      if (talk !== undefined) handlers.onTalking?.(talk.talking, talk.level);
    });
    // The library hears these; nobody here does, and each is as long as all variables of the channel.
    control.sendRecv('nixevent CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER DETECTED_TONE PLAYBACK_START PLAYBACK_STOP');
    // What would change how our applications behave is set here once: FreeSWITCH's own keys and endings stay off (T-01 to T-07).
    // By a command: on FreeSWITCH an application waits for the next frame, and is told of when it begins and ends.
    void this.#ask(`uuid_setvar_multi ${this.id} playback_delimiter=!;playback_terminators=any;conference_controls=none;hangup_after_conference=false`);
    const left = options.inConference;
    if (left !== undefined) this.#joined({ ...left, running: this.#applications.adopt('conference') });
  }

  get answer(): MediaDescription {
    return this.#answer;
  }

  get details(): MediaDetails {
    return detailsOf(this.#answer);
  }

  play(sounds: readonly Sound[], language: string, onKey: OnKey): Promise<'done' | 'stopped' | 'failed'> {
    const files = this.#files(sounds, language);
    return this.#takeTurn(() => (files.length === 0 ? Promise.resolve('done') : this.#playback(files, onKey)));
  }

  playMusic(): Promise<'stopped' | 'failed'> {
    return this.#takeTurn(async () => {
      const music: { wanted: 'yes' | 'no' } = { wanted: 'yes' };
      this.#music = music;
      this.#outlive('parked');
      return this.#repeatMusic(music);
    });
  }

  /** Ends what was begun or asked for before, also what has not begun yet. */
  stopPlay(): Promise<void> {
    return this.#takeTurn(() => Promise.resolve());
  }

  async join(conference: string, muted: boolean): Promise<Result<void, 'join_failed'>> {
    await this.stopPlay();
    const name = conferenceName(conference);
    this.#outlive('where it is');
    const joined = this.#announcements.nextMember();
    const running = this.#applications.execute('conference', `${name}+flags{${muted ? 'mute|nomoh' : 'nomoh'}}`);
    // A refused join shows only in that the application is over (D-3, F-18).
    const first = await attempt(Promise.race([joined, running.ended.then(() => undefined)]), joinMs, this.#options.scheduler);
    if (!first.ok || first.value === undefined) return err('join_failed');
    this.#joined({ conference: name, member: first.value, running });
    return ok(undefined);
  }

  #joined(membership: Membership): void {
    this.#membership = membership;
    void membership.running.ended.then(() => {
      if (this.#membership !== membership) return;
      this.#membership = undefined;
      this.#announcements.left();
      // Somebody took the leg out of the mixer behind our back, or the conference was ended there.
      if (this.#state === 'open') this.closed();
    });
  }

  /**
   * What becomes of the channel when this process is killed, and its connection with it: FreeSWITCH takes one with `socket_resume` out of
   * whatever it runs, into the `park` that follows in the dialplan, and leaves one without it in its conference.
   */
  #outlive(how: 'parked' | 'where it is'): void {
    void this.#ask(`uuid_setvar ${this.id} socket_resume ${how === 'parked'}`);
  }

  async leave(): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    this.#membership = undefined;
    this.#announcements.left();
    await this.#options.connection.api(`conference ${membership.conference} hup ${membership.member}`);
    await attempt(membership.running.ended, breakMs, this.#options.scheduler);
  }

  async setGain(decibels: number): Promise<void> {
    const membership = this.#membership;
    if (membership !== undefined) await this.#options.connection.api(`conference ${membership.conference} volume_in ${membership.member} ${volumeOf(decibels)}`);
  }

  async setDeaf(deaf: boolean): Promise<void> {
    const membership = this.#membership;
    if (membership !== undefined) await this.#options.connection.api(`conference ${membership.conference} ${deaf ? 'deaf' : 'undeaf'} ${membership.member}`);
  }

  async sendDigits(digits: string): Promise<void> {
    await this.#ask(`uuid_send_dtmf ${this.id} ${digits.replaceAll(/[^0-9A-D*#]/g, '')}@${keyMs}`);
  }

  async setMuted(muted: boolean): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    await this.#options.connection.api(`conference ${membership.conference} ${muted ? 'mute' : 'unmute'} ${membership.member} quiet`);
  }

  async tell(sounds: readonly Sound[], language: string): Promise<'said' | 'failed'> {
    const membership = this.#membership;
    if (membership === undefined) return 'failed';
    return this.#announcements.say(membership.conference, membership.member, this.#files(sounds, language));
  }

  async packetsReceived(): Promise<number | undefined> {
    const [count] = await this.#variables(['rtp_audio_in_packet_count']);
    return count;
  }

  async statistics(): Promise<MediaStatistics | undefined> {
    return statisticsOf(await this.#variables(statisticVariables));
  }

  /** Numbers of the statistics, as they are at the moment. */
  async #variables(names: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (this.#state !== 'open') return [];
    // Commands of one connection are carried out in order.
    const [, ...values] = await Promise.all([this.#ask(`uuid_set_media_stats ${this.id}`), ...names.map((name) => this.#ask(`uuid_getvar ${this.id} ${name}`))]);
    return values.map((value) => (value === undefined ? undefined : numberIn(value)));
  }

  /** A command on the endpoint's own connection. Its answer is waited for there alone: on the shared one a thousand calls would wait for each other. */
  async #ask(command: string): Promise<string | undefined> {
    const control = this.#options.endpoint.conn;
    if (control === null || control.socket === null) return undefined;
    const asked = new Promise<string>((resolve) => control.api(command, '', (event) => resolve(event.getBody())));
    const answer = await attempt(asked, askMs, this.#options.scheduler);
    return answer.ok ? answer.value : undefined;
  }

  async update(offer: MediaDescription): Promise<Result<MediaDescription, AllocateFailure>> {
    const { dialog } = this.#options.endpoint;
    this.#sdpVersion += 1;
    const sdp = writeAudioSdp(offer, { sessionId: 1, version: this.#sdpVersion });
    if (!sdp.ok) return err('no_common_codec');
    if (dialog === null || this.#state !== 'open') return err('media_unavailable');
    const answered = await attempt(dialog.modify(sdp.value), modifyMs, this.#options.scheduler);
    if (!answered.ok) {
      // D-1: after a failure the library would hold back every later one for ever.
      dialog._reinvitesInProgress = { count: 0, admitOne: [] };
      return err(answered.error.kind === 'failed' && /\b488\b/.test(answered.error.message) ? 'no_common_codec' : 'media_unavailable');
    }
    const answer = describeSdp(answered.value);
    // Without a common codec FreeSWITCH answers a re-INVITE with port 0, not with 488 (F-22).
    if (!answer.ok || usableAudioLine(answer.value) === undefined) return err('no_common_codec');
    this.#answer = answer.value;
    return ok(answer.value);
  }

  async release(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'releasing';
    this.#music.wanted = 'no';
    const { endpoint, scheduler, log } = this.#options;
    const { dialog } = endpoint;
    const byed = dialog === null || !dialog.connected ? Promise.resolve() : new Promise<void>((resolve) => dialog.on('destroy', () => resolve()));
    // A channel outlives its own connection (F-15) and, made without SDP, may not run `hangup` (F-12): uuid_kill ends it in any state.
    const killed = await Promise.race([this.#kill(), byed.then(() => '+OK')]);
    const ended = killed?.startsWith('+OK') === true ? await attempt(byed, byeMs, scheduler) : undefined;
    if (ended?.ok !== true && dialog?.connected === true) {
      await attempt(
        dialog.destroy().catch((error: unknown) => log.debug({ problem: errorText(error) }, 'the media server did not take our BYE')),
        byeMs,
        scheduler,
      );
    }
    this.closed();
  }

  /** On its own connection, so that the events of the end need not be heard; on the shared one where that is lost. */
  #kill(): Promise<string | undefined> {
    const { endpoint, connection } = this.#options;
    const kill = `uuid_kill ${this.id}`;
    const control = endpoint.conn;
    if (control === null || control.socket === null) return connection.api(kill);
    control.sendRecv('noevents');
    return this.#ask(kill);
  }

  /** The channel is gone, by our doing or not. */
  closed(): void {
    if (this.#state === 'closed') return;
    const before = this.#state;
    this.#state = 'closed';
    this.#music.wanted = 'no';
    this.#applications.channelGone();
    this.#announcements.left();
    const { dialog } = this.#options.endpoint;
    // D-40: the library leaves the dialog behind when only the control connection died.
    if (before === 'open' && dialog?.connected === true) void attempt(dialog.destroy(), byeMs, this.#options.scheduler);
    this.#options.onClosed();
    if (before === 'open') this.#options.handlers.onLost();
  }

  async #endPlay(): Promise<void> {
    this.#music.wanted = 'no';
    const playing = this.#playing;
    if (playing === undefined || this.#state !== 'open') return;
    playing.stopped = 'yes';
    // `uuid_break all` would also drop an application not taken up yet, without a word of it.
    await attempt(playing.running.begun, breakMs, this.#options.scheduler);
    await this.#options.connection.api(`uuid_break ${this.id} all`);
    await attempt(playing.running.ended, breakMs, this.#options.scheduler);
  }

  /** Ends what plays, then begins something else. */
  #takeTurn<T>(begin: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    let begun: () => void = () => undefined;
    // The next turn waits until this one has begun, not until it is over: it ends it.
    this.#turn = new Promise<void>((resolve) => {
      begun = resolve;
    });
    return before.then(async () => {
      await this.#endPlay();
      const result = begin();
      begun();
      return result;
    });
  }

  async #playback(files: readonly string[], onKey: OnKey): Promise<'done' | 'stopped' | 'failed'> {
    if (this.#onKey !== onKey) void this.#ask(`uuid_setvar ${this.id} playback_terminators ${onKey === 'stop' ? 'any' : 'none'}`);
    this.#onKey = onKey;
    const playing: { readonly running: Running; stopped: 'no' | 'yes' } = { running: this.#applications.execute('playback', files.join('!')), stopped: 'no' };
    this.#playing = playing;
    const how = await playing.running.ended;
    if (this.#playing === playing) this.#playing = undefined;
    // A hang-up ends what plays as if it had come to its end.
    if (playing.stopped === 'yes' || how === 'gone' || this.#state !== 'open') return 'stopped';
    return how === 'failed' ? 'failed' : 'done';
  }

  async #repeatMusic(music: { readonly wanted: 'yes' | 'no' }): Promise<'stopped' | 'failed'> {
    const file = promptPath(this.#options.connection.server, this.#options.catalog.music);
    while (music.wanted === 'yes') {
      const begun = this.#options.scheduler.now();
      const how = await this.#playback([file], 'playOn');
      if (how === 'stopped') break;
      if (how === 'failed' || this.#options.scheduler.now() - begun < shortestMusicMs) return 'failed';
    }
    return 'stopped';
  }

  #files(sounds: readonly Sound[], language: string): readonly string[] {
    const { catalog, connection } = this.#options;
    return sounds.flatMap((sound) => ('file' in sound ? [pathThere(connection.server, sound.file)] : catalog.files([sound], language).map((file) => promptPath(connection.server, file))));
  }
}
