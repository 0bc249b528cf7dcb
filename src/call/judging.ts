import type { IvrEvent } from '../domain/ivr.ts';
import type { Pin } from '../domain/pin-format.ts';
import type { EndReason } from '../domain/reasons.ts';
import { roomRules, type Room } from '../domain/room.ts';
import type { Machine, Scheduler } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { CallAdmission } from './call-admission.ts';
import { roomNow } from './live-control.ts';
import type { SessionEffect, SessionEvent, SessionState } from './session-step.ts';

export interface JudgingOptions {
  readonly admission: CallAdmission;
  readonly rooms: RoomStore;
  readonly machine: Machine<SessionState, SessionEvent, SessionEffect>;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** The room the call is for, as far as it is known. */
  readonly room: () => Room | undefined;
  readonly settleOn: (room: Room) => void;
  readonly end: (reason: EndReason) => void;
}

/** Puts an answered call, and what is keyed in it, before the rules of admission, and tells the session what they say. */
export class Judging {
  readonly #options: JudgingOptions;

  constructor(options: JudgingOptions) {
    this.#options = options;
  }

  judge(room: Room): void {
    const { admission, machine, log, settleOn, end } = this.#options;
    settleOn(room);
    const verdict = admission.judge(room);
    admission.arrived(room, verdict);
    log.info({ room: room.id, verdict: verdict.kind, rule: verdict.rule }, `admission: ${verdict.kind} by ${verdict.rule}`);
    switch (verdict.kind) {
      case 'reject':
      case 'turnAway':
        end(verdict.reason);
        return;
      case 'askPin': {
        const { rule, noPin, wrong = 0 } = verdict;
        this.#askPin(room, { type: 'startPin', room: roomRules(room), rule, noPin, wrong: admission.countCredential(room, wrong) });
        return;
      }
      case 'admit':
        machine.post({ type: 'admitted', grant: verdict, wrongPins: machine.state.ivr.wrong.pin + admission.countCredential(room, verdict.wrong ?? 0) });
        return;
      default:
        unreachable(verdict);
    }
  }

  /** The room number keyed at the attendant. */
  async checkNumber(number: string): Promise<void> {
    const { admission, machine, scheduler, settleOn, end } = this.#options;
    const found = await admission.find([number]);
    if (found === 'failed') { end('server_error'); return; }
    machine.post({ type: 'ivr', event: { type: 'numberChecked', found: found !== undefined } });
    if (found === undefined) return;
    settleOn(found);
    machine.post({ type: 'leg', event: { type: 'limitsChanged', now: scheduler.now() } });
    this.judge(found);
  }

  async checkPin(entry: Pin): Promise<void> {
    const { admission, machine, rooms, room, settleOn, end } = this.#options;
    const known = room();
    if (known === undefined) return;
    // An entry is checked against the PINs in force when it is submitted (policy section 1).
    const current = await roomNow(rooms, known);
    if (current === 'removed') { end('room_removed'); return; }
    settleOn(current);
    machine.post({ type: 'ivr', event: { type: 'pinChecked', ...admission.checkPin(current, entry) } });
  }

  /** Strangers wait before the prompt of a room that is guessed at (section 6); what they key meanwhile is kept. */
  #askPin(room: Room, event: IvrEvent): void {
    const { admission, machine } = this.#options;
    const ms = machine.state.ivr.question?.ask === 'pin' ? 0 : admission.delayMs(room);
    if (ms > 0) machine.startTimer('ivr:slowed', ms, { type: 'ivr', event });
    else machine.post({ type: 'ivr', event });
  }
}
