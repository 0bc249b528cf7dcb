/**
 * Plays the client's half of a recorded conference against a media server, through the unchanged library, and keeps the server's
 * half in a form in which the recording and the present can be compared: uuids numbered as they appear, times and measures masked.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Lab, LibraryEndpoint } from './freeswitch-lab.ts';
import type { Headers } from './freeswitch-raw-esl.ts';
import type { RtpPeer } from './freeswitch-rtp-peer.ts';

const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/traces');
/** An event that has not come by then does not come. */
const PATIENCE_MS = 5_000;

export interface Row {
  readonly by?: string;
  readonly api?: string;
  readonly reply?: string;
  readonly execute?: string;
  readonly argument?: string;
  readonly closed?: boolean;
  readonly event?: Headers;
}

/** What was compared: the recorded and the present half, row by row. */
export interface Pair {
  readonly what: string;
  readonly recorded: unknown;
  readonly present: unknown;
}

export interface ReplayOptions {
  /** Conference events not compared, recorded or not. */
  readonly passOver?: (event: Headers) => boolean;
  /** Commands not sent. */
  readonly skip?: (command: string) => boolean;
  /** The recording is followed up to this row. */
  readonly until?: (row: Row) => boolean;
  /** Where the recording's sound and record files are. */
  readonly folder: string;
}

export function readConferenceTrace(name: string): readonly Row[] {
  const lines = gunzipSync(readFileSync(join(FIXTURES, name, 'conference.jsonl.gz'))).toString().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Row);
}

/** The first member id of a recording: members before it are somebody else's. */
export function firstMemberId(rows: readonly Row[]): number {
  return Math.min(...rows.flatMap(({ event }) => (event?.Action === 'add-member' ? [Number(event['Member-ID'])] : [])));
}

export async function replay(lab: Lab, rows: readonly Row[], options: ReplayOptions): Promise<readonly Pair[]> {
  return new Replay(lab, rows, options).run();
}

class Replay {
  readonly #lab: Lab;
  readonly #rows: readonly Row[];
  readonly #options: ReplayOptions;
  readonly #endpoints = new Map<string, { readonly endpoint: LibraryEndpoint; readonly peer: RtpPeer }>();
  readonly #pairs: Pair[] = [];
  readonly #recorded = new Mask('/srv/mrf/sounds', '/srv/mrf/rec');
  readonly #present: Mask;
  readonly #mark: number;
  /** Of the present events of each conference, how many were compared: what happens in one is in order, between two it is not. */
  readonly #seen = new Map<string, number>();

  constructor(lab: Lab, rows: readonly Row[], options: ReplayOptions) {
    this.#lab = lab;
    this.#rows = rows;
    this.#options = options;
    this.#present = new Mask(options.folder);
    this.#mark = lab.tap.events.length;
  }

  async run(): Promise<readonly Pair[]> {
    for (const row of this.#rows) {
      if (this.#options.until?.(row) === true) break;
      if (row.event !== undefined) await this.#event(row.event);
      else if (row.api !== undefined) await this.#api(row.by ?? '', row.api, row.reply ?? '');
      else if (row.execute !== undefined) await this.#execute(row.by ?? '', row.execute, row.argument ?? '');
      else if (row.closed === true) await this.#closed(row.by ?? '');
    }
    await this.#lab.tap.api('status');
    for (const [room, seen] of this.#seen) {
      for (const event of this.#events(room).slice(seen)) this.#pairs.push({ what: `${event.Action ?? ''}, not recorded`, recorded: undefined, present: this.#present.event(event) });
    }
    for (const { peer } of this.#endpoints.values()) peer.silent();
    return this.#pairs;
  }

  async #api(by: string, command: string, reply: string): Promise<void> {
    if (!command.startsWith('conference') || this.#options.skip?.(command) === true) return;
    const sent = command.replaceAll(/\/srv\/mrf\/\w+/g, this.#options.folder);
    const member = this.#endpoints.get(by)?.endpoint;
    const present = member === undefined ? await this.#lab.ms.api(sent) : (await member.api(sent)).body;
    this.#pairs.push({ what: command, recorded: this.#recorded.reply(reply), present: this.#present.reply(present) });
  }

  async #execute(by: string, app: string, argument: string): Promise<void> {
    const { endpoint } = await this.#endpoint(by);
    if (!endpoint.connected) return;
    const started = (): number =>
      this.#lab.tap.events.filter((event) => event['Event-Name'] === 'CHANNEL_EXECUTE' && event['Unique-ID'] === endpoint.uuid && event.Application === app).length;
    const before = started();
    const executed = endpoint.execute(app, argument);
    executed.catch(() => undefined);
    if (app === 'set') await executed;
    else await waitFor(() => started() > before || !endpoint.connected, `${app} to start`);
  }

  async #closed(by: string): Promise<void> {
    const member = this.#endpoints.get(by)?.endpoint;
    if (member !== undefined) await waitFor(() => !member.connected, `${by} to close`);
  }

  async #event(recorded: Headers): Promise<void> {
    const action = recorded.Action ?? '';
    if (this.#options.passOver?.(recorded) === true) return;
    const room = recorded['Conference-Name'] ?? '';
    const seen = this.#seen.get(room) ?? 0;
    const speaker = ['start-talking', 'mute-detect', 'stop-talking'].includes(action) ? this.#peerOf(recorded['Member-ID'] ?? '') : undefined;
    if (action === 'stop-talking') speaker?.silent();
    else speaker?.speak();
    await waitFor(() => this.#events(room).length > seen, `${action} ${recorded['Member-ID'] ?? ''} after ${this.#pairs.at(-1)?.what ?? 'the beginning'}`);
    this.#seen.set(room, seen + 1);
    this.#pairs.push({ what: action, recorded: this.#recorded.event(recorded), present: this.#present.event(this.#events(room)[seen] ?? {}) });
    if (action === 'mute-detect') await this.#silenced(room, seen + 1, speaker);
  }

  /** Nothing tells that a muted member has stopped talking but the list. */
  async #silenced(room: string, seen: number, speaker: RtpPeer | undefined): Promise<void> {
    await waitFor(() => this.#events(room).length > seen, 'the floor of a muted talker');
    speaker?.silent();
    const deadline = Date.now() + PATIENCE_MS;
    while ((await this.#lab.tap.api(`conference ${room} list`)).includes('talking')) assert.ok(Date.now() < deadline, 'a muted talker talks on');
  }

  #events(room: string): readonly Headers[] {
    return this.#lab.tap.events
      .slice(this.#mark)
      .filter((event) => event['Event-Subclass'] === 'conference::maintenance' && event['Conference-Name'] === room && this.#options.passOver?.(event) !== true);
  }

  #peerOf(memberId: string): RtpPeer | undefined {
    const joined = this.#lab.tap.events.slice(this.#mark).find((event) => event.Action === 'add-member' && event['Member-ID'] === memberId);
    return [...this.#endpoints.values()].find(({ endpoint }) => endpoint.uuid === joined?.['Unique-ID'])?.peer;
  }

  async #endpoint(by: string): Promise<{ readonly endpoint: LibraryEndpoint; readonly peer: RtpPeer }> {
    const known = this.#endpoints.get(by);
    if (known !== undefined) return known;
    const peer = await this.#lab.peer();
    const made = { endpoint: await this.#lab.endpoint(peer), peer };
    peer.towards(made.endpoint);
    this.#endpoints.set(by, made);
    return made;
  }
}

/** Headers that tell of the machine and the moment. */
const MOMENT = /^(?:Event-Date-.*|Event-Sequence|Core-UUID|FreeSWITCH-.*|Caller-.*-Time|Caller-Channel-(?:Last-Hold|Hold-Accum)|Caller-Network-Addr|Caller-Destination-Number|Caller-Transfer-Source)$/;
/** Headers that are measured. */
const MEASURE = /^(?:Current-Energy|seconds|milliseconds|samples|talking-.*|Samples-Out|Milliseconds-Elapsed|Record-File-Size)$/;
const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;

class Mask {
  readonly #uuids = new Map<string, string>();
  readonly #folders: readonly string[];

  constructor(...folders: readonly string[]) {
    this.#folders = folders;
  }

  event(event: Headers): Headers {
    const kept = Object.entries(event).filter(([name]) => !name.startsWith('Event-Calling-'));
    return Object.fromEntries(kept.map(([name, value]) => [name, MOMENT.test(name) ? '<moment>' : MEASURE.test(name) ? '<measure>' : this.#text(value)]));
  }

  reply(reply: string): string {
    return sortConferences(
      this.#text(reply)
        .replaceAll(/("(?:run_time|join_time|last_talking)":\t)\d+/g, '$1<moment>')
        .replaceAll(/(run_time=")\d+|(<(?:join_time|last_talking)>)(?:\d+|N\/A)/g, '$1$2<moment>')
        // Who talks at this very moment.
        .replaceAll(/(;|\|)talking(?=[|;])/g, '$1')
        .replaceAll(/([;|])\|/g, '$1')
        .replaceAll(/(seek to position )\d+/g, '$1<measure>')
        .replaceAll(/\+OK \d+\/\d+ /g, '+OK <measure> '),
    );
  }

  #text(text: string): string {
    return this.#folders
      .reduce((masked, folder) => masked.replaceAll(folder, '<folder>'), text)
      .replaceAll(/(nobody@127\.0\.0\.1:)\d+/g, '$1<port>')
      .replaceAll(UUID, (uuid) => {
        const known = this.#uuids.get(uuid) ?? `<uuid ${this.#uuids.size + 1}>`;
        this.#uuids.set(uuid, known);
        return known;
      });
  }
}

/** FreeSWITCH lists conferences in no order. */
function sortConferences(text: string): string {
  return text.startsWith('+OK Conference ') ? text.split(/(?=^\+OK Conference )/m).sort().join('') : text;
}

async function waitFor(met: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!met()) {
    assert.ok(Date.now() < deadline, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
