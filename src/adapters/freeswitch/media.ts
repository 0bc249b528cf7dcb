import Mrf from 'drachtio-fsmrf';
import type Srf from 'drachtio-srf';
import type { Prompt } from '../../domain/prompts.ts';
import { attempt, failureText } from '../../lib/attempt.ts';
import type { RoomId } from '../../domain/room.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { AdoptedMedia, MediaSurvivors } from '../../ports/adoption.ts';
import type { Log } from '../../ports/log.ts';
import type { AllocateFailure, ConferenceRecording, LegMedia, MediaDescription, MediaHandlers, MediaPort } from '../../ports/media.ts';
import type { PromptCatalog } from '../../ports/prompts.ts';
import { describeSdp, usableAudioLine, writeAudioSdp } from '../../protocol/sdp/description.ts';
import { AdoptedEndpoint } from './adopted-endpoint.ts';
import { listedChannels, listedMembers, type ListedMember } from './api-reply.ts';
import { ConferenceFiles } from './conference-files.ts';
import { conferenceName, quotedFile } from './esl-text.ts';
import { FreeSwitchLeg } from './leg-media.ts';
import { MediaServerConnection, type FreeSwitchServer } from './media-server.ts';
import { pathThere, promptPath } from './server-paths.ts';

export interface FreeSwitchMediaOptions {
  /** In order of preference. */
  readonly servers: readonly FreeSwitchServer[];
  /** Carries the INVITEs to the media server. */
  readonly srf: Srf;
  readonly catalog: PromptCatalog;
  /** Channels of a former process that may be adopted. */
  readonly kept?: readonly string[];
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** A far end that neither sends nor wants anything (port 9, discard). */
const nobody: MediaDescription = {
  lines: [{ kind: 'audio', protocol: 'RTP/AVP', address: '127.0.0.1', port: 9, direction: 'inactive', codecs: [{ name: 'PCMU', payloadType: 0, clockRate: 8000 }] }],
};

/** Read by the softswitch, which keeps legs of one place on one worker; FreeSWITCH takes no notice. */
const placeHeader = 'X-Vestibule-Place';

/** Read by the softswitch, whose events then say no more than we read; FreeSWITCH takes no notice. */
const eventsHeader = { 'X-Vestibule-Events': 'brief' };
/** Beyond the library's own 4 s for the connection back to us. */
const createMs = 6_000;

/**
 * Media by FreeSWITCH, one active and the others standing by: all calls go to the active server, so that everybody in a
 * room meets in one mixer. It stays active until it is lost; then its legs are lost, and the first connected server of
 * the list takes the calls that come.
 */
export class FreeSwitchMedia implements MediaPort, MediaSurvivors {
  readonly #options: FreeSwitchMediaOptions;
  readonly #connections: readonly MediaServerConnection[];
  readonly #legs = new Map<FreeSwitchLeg, MediaServerConnection>();
  readonly #files = new Map<MediaServerConnection, ConferenceFiles>();
  readonly #kept: Set<string>;
  #active: MediaServerConnection | undefined;

  constructor(options: FreeSwitchMediaOptions) {
    this.#options = options;
    this.#kept = new Set(options.kept);
    const mrf = new Mrf(options.srf);
    this.#connections = options.servers.map((server) => {
      const handlers = { onUp: () => this.#up(connection), onDown: () => this.#down(connection), isKept: (channel: string) => this.#kept.has(channel) };
      const connection: MediaServerConnection = new MediaServerConnection(server, { mrf, scheduler: options.scheduler, log: options.log, handlers });
      this.#files.set(connection, new ConferenceFiles({ api: (command) => connection.api(command), scheduler: options.scheduler }));
      return connection;
    });
  }

  get available(): boolean {
    return this.#active !== undefined;
  }

  /** Endpoints that are there now. */
  get endpoints(): number {
    return this.#legs.size;
  }

  /** Settles after the first try at every server; lost and missing ones are tried again by themselves. */
  async start(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.start()));
  }

  /**
   * Endpoints made and released before the first caller comes: a server that cannot make one is told of at the start, and
   * the way of a call has been gone (a first one took 100 ms and more, the next ones 10). It goes through the SIP server.
   */
  async tryOut(): Promise<void> {
    if (!this.available) return;
    for (let time = 0; time < 3; time++) {
      const made = await this.allocate(nobody, { onDigit: () => undefined, onLost: () => undefined });
      if (!made.ok) {
        this.#options.log.error({ code: 'media_server_unusable', problem: made.error }, 'the media server lets us in but makes no endpoint: check its SIP profile and dial plan, and that it reaches our advertisedHost and listenPort');
        return;
      }
      await made.value.release();
    }
  }

  stop(): void {
    for (const connection of this.#connections) connection.stop();
    this.#active = undefined;
  }

  async allocate(offer: MediaDescription | undefined, handlers: MediaHandlers, place?: string): Promise<Result<LegMedia, AllocateFailure>> {
    const connection = this.#active;
    const mediaServer = connection?.mediaServer;
    if (connection === undefined || mediaServer === undefined) return err('media_unavailable');
    const sdp = offer === undefined ? undefined : writeAudioSdp(offer, { sessionId: 1, version: 1 });
    if (sdp?.ok === false) return err('no_common_codec');
    const create = (): Promise<Result<Mrf.Endpoint, AllocateFailure>> =>
      this.#create(connection, mediaServer, { ...(sdp === undefined ? {} : { remoteSdp: passable(sdp.value) }), headers: { ...eventsHeader, ...(place === undefined ? {} : { [placeHeader]: place }) } });
    const first = await create();
    // FreeSWITCH says 488 also when another program holds the RTP port it chose; the next try gets another port.
    const created = first.ok || first.error !== 'no_common_codec' ? first : await create();
    if (!created.ok) return created;
    const endpoint = created.value;
    const answer = describeSdp(endpoint.local.sdp);
    const lost = connection.mediaServer !== mediaServer || !endpoint.connected || endpoint.conn === null;
    if (lost || !answer.ok || usableAudioLine(answer.value) === undefined) {
      void connection.api(`uuid_kill ${endpoint.uuid}`);
      return err(lost ? 'media_unavailable' : 'no_common_codec');
    }
    const { catalog, scheduler, log } = this.#options;
    const leg: FreeSwitchLeg = new FreeSwitchLeg({ endpoint, connection, answer: answer.value, handlers, catalog, scheduler, log, onClosed: () => this.#legs.delete(leg) });
    this.#legs.set(leg, connection);
    return ok(leg);
  }

  async adopt(channel: string, room: RoomId, handlers: MediaHandlers): Promise<AdoptedMedia | undefined> {
    const { catalog, scheduler, log } = this.#options;
    const name = conferenceName(room);
    for (const connection of this.#connections) {
      const server = connection.mediaServer;
      const found = server === undefined || !this.#kept.has(channel) ? undefined : await whereabouts(connection, channel);
      if (server === undefined || found === undefined || (found.member !== undefined && found.member.conference !== name)) continue;
      const endpoint = await AdoptedEndpoint.open(channel, connection.server, server.conn, scheduler);
      if (endpoint === undefined) continue;
      const { member } = found;
      const leg: FreeSwitchLeg = new FreeSwitchLeg({
        ...{ endpoint, connection, handlers, catalog, scheduler, log },
        answer: { lines: [] },
        ...(member === undefined ? {} : { inConference: { conference: name, member: String(member.id) } }),
        onClosed: () => {
          this.#legs.delete(leg);
          endpoint.close();
        },
      });
      this.#legs.set(leg, connection);
      return { media: leg, place: member === undefined ? 'alone' : 'conference' };
    }
    return undefined;
  }

  async reap(): Promise<void> {
    const adopted = new Set([...this.#legs.keys()].map(({ id }) => id));
    for (const channel of [...this.#kept]) if (!adopted.has(channel)) this.#kept.delete(channel);
    await Promise.all(this.#connections.map((connection) => connection.reap()));
    this.#kept.clear();
  }

  async announce(conference: string, prompts: readonly Prompt[], language: string): Promise<void> {
    const connection = this.#active;
    if (connection === undefined) return;
    for (const file of this.#options.catalog.files(prompts, language)) {
      await connection.api(`conference ${conferenceName(conference)} play ${quotedFile(promptPath(connection.server, file))}`);
    }
  }

  async announceFile(conference: string, path: string): Promise<'said' | 'failed'> {
    const connection = this.#active;
    const files = connection && this.#files.get(connection);
    return connection === undefined || files === undefined ? 'failed' : files.play(conference, pathThere(connection.server, path));
  }

  async record(conference: string, path: string, onEnded: (how: 'stopped' | 'failed') => void): Promise<Result<ConferenceRecording, 'failed'>> {
    const connection = this.#active;
    const files = connection && this.#files.get(connection);
    return connection === undefined || files === undefined ? err('failed') : files.record(conference, pathThere(connection.server, path), onEnded);
  }

  async #create(connection: MediaServerConnection, mediaServer: Mrf.MediaServer, options: Mrf.EndpointOptions): Promise<Result<Mrf.Endpoint, AllocateFailure>> {
    const creating = mediaServer.createEndpoint(options);
    const created = await attempt(creating, createMs, this.#options.scheduler);
    if (created.ok) return ok(created.value);
    // Should it come after all, nobody waits for it.
    creating.then(
      (late) => void connection.api(`uuid_kill ${late.uuid}`),
      () => undefined,
    );
    // RFC 3261 §21.4.26: what FreeSWITCH says when the offer has no codec of its own.
    if (created.error.kind === 'failed' && /\b488\b/.test(created.error.message)) return err('no_common_codec');
    this.#options.log.warn({ code: 'endpoint_failed', problem: failureText(created.error) }, 'the media server made no endpoint');
    return err('media_unavailable');
  }

  #up(connection: MediaServerConnection): void {
    const control = connection.mediaServer?.conn;
    if (control !== undefined) this.#files.get(connection)?.listen(control);
    this.#choose();
  }

  #choose(): void {
    if (this.#active?.mediaServer !== undefined) return;
    this.#active = this.#connections.find((connection) => connection.mediaServer !== undefined);
  }

  #down(connection: MediaServerConnection): void {
    if (this.#active === connection) this.#active = undefined;
    this.#files.get(connection)?.lost();
    for (const [leg, on] of [...this.#legs]) if (on === connection) leg.closed();
    this.#choose();
  }
}

/**
 * The library takes every SAVP for DTLS, which needs another way, and refuses it; keys in the SDP need none. It looks for capitals
 * only, while FreeSWITCH and the softswitch read a profile in any case.
 */
const passable = (sdp: string): string => sdp.replace(/^(m=audio \d+ )(RTP\/SAVPF?)(?= )/gm, (_, media: string, profile: string) => media + profile.toLowerCase());

/** Undefined: the channel is gone. */
async function whereabouts(connection: MediaServerConnection, channel: string): Promise<{ readonly member: ListedMember | undefined } | undefined> {
  const isThere = listedChannels((await connection.api('show channels as json')) ?? '').some(({ uuid }) => uuid === channel);
  return isThere ? { member: listedMembers((await connection.api('conference json_list')) ?? '').find(({ uuid }) => uuid === channel) } : undefined;
}
