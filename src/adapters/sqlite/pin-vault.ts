import { createHmac, timingSafeEqual } from 'node:crypto';
import { Pin } from '../../domain/pin-format.ts';
import { deriveKey, Sealer } from './sealer.ts';

/**
 * Keeps PINs so that a stolen database does not reveal them (policy section 2): a keyed hash to compare with, and for those
 * that invitations repeat also the PIN itself, encrypted. Both keys are derived from the one in the key file.
 */
export class PinVault {
  readonly #hashKey: Buffer;
  readonly #sealer: Sealer;

  constructor(secret: Buffer) {
    this.#hashKey = deriveKey(secret, 'vestibule pin hash');
    this.#sealer = new Sealer(secret, 'vestibule pin seal');
  }

  /** HMAC-SHA-256 over room and PIN: equal PINs of two rooms look different. A PIN is too short for a hash without a key. */
  hash(roomId: string, pin: Pin): string {
    return createHmac('sha256', this.#hashKey).update(`${roomId}\0${pin.reveal()}`).digest('base64');
  }

  /** Whether each of these hashes is this PIN's. All are compared, in time that does not depend on where they differ. */
  matches(hashes: readonly (string | undefined)[], roomId: string, pin: Pin): readonly boolean[] {
    const given = Buffer.from(this.hash(roomId, pin), 'base64');
    return hashes.map((hash) => {
      const stored = Buffer.from(hash ?? '', 'base64');
      return stored.length === given.length && timingSafeEqual(stored, given);
    });
  }

  /** Bound to room and holder: `guest`, or a member. */
  seal(roomId: string, holder: string, pin: Pin): string {
    return this.#sealer.seal(pin.reveal(), boundTo(roomId, holder));
  }

  /** The PIN, or `undefined` when it was changed or sealed with another key. */
  open(roomId: string, holder: string, sealed: string): Pin | undefined {
    const digits = this.#sealer.open(sealed, boundTo(roomId, holder));
    return digits === undefined ? undefined : new Pin(digits);
  }

  /** Kept in the database, so that starting with another key is noticed at once and not by the first caller. */
  fingerprint(): string {
    return createHmac('sha256', this.#hashKey).update('vestibule key fingerprint').digest('base64');
  }
}

const boundTo = (roomId: string, holder: string): string => `${roomId}\0${holder}`;

export const memberHolder = (id: string): string => `member\0${id}`;
