import { createHmac, randomInt } from 'node:crypto';
import { deriveKey, Sealer } from './sealer.ts';
import { Refused, storeProblem } from './problems.ts';

/** None that is easily taken for another: a link may be read aloud. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
/** About 128 bits. */
const tokenLength = 26;

/** The tokens of links: a keyed hash to find them by, and the token itself, encrypted, because invitations repeat it. */
export class LinkVault {
  readonly #hashKey: Buffer;
  readonly #sealer: Sealer;

  constructor(secret: Buffer) {
    this.#hashKey = deriveKey(secret, 'vestibule link hash');
    this.#sealer = new Sealer(secret, 'vestibule link seal');
  }

  /** A new one, bound to whose it is. */
  make(owner: string): { readonly token: string; readonly hash: string; readonly sealed: string } {
    const token = Array.from({ length: tokenLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
    return { token, hash: this.hash(token), sealed: this.#sealer.seal(token, owner) };
  }

  hash(token: string): string {
    return createHmac('sha256', this.#hashKey).update(token).digest('base64');
  }

  open(sealed: string, owner: string): string {
    const token = this.#sealer.open(sealed, owner);
    if (token === undefined) throw new Refused(storeProblem('store_corrupt', 'a link in the database cannot be opened with the key in data.secretFile'));
    return token;
  }
}

export const linkOwner = (room: string, role: 'moderator' | 'speaker'): string => `${room}\0${role}`;
export const memberOwner = (room: string, id: string): string => `${room}\0member\0${id}`;
