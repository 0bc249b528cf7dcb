import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Pin } from '../../domain/pin-format.ts';
import type { PinRole } from '../../domain/room.ts';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Keeps PINs so that a stolen database does not reveal them (policy section 2): a keyed hash to compare with, and for those
 * that invitations repeat also the PIN itself, encrypted. Both keys are derived from the one in the key file.
 */
export class PinVault {
  readonly #hashKey: Buffer;
  readonly #sealKey: Buffer;

  constructor(secret: Buffer) {
    this.#hashKey = derive(secret, 'vestibule pin hash');
    this.#sealKey = derive(secret, 'vestibule pin seal');
  }

  /** HMAC-SHA-256 over room and PIN: equal PINs of two rooms look different. A PIN is too short for a hash without a key. */
  hash(roomId: string, pin: Pin): string {
    return createHmac('sha256', this.#hashKey).update(`${roomId}\0${pin.reveal()}`).digest('base64');
  }

  /** In time that does not depend on where they differ. */
  matches(hash: string, roomId: string, pin: Pin): boolean {
    const stored = Buffer.from(hash, 'base64');
    const given = Buffer.from(this.hash(roomId, pin), 'base64');
    return stored.length === given.length && timingSafeEqual(stored, given);
  }

  /** AES-256-GCM, bound to room and role: a sealed PIN copied to another row does not open. */
  seal(roomId: string, role: PinRole, pin: Pin): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce).setAAD(boundTo(roomId, role));
    const body = Buffer.concat([cipher.update(pin.reveal(), 'latin1'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  /** The PIN, or `undefined` when it was changed or sealed with another key. */
  open(roomId: string, role: PinRole, sealed: string): Pin | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(boundTo(roomId, role))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return new Pin(decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'latin1') + decipher.final('latin1'));
    } catch {
      return undefined;
    }
  }

  /** Kept in the database, so that starting with another key is noticed at once and not by the first caller. */
  fingerprint(): string {
    return createHmac('sha256', this.#hashKey).update('vestibule key fingerprint').digest('base64');
  }
}

const derive = (secret: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
const boundTo = (roomId: string, role: PinRole): Buffer => Buffer.from(`${roomId}\0${role}`);
