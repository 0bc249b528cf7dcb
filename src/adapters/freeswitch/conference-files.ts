import type Mrf from 'drachtio-fsmrf';
import { attempt } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { ConferenceRecording } from '../../ports/media.ts';
import { conferenceName, quotedFile } from './esl-text.ts';

/** Talks to the server whose conferences these are. */
export interface ConferenceFilesOptions {
  readonly api: (command: string) => Promise<string | undefined>;
  readonly scheduler: Scheduler;
}

/** A recording begins and ends within a few frames; a disk may be slow. */
const recordMs = 4_000;
/** The longest file that is said to a room. */
const playMs = 300_000;

/** `gone`: the server, and with it every conference. */
type Told = { readonly action: string; readonly failed: boolean } | 'gone';

const actions = ['start-recording', 'stop-recording', 'pause-recording', 'resume-recording', 'play-file-done'] as const;

/** Files that conferences of one server record to, or play to all; what becomes of them is told by events of the conference, on the shared connection. */
export class ConferenceFiles {
  readonly #options: ConferenceFilesOptions;
  /** Who waits for news of a file, by conference and path. */
  readonly #watchers = new Map<string, Set<(told: Told) => void>>();

  constructor(options: ConferenceFilesOptions) {
    this.#options = options;
  }

  /** Hears of files, and of nothing else that happens in conferences: members tell on connections of their own. */
  listen(connection: Mrf.Connection): void {
    connection.subscribe(['CUSTOM', 'conference::maintenance']);
    // With any filter only what one of them lets through is heard.
    connection.filter('Event-Name', 'HEARTBEAT');
    for (const action of actions) connection.filter('Action', action);
    connection.on('esl::event::CUSTOM::*', (event) => this.#heard(event));
  }

  /** The server is lost. */
  lost(): void {
    for (const watchers of [...this.#watchers.values()]) for (const watcher of [...watchers]) watcher('gone');
  }

  /** Plays a file to all in a conference; settles when it is over. */
  async play(conference: string, file: string): Promise<'said' | 'failed'> {
    const name = conferenceName(conference);
    const done = this.#next(name, file, ['play-file-done'], playMs);
    const taken = await this.#options.api(`conference ${name} play ${quotedFile(file)}`);
    if (taken?.startsWith('+OK') !== true) {
      done.forget();
      return 'failed';
    }
    return (await done.told) === 'ok' ? 'said' : 'failed';
  }

  /** `onEnded` is called once, however it ends. */
  async record(conference: string, file: string, onEnded: (how: 'stopped' | 'failed') => void): Promise<Result<ConferenceRecording, 'failed'>> {
    const name = conferenceName(conference);
    const command = async (what: string, action: (typeof actions)[number]): Promise<'ok' | 'failed'> => {
      const next = this.#next(name, file, [action], recordMs);
      const taken = await this.#options.api(`conference ${name} ${what} ${quotedFile(file)}`);
      // A file that is none of a recording is told in a second line.
      if (taken !== undefined && !taken.includes('-ERR')) return next.told;
      next.forget();
      return 'failed';
    };
    if ((await command('record', 'start-recording')) === 'failed') {
      await this.#options.api(`conference ${name} norecord ${quotedFile(file)}`);
      return err('failed');
    }
    const forget = this.#watch(name, file, (told) => {
      if (told !== 'gone' && told.action !== 'stop-recording') return;
      forget();
      onEnded(told === 'gone' || told.failed ? 'failed' : 'stopped');
    });
    const result = async (outcome: Promise<'ok' | 'failed'>): Promise<Result<void, 'failed'>> => ((await outcome) === 'ok' ? ok(undefined) : err('failed'));
    return ok({
      pause: () => result(command('pause', 'pause-recording')),
      resume: () => result(command('resume', 'resume-recording')),
      stop: () => result(command('norecord', 'stop-recording')),
    });
  }

  /** The next of these events about a file, or the end of the wait for it. */
  #next(conference: string, file: string, wanted: readonly string[], ms: number): { readonly told: Promise<'ok' | 'failed'>; readonly forget: () => void } {
    let settle: (how: 'ok' | 'failed') => void = () => undefined;
    const happened = new Promise<'ok' | 'failed'>((resolve) => {
      settle = resolve;
    });
    const unwatch = this.#watch(conference, file, (told) => {
      if (told === 'gone') settle('failed');
      else if (wanted.includes(told.action)) settle(told.failed ? 'failed' : 'ok');
    });
    const told = attempt(happened, ms, this.#options.scheduler).then((outcome) => {
      unwatch();
      return outcome.ok ? outcome.value : 'failed';
    });
    // Nobody waits any more, the timer neither.
    return { told, forget: () => settle('failed') };
  }

  #watch(conference: string, file: string, watcher: (told: Told) => void): () => void {
    const key = `${conference} ${file}`;
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(key);
    };
  }

  #heard(event: Mrf.Event): void {
    const action = event.getHeader('Action') ?? '';
    const [conference, file] = [event.getHeader('Conference-Name') ?? '', event.getHeader('Path') ?? event.getHeader('File') ?? ''];
    for (const watcher of [...(this.#watchers.get(`${conference} ${file}`) ?? [])]) watcher({ action, failed: (event.getHeader('Error') ?? '') !== '' });
  }
}
