import type { RoomEvent } from '../domain/events.ts';
import type { RoomId } from '../domain/room.ts';
import type { CdrRecord, CdrRecorder } from '../ports/cdr.ts';

interface Going {
  readonly direction: 'in' | 'out';
  readonly answered: 'no' | 'yes';
  readonly room?: RoomId;
}

/**
 * Tells outside that calls come and go, of whatever kind, by what their records are told. `call.refused`: turned away before the
 * answer; what becomes of those we call before they answer is told by `dial.*`.
 */
export class CallEvents implements CdrRecorder {
  readonly #records: CdrRecorder;
  readonly #onEvent: (event: RoomEvent) => void;
  readonly #calls = new Map<string, Going>();

  constructor(records: CdrRecorder, onEvent: (event: RoomEvent) => void) {
    this.#records = records;
    this.#onEvent = onEvent;
  }

  record(record: CdrRecord): void {
    this.#records.record(record);
    switch (record.type) {
      case 'callOpened': {
        const { id: callId, at, caller, alias, direction = 'in' } = record;
        this.#calls.set(callId, { direction, answered: 'no' });
        if (direction === 'in') this.#onEvent({ type: 'call.arrived', at, callId, data: { caller, alias } });
        return;
      }
      case 'callAnswered':
        this.#note(record.id, { answered: 'yes' });
        return;
      case 'callAdmitted':
        this.#note(record.id, { room: record.roomId });
        return;
      case 'callClosed':
        this.#closed(record);
        return;
      case 'callJoined':
      case 'conferenceOpened':
      case 'conferenceClosed':
        return;
    }
  }

  /** A call of a former process is answered: it is in a room. */
  #note(id: string, what: Partial<Going>): void {
    this.#calls.set(id, { ...(this.#calls.get(id) ?? { direction: 'in', answered: 'yes' }), ...what });
  }

  #closed({ id: callId, at, reason }: Extract<CdrRecord, { type: 'callClosed' }>): void {
    const { direction, answered, room } = this.#calls.get(callId) ?? { direction: 'in', answered: 'yes' };
    this.#calls.delete(callId);
    if (direction === 'out' && answered === 'no') return;
    const type = answered === 'no' && reason !== 'caller_cancelled' ? 'call.refused' : 'call.ended';
    this.#onEvent({ type, at, callId, ...(room === undefined ? {} : { roomId: room }), data: { reason } });
  }
}
