import type { Commander, ControlCommand } from '../domain/commands.ts';
import { mayControl, needOf, type Refusal } from '../domain/control.ts';
import { effectivePermissions } from '../domain/member.ts';
import { controlLevel, ownership, reaches } from '../domain/privilege.ts';
import type { Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, unreachable, type Result } from '../lib/result.ts';
import type { AuditStore } from '../ports/audit.ts';
import type { CommandOutcome, LivePort } from '../ports/live.ts';
import type { Log } from '../ports/log.ts';
import type { RoomStore } from '../ports/rooms.ts';
import { actorText, type Actor } from './actor.ts';
import { entryOf, type Origin } from './audit.ts';

export interface ControlOptions {
  readonly live: LivePort;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly audit: AuditStore;
  readonly log: Log;
}

/** Commands to running conferences, by whoever is not in them by telephone. */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Settles when it took effect in the mixer, or was refused; the code of a refusal is its `why`. */
  async command(origin: Origin, room: Room, command: ControlCommand): Promise<Result<CommandOutcome, Problem>> {
    const { live } = this.#options;
    const by = commanderOf(origin.actor, room, command);
    // The conference checks this again; where nobody is in it, what nobody may do is refused all the same (CO-24 before `no_video`).
    const verdict = mayControl(by, command, room);
    if (verdict.kind === 'refused') return err(refusal(verdict.why));
    if (command.type === 'move') {
      const target = await this.#mayFill(origin.actor, command.room);
      if (!target.ok) return target;
    }
    const outcome = await live.command(room.id, command, by);
    if (!outcome.ok) return err(refusal(outcome.error.why, outcome.error.advice));
    await this.#note(origin, room, command);
    return ok(outcome.value);
  }

  /** Moving somebody into a room passes its PINs by: only who controls that room, too, may do it. */
  async #mayFill(actor: Actor, id: string): Promise<Result<void, Problem>> {
    const found = await this.#options.rooms.byId(id);
    if (!found.ok) return found;
    if (found.value === undefined || levelOver(actor, found.value) !== 'full') {
      return err({ code: 'target_room_unknown', message: 'there is no such room to move to, or it is not yours to fill', advice: 'give the id of a room you have full control of', field: 'room' });
    }
    return ok(undefined);
  }

  /** It has taken effect: where it cannot be noted, the answer stays the same. */
  async #note(origin: Origin, room: Room, command: ControlCommand): Promise<void> {
    const noted = await this.#options.audit.add(entryOf(origin, `conference.${command.type}`, `room:${room.id}`, { after: toldOf(command) }));
    if (!noted.ok) this.#options.log.error({ code: noted.error.code, problem: noted.error.message, command: command.type }, 'a command could not be noted in the audit log');
  }
}

type UserLevel = Extract<Commander, { readonly kind: 'user' }>['level'];

function levelOver(actor: Actor, room: Room): UserLevel {
  switch (actor.kind) {
    case 'local':
    case 'apiKey':
      return 'full';
    case 'user':
      return controlLevel(actor.privilege, ownership(actor.name, room.owner));
    case 'member':
      return 'none';
    default:
      return unreachable(actor);
  }
}

/** OV-44: what membership gives counts wherever the privilege does not reach. */
function commanderOf(actor: Actor, room: Room, command: ControlCommand): Exclude<Commander, { readonly kind: 'participant' }> {
  const name = actorText(actor);
  if (actor.kind === 'member') return { kind: 'member', name, permissions: actor.permissions };
  const level = levelOver(actor, room);
  const needed = needOf(command).level;
  const member = actor.kind === 'user' ? room.members.find(({ kind, id }) => kind === 'internal' && id === actor.name) : undefined;
  if (member !== undefined && needed !== 'keypad' && !reaches(level, needed)) return { kind: 'member', name, permissions: effectivePermissions(member, room) };
  return { kind: 'user', name, level };
}

/** Keys are often the PIN of another conference, and messages are for who gets them. */
function toldOf(command: ControlCommand): object {
  switch (command.type) {
    case 'dial': {
      const { dtmf, ...to } = command.to;
      return { ...command, to: { ...to, ...(dtmf === undefined ? {} : { dtmf: '[keys]' }) } };
    }
    case 'message':
    case 'announce':
      return { type: command.type, to: command.to };
    default:
      return command;
  }
}

interface Said {
  readonly message: string;
  readonly advice: string;
}

const said: Readonly<Record<Refusal, Said>> = {
  not_permitted: { message: 'this is not permitted to you', advice: 'ask somebody with full control of the room' },
  not_now: { message: 'this is not possible at the moment', advice: 'see what state the conference is in' },
  muted_by_host: { message: 'the host has muted this participant', advice: 'have the host unmute him' },
  room_closed: { message: 'the room is closed: nobody has opened it yet', advice: 'wait until a host is there' },
  full: { message: 'the room is full', advice: 'raise its limit, or have somebody leave' },
  nobody_waiting: { message: 'nobody waits', advice: 'see the list of participants' },
  target_unknown: { message: 'there is no such participant in this conference', advice: 'see the list of participants' },
  target_elsewhere: { message: 'the participant is not where this applies', advice: 'see whether he is in the lobby or in the conference' },
  no_speech: { message: 'nothing on this machine makes speech of text', advice: 'install espeak-ng, name another program in speech.command, or announce a file' },
  storage_full: { message: 'recordings take as much as they may', advice: 'delete some, or raise recording.maxBytes' },
  not_supported: { message: 'the far end takes no messages', advice: 'have it announced by voice' },
  role_conflict: { message: 'the participant has that role already, or was not promoted', advice: 'see his role in the list of participants' },
  encryption_required: { message: 'there are no pictures of a conference that must be encrypted (CO-24)', advice: 'do without them' },
  no_video: { message: 'this conference has no video', advice: 'do without it' },
  value_invalid: { message: 'a value is out of range', advice: 'see /api/v1/docs for the values there are' },
  failed: { message: 'it was tried and did not succeed', advice: 'try again; the log tells more' },
};

function refusal(why: Refusal, advice?: string): Problem {
  const words = said[why];
  return { code: why === 'failed' ? 'command_failed' : why, message: words.message, advice: advice === undefined || advice === '' ? words.advice : advice };
}
