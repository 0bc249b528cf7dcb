import { generatePin, parsePin, type Pin, type PinBounds } from '../domain/pin-format.ts';
import { checkPins, type PinRole, type PinSlot, type Room } from '../domain/room.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { PinChange, RoomStore } from '../ports/rooms.ts';

/** Digits, `generate` for new ones, null to remove it; absent keeps what is there. */
export type PinGiven = string | null | undefined;
export type PinsGiven = { readonly [role in PinRole]?: PinGiven };

export interface PinPlan {
  readonly pins: PinChange;
  /** Those that were made here, in clear. */
  readonly generated: { readonly [role in PinRole]?: string };
}

export interface PinPlanner {
  readonly rooms: Pick<RoomStore, 'identify'>;
  readonly bounds: PinBounds;
  /** 0..below-1 */
  readonly randomBelow: (below: number) => number;
}

const roles = ['host', 'guest'] as const;

/** The PINs as given, parsed, completed with generated ones and checked with those the room keeps (PX-19, PX-20, N-14). `room`: undefined for one to be made. */
export function planPins({ rooms, bounds, randomBelow }: PinPlanner, given: PinsGiven, room: Room | undefined): Result<PinPlan, readonly Problem[]> {
  const problems: Problem[] = [];
  const change: { host?: Pin | null; guest?: Pin | null } = {};
  const generated: { host?: string; guest?: string } = {};
  for (const role of roles) {
    const text = given[role];
    if (text === null) change[role] = null;
    if (text == null || text === 'generate') continue;
    const pin = parsePin(text, bounds);
    if (pin.ok) change[role] = pin.value;
    else problems.push({ ...pin.error, message: `${role}: ${pin.error.message}`, field: `pins.${role}` });
  }
  const keeps = (role: PinRole, pin: Pin): boolean => room !== undefined && change[role] === undefined && given[role] === undefined && rooms.identify(room, pin) === role;
  const ofMember = (pin: Pin): boolean => room !== undefined && typeof rooms.identify(room, pin) === 'object';
  const isTaken = (pin: Pin): boolean => ofMember(pin) || roles.some((role) => keeps(role, pin) || change[role]?.reveal() === pin.reveal());
  for (const role of roles) {
    if (given[role] !== 'generate') continue;
    const pin = generatePin(randomBelow, isTaken, bounds);
    if (pin.ok) {
      change[role] = pin.value;
      generated[role] = pin.value.reveal();
    } else problems.push({ ...pin.error, field: `pins.${role}` });
  }
  if (problems.length > 0) return err(problems);
  const slot = (role: PinRole): PinSlot => {
    const pin = change[role];
    if (pin != null) return { kind: 'new', pin };
    return pin === undefined && room?.pins[role] !== undefined ? { kind: 'kept', is: (other) => keeps(role, other) } : { kind: 'none' };
  };
  const checked = checkPins(slot('host'), slot('guest'));
  return checked.ok ? ok({ pins: change, generated }) : err([{ ...checked.error, field: 'pins.guest' }]);
}
