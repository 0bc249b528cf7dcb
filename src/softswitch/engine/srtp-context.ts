/** SRTP of one leg, both ways. */
import { SrtpReceiver, SrtpSender } from '../../protocol/srtp/session.ts';
import { aes128 } from './aes.ts';
import type { FarConfiguration, SrtpKey } from './api.ts';

const isSame = (a: SrtpKey, b: SrtpKey): boolean => a.suite === b.suite && areSame(a.keyAndSalt, b.keyAndSalt) && areSame(a.mki ?? NONE, b.mki ?? NONE);

const NONE = new Uint8Array(0);
const areSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class SrtpContext {
  readonly sender: SrtpSender;
  readonly receiver: SrtpReceiver;
  readonly #keys: NonNullable<FarConfiguration['srtp']>;

  /** `before`: a direction whose key stays goes on where it is: its counters and what has come are not forgotten. */
  constructor(keys: NonNullable<FarConfiguration['srtp']>, before: SrtpContext | undefined) {
    this.#keys = keys;
    this.sender = before !== undefined && isSame(before.#keys.send, keys.send) ? before.sender : new SrtpSender(keys.send, aes128);
    this.receiver = before !== undefined && isSame(before.#keys.receive, keys.receive) ? before.receiver : new SrtpReceiver(keys.receive, aes128);
  }
}
