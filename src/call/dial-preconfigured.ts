import type { DialTarget } from '../domain/dial.ts';
import type { RoomEvent } from '../domain/events.ts';
import { endedBy, initialRedial, redialStep, type RedialEffect, type RedialEvent, type RedialState } from '../domain/redial.ts';
import type { RoomId } from '../domain/room.ts';
import { errorText } from '../lib/attempt.ts';
import { Machine, type Scheduler } from '../lib/machine.ts';
import { unreachable } from '../lib/result.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { DialOut } from './dial-out.ts';
import type { Registry } from './registry.ts';

export interface DialPreconfiguredOptions {
  readonly dialOut: Pick<DialOut, 'dial'>;
  readonly registry: Pick<Registry, 'parties'>;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

type Redial = Machine<RedialState, RedialEvent, RedialEffect>;

/** COD-19: calls the preconfigured participants of a room each time its conference runs. It learns of conferences by their events. */
export class DialPreconfigured {
  readonly #options: DialPreconfiguredOptions;
  /** Of the conferences that run. */
  readonly #runs = new Map<RoomId, Redial[]>();

  constructor(options: DialPreconfiguredOptions) {
    this.#options = options;
  }

  /** Timers that wait. */
  get timers(): number {
    return [...this.#runs.values()].flat().reduce((sum, redial) => sum + redial.pendingTimers().size, 0);
  }

  onEvent({ type, roomId }: RoomEvent): void {
    if (roomId === undefined) return;
    if (type === 'participant.joined' && !this.#runs.has(roomId)) void this.#begin(roomId);
    if (type === 'conference.closed') this.#stop(roomId);
  }

  async #begin(id: RoomId): Promise<void> {
    const run: Redial[] = [];
    this.#runs.set(id, run);
    const room = await this.#options.rooms.byId(id);
    // Over before it had begun.
    if (!room.ok || this.#runs.get(id) !== run) return;
    for (const target of room.value?.preconfigured ?? []) {
      const redial = this.#redial(id, target);
      run.push(redial);
      redial.post({ type: 'begun' });
    }
  }

  #stop(id: RoomId): void {
    for (const redial of this.#runs.get(id) ?? []) redial.stop();
    this.#runs.delete(id);
  }

  #redial(id: RoomId, target: DialTarget): Redial {
    const { scheduler, log } = this.#options;
    return new Machine<RedialState, RedialEvent, RedialEffect>(
      {
        initial: initialRedial,
        step: (state, event) => redialStep(state, event, target.redial),
        run: (effect, redial) => {
          switch (effect.do) {
            case 'startTimer':
              redial.startTimer('redial', effect.ms, { type: 'due' });
              return;
            case 'call':
              void this.#call(id, target, redial);
              return;
            default:
              unreachable(effect);
          }
        },
        onError: (error, event) => log.error({ code: 'redial_defect', at: event.type, problem: errorText(error) }, 'a preconfigured participant is not called any more'),
      },
      scheduler,
    );
  }

  async #call(id: RoomId, target: DialTarget, redial: Redial): Promise<void> {
    if (this.#options.registry.parties(id).some((party) => isParty(party, target.uri))) {
      redial.post({ type: 'present' });
      return;
    }
    const dialled = await this.#options.dialOut.dial(id, target, { kind: 'system' }, (progress) => {
      if (progress.kind === 'answered') redial.post({ type: 'answered' });
      if (progress.kind === 'ended') redial.post({ type: 'ended', by: endedBy(progress.reason) });
    });
    if (!dialled.ok) redial.post({ type: 'ended', by: 'failure' });
  }
}

/** Whether somebody is who would be called: by what was dialled, by user, by address or by number. */
function isParty({ caller, aliases, identity }: Pick<CallLeg, 'caller' | 'aliases' | 'identity' | 'dialled'>, uri: string): boolean {
  const wanted = bare(uri);
  return bare(caller.uri) === wanted || aliases.some((alias) => alias === wanted) || identity === wanted || caller.number === wanted;
}

/** Without scheme and parameters, lower case. */
const bare = (uri: string): string => uri.toLowerCase().replace(/^(?:sips?|tel):/, '').replace(/[;?].*$/, '');
