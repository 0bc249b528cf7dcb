import type { RoomId } from '../domain/room.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { KeptCall, KeptConference, LiveRecord, LiveState, LiveStateStore } from '../ports/live-state.ts';
import type { Log } from '../ports/log.ts';

export interface LiveStateWriterOptions {
  readonly store: LiveStateStore;
  /** What is on disk already. */
  readonly before: LiveState;
  readonly keep: (room: RoomId) => { readonly conference: KeptConference | undefined; readonly calls: readonly KeptCall[] };
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** What a kill -9 may cost: changes as young as this. Many at a time are written once. */
const writeMs = 50;
const retryMs = 1_000;

/** Keeps on disk what is going on in rooms, for a process that takes over. Calls never wait for it. */
export class LiveStateWriter {
  readonly #options: LiveStateWriterOptions;
  readonly #changed = new Set<RoomId>();
  /** What is on disk, by room and call: a call is written when it comes in, and seldom again. */
  readonly #written = new Map<RoomId, ReadonlyMap<string, string>>();
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #failing: 'no' | 'yes' = 'no';

  constructor(options: LiveStateWriterOptions) {
    this.#options = options;
    for (const { roomId } of options.before.calls) this.#written.set(roomId, new Map(options.before.calls.filter((call) => call.roomId === roomId).map((call) => [call.callId, ''])));
  }

  /** Something in the room is no longer as it was. */
  changed(room: RoomId): void {
    this.#changed.add(room);
    if (this.#cancel === undefined && this.#writing === undefined) this.#writeIn(writeMs);
  }

  /** Writes what is left and stops. */
  async close(): Promise<void> {
    await this.#writing;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#write();
  }

  #writeIn(ms: number): void {
    this.#cancel = this.#options.scheduler.after(ms, () => {
      this.#cancel = undefined;
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
        if (this.#changed.size > 0) this.#writeIn(this.#failing === 'yes' ? retryMs : writeMs);
      });
    });
  }

  async #write(): Promise<void> {
    const rooms = [...this.#changed];
    this.#changed.clear();
    const drafts = rooms.map((room) => this.#draft(room));
    const records = drafts.flatMap(({ records }) => records);
    if (records.length === 0) return;
    const written = await this.#options.store.write(records);
    if (!written.ok) {
      if (this.#failing === 'no') this.#options.log.warn({ code: written.error.code, problem: written.error.message }, 'what goes on in rooms cannot be written; a restart would end it');
      this.#failing = 'yes';
      for (const room of rooms) this.#changed.add(room);
      return;
    }
    this.#failing = 'no';
    for (const { room, calls } of drafts) {
      if (calls.size === 0) this.#written.delete(room);
      else this.#written.set(room, calls);
    }
  }

  #draft(room: RoomId): { readonly room: RoomId; readonly calls: ReadonlyMap<string, string>; readonly records: readonly LiveRecord[] } {
    const { conference, calls } = this.#options.keep(room);
    const before = this.#written.get(room);
    const texts = new Map(calls.map((call) => [call.callId, identityOf(call)]));
    const gone = [...(before?.keys() ?? [])].filter((call) => !texts.has(call));
    return {
      room,
      calls: texts,
      records: [
        ...calls.filter((call) => before?.get(call.callId) !== texts.get(call.callId)).map((call): LiveRecord => ({ type: 'call', call })),
        ...gone.map((callId): LiveRecord => ({ type: 'callGone', callId })),
        conference === undefined ? { type: 'conferenceGone', roomId: room } : { type: 'conference', conference },
      ],
    };
  }
}

/** The next look for media is no reason to write a call again. */
const identityOf = ({ deadlines, ...call }: KeptCall): string => JSON.stringify([call, deadlines['longest'], deadlines['longestWarning']]);
