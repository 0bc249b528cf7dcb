import { Readable } from 'node:stream';
import { isLiveOnly, type RoomEvent } from '../domain/events.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { EventFeed } from '../manage/event-feed.ts';
import type { EventSight } from '../manage/event-sight.ts';
import { eventView } from '../manage/event-view.ts';
import type { StoredEvent } from '../ports/events.ts';
import type { Level, LivePort } from '../ports/live.ts';

export interface EventStreamOptions {
  readonly feed: EventFeed;
  readonly sight: EventSight;
  readonly live: LivePort;
  readonly scheduler: Scheduler;
  /** Id of the last event the client has. */
  readonly after: number;
  /** Id of the oldest event that is kept. */
  readonly oldest: number;
  readonly room: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
  /** Audio levels of the room, several times a second. */
  readonly levels: 'sent' | 'left_out';
  /** Milliseconds until it ends: the client comes again with `Last-Event-ID`, and shows again who he is. */
  readonly longestMs: number;
  readonly onClosed: () => void;
}

/** So much may wait for the client, in bytes. */
const bufferBytes = 65_536;
/** A client that reads nothing for so long is cut; it resumes by id. */
const stuckMs = 10_000;
const heartbeatMs = 15_000;
const retryAfterMs = 2_000;
const largestRead = 200;

/** One client of the event stream (WHATWG HTML §9.2, server-sent events): what is kept, in order, and live what is not. */
export class EventStream extends Readable {
  readonly #options: EventStreamOptions;
  #cursor: number;
  /** Whether the client takes more. */
  #wanted = true;
  #pumping = false;
  #again = false;
  readonly #ends: (() => void)[] = [];
  #cancelStuck: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(options: EventStreamOptions) {
    super({ highWaterMark: bufferBytes, encoding: 'utf8' });
    const { after, oldest, feed, live, room, scheduler, longestMs, levels } = options;
    this.#options = options;
    this.#cursor = after;
    this.#send(`retry: ${retryAfterMs}\n\n`);
    // What is gone is gone: the client reads the state again.
    if (after < oldest - 1) this.#send(`event: missed\ndata: ${JSON.stringify({ oldest })}\n\n`);
    this.#ends.push(
      feed.onNews(() => void this.#pump()),
      live.onEvent((event) => void this.#sendLive(event)),
      scheduler.after(longestMs, () => this.end()),
      ...(room === undefined || levels === 'left_out' ? [] : [live.onLevel(room, (level) => this.#sendLevel(level))]),
    );
    this.#beat();
    void this.#pump();
  }

  /** The client is told that it is over, and comes again. */
  end(): void {
    if (!this.destroyed) this.push(null);
    this.#close();
  }

  override _read(): void {
    this.#wanted = true;
    this.#cancelStuck?.();
    this.#cancelStuck = undefined;
    void this.#pump();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#close();
    callback(error);
  }

  #close(): void {
    this.#cancelStuck?.();
    this.#cancelHeartbeat?.();
    for (const end of this.#ends.splice(0)) end();
    this.#options.onClosed();
  }

  #beat(): void {
    this.#cancelHeartbeat = this.#options.scheduler.after(heartbeatMs, () => {
      // The id alone is taken note of, and no event comes of it.
      if (this.#wanted) this.#send(`id: ${this.#cursor}\n\n`);
      this.#beat();
    });
  }

  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    while (this.#isOpen() && this.#wanted && ((await this.#next()) === 'more' || this.#again));
    this.#pumping = false;
  }

  async #next(): Promise<'more' | 'up_to_date'> {
    const { feed, sight, room, types } = this.#options;
    this.#again = false;
    const news = await feed.after(this.#cursor, largestRead);
    const last = news.ok ? news.value.at(-1) : undefined;
    if (!news.ok || last === undefined) return 'up_to_date';
    const chosen = news.value.filter(({ event }) => (room === undefined || event.roomId === room) && (types === undefined || types.has(event.type)));
    const seen = await sight.visible(chosen);
    if (!this.#isOpen()) return 'up_to_date';
    this.#cursor = last.id;
    if (seen.length > 0) this.#send(seen.map(frameOf).join(''));
    if (sight.isAffected(news.value)) this.end();
    return 'more';
  }

  async #sendLive(event: RoomEvent): Promise<void> {
    const { sight, room } = this.#options;
    if (!isLiveOnly(event) || event.roomId === undefined || (room !== undefined && room !== event.roomId)) return;
    if ((await sight.of(event.roomId)) === 'none' || !this.#isOpen() || !this.#wanted) return;
    const { type, roomId, callId, data } = event;
    this.#send(`event: ${type}\ndata: ${JSON.stringify({ type, room: roomId, call: callId, data })}\n\n`);
  }

  /** Who cannot keep up does without. */
  #sendLevel({ room, call, talking, level }: Level): void {
    if (this.#isOpen() && this.#wanted) this.#send(`event: level\ndata: ${JSON.stringify({ room, call, talking, level })}\n\n`);
  }

  #isOpen(): boolean {
    return !this.destroyed && !this.readableEnded && this.#ends.length > 0;
  }

  #send(text: string): void {
    this.#wanted = this.push(text);
    if (!this.#wanted) this.#cancelStuck ??= this.#options.scheduler.after(stuckMs, () => this.destroy(new Error('the client does not read its events')));
  }
}

/** Made once, however many read it. */
const frames = new WeakMap<StoredEvent, string>();

function frameOf(stored: StoredEvent): string {
  const made = frames.get(stored);
  if (made !== undefined) return made;
  const frame = `id: ${stored.id}\nevent: ${stored.event.type}\ndata: ${JSON.stringify(eventView(stored))}\n\n`;
  frames.set(stored, frame);
  return frame;
}
