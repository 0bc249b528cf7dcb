import type { Room, RoomId } from '../domain/room.ts';

/** How rooms are reached from outside. */
export interface Places {
  /** Without a final slash: `https://meet.example.com`. */
  readonly web: () => string;
  /** Host, and port where it needs one. */
  readonly sipHost: string;
  /** Leads to the attendant. */
  readonly phoneNumber: string | undefined;
}

/** OV-02: a link, as a page and as a SIP URI that needs no PIN. */
export interface LinkView {
  readonly accessUrl: string;
  /** Absent where the room has no alias that a SIP URI of ours can name. */
  readonly sipUri?: string;
}

type Dialled = Pick<Room, 'aliases'>;

/** OV-14: for the owner and internal members, who prove who they are. */
export const roomUrl = ({ web }: Places, id: RoomId): string => `${web()}/rooms/${id}`;

export function linkView(places: Places, room: Dialled, token: string): LinkView {
  const sipUri = sipUriOf(places, room, `;token=${token}`);
  return { accessUrl: `${places.web()}/r/${token}`, ...(sipUri === undefined ? {} : { sipUri }) };
}

/** `parameters`: of the user part. An alias with a host of its own is not ours to dial. */
export function sipUriOf({ sipHost }: Places, { aliases }: Dialled, parameters = ''): string | undefined {
  const alias = aliases.find((each) => !each.includes('@'));
  return alias === undefined ? undefined : `sip:${alias}${parameters}@${sipHost}`;
}

/** What a telephone dials and keys by itself, `,` being a pause: number, room, and the PIN where there is one. */
export function dialString({ phoneNumber }: Places, { aliases }: Dialled, keyed: string | undefined): string | undefined {
  const number = aliases.find((each) => /^\d+$/.test(each));
  if (phoneNumber === undefined || number === undefined) return undefined;
  return `${phoneNumber},,${number}#${keyed === undefined ? '' : `${keyed}#`}`;
}
