import type Mrf from 'drachtio-fsmrf';
import { argument } from './esl-text.ts';

/** One application on a channel. */
export interface Running {
  /** FreeSWITCH took it up, up to a frame after it was sent; or it is over already. */
  readonly begun: Promise<void>;
  /** `gone`: the channel ended, or its connection; FreeSWITCH does not always tell the end of an application then (F-13). */
  readonly ended: Promise<Ending>;
}

type Ending = 'complete' | 'failed' | 'gone';

interface Entry {
  readonly begin: () => void;
  readonly end: (how: Ending) => void;
}

/** The applications of one channel. The library's own promises hang when the channel goes (D-4); these end with it. */
export class Applications {
  readonly #connection: Mrf.Connection;
  readonly #channel: string;
  readonly #running = new Map<string, Entry>();
  #gone: 'no' | 'yes' = 'no';

  constructor(connection: Mrf.Connection, channel: string) {
    this.#connection = connection;
    this.#channel = channel;
    connection.on(`esl::event::CHANNEL_EXECUTE::${channel}`, (event) => this.#running.get(event.getHeader('Application-UUID') ?? '')?.begin());
  }

  execute(application: string, args: string): Running {
    let begin: () => void = () => undefined;
    let end: (how: Ending) => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const ended = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    if (this.#gone === 'yes' || this.#connection.socket === null) {
      begin();
      end('gone');
      return { begun, ended };
    }
    const onComplete = (event: Mrf.Event): void => this.#end(id, failed(event) ? 'failed' : 'complete');
    const id: string = this.#connection.execute(application, argument(args), onComplete);
    this.#running.set(id, { begin, end });
    return { begun, ended };
  }

  /** One that a former process has begun, and that nothing is known of but its name. */
  adopt(application: string): Running {
    const ended = new Promise<Ending>((resolve) => {
      const end = (how: Ending): void => {
        this.#running.delete(application);
        resolve(how);
      };
      this.#running.set(application, { begin: () => undefined, end });
      this.#connection.on(`esl::event::CHANNEL_EXECUTE_COMPLETE::${this.#channel}`, (event) => {
        if (event.getHeader('Application') === application && this.#running.get(application)?.end === end) end('complete');
      });
    });
    return { begun: Promise.resolve(), ended };
  }

  /** The channel is gone: nothing runs on it any more. */
  channelGone(): void {
    this.#gone = 'yes';
    for (const id of [...this.#running.keys()]) this.#end(id, 'gone');
  }

  #end(id: string, how: Ending): void {
    const entry = this.#running.get(id);
    this.#running.delete(id);
    entry?.begin();
    entry?.end(how);
  }
}

/** What `playback` answers when nothing could be heard. */
const failures: ReadonlySet<string> = new Set(['FILE NOT FOUND', 'PLAYBACK ERROR']);
const failed = (event: Mrf.Event): boolean => failures.has(event.getHeader('Application-Response') ?? '');
