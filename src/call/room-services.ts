import type { Commander } from '../domain/commands.ts';
import type { CallId, ConferenceEffect } from '../domain/conference.ts';
import type { Refusal } from '../domain/control.ts';
import type { DialTarget } from '../domain/dial.ts';
import type { RoomId } from '../domain/room.ts';
import { err, ok, unreachable, type Result } from '../lib/result.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { Announcer } from './announcer.ts';
import type { Performed } from './conference-actor.ts';
import type { Recorder } from './recorder.ts';
import type { Registry } from './registry.ts';

export interface RoomServicesOptions {
  readonly registry: () => Pick<Registry, 'actor' | 'session' | 'message'>;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly recorder: Recorder;
  readonly announcer: Announcer;
  /** Calls somebody into a room. */
  readonly dial: (room: RoomId, to: DialTarget, by: Commander) => Promise<Result<CallId, Refusal>>;
}

const performed = (outcome: 'done' | Refusal): Performed => (outcome === 'done' ? ok({ kind: 'done' }) : err(outcome));
/** RFC 3428 §8: a message must fit a datagram of 1300 bytes, headers included. */
const longestMessageBytes = 800;

/** Carries out what the rules of a conference have allowed and that it does not do itself. */
export class RoomServices {
  readonly #options: RoomServicesOptions;

  constructor(options: RoomServicesOptions) {
    this.#options = options;
  }

  async perform(id: RoomId, { command, by }: Pick<Extract<ConferenceEffect, { do: 'perform' }>, 'command' | 'by'>): Promise<Performed> {
    const { registry, recorder, announcer, dial } = this.#options;
    if (command.type === 'dial') {
      const call = await dial(id, command.to, by);
      return call.ok ? ok({ kind: 'dialling', call: call.value }) : call;
    }
    const conference = registry().actor(id);
    if (conference === undefined) return err('not_now');
    switch (command.type) {
      case 'move':
        return this.#move(command.target, command.room, by);
      case 'announce': {
        const announced = await announcer.announce(conference.room, command);
        return announced.ok ? performed('done') : announced;
      }
      case 'message':
        if (command.text.trim() === '' || new TextEncoder().encode(command.text).length > longestMessageBytes) return err('value_invalid');
        return performed(await registry().message(id, command.to, command.text));
      case 'recordStart':
        return conference.conferenceId === undefined ? err('not_now') : recorder.start(id, conference.conferenceId);
      case 'recordStop':
        return recorder.stop(id);
      case 'recordPause':
        return recorder.pause(id);
      case 'recordResume':
        return recorder.resume(id);
      default:
        return unreachable(command);
    }
  }

  /** Past the PINs of the other room: only who controls that one too may do it, which whoever gives the command has seen to. What is allowed in one conference is not enough. */
  async #move(call: CallId, to: RoomId, by: Commander): Promise<Performed> {
    if (by.kind === 'participant' || by.kind === 'member') return err('not_permitted');
    const found = await this.#options.rooms.byId(to);
    if (!found.ok) return err('failed');
    const session = this.#options.registry().session(call);
    if (found.value === undefined || session === undefined) return err('value_invalid');
    const moved = await session.moveTo(found.value);
    return performed(moved);
  }
}
