/** P-Asserted-Identity holds between peers that trust each other, and nowhere else (RFC 3325). */
import type { SipHeader } from '../../protocol/sip/message.ts';
import { headerValue } from '../../protocol/sip/message.ts';
import { Networks } from './networks.ts';

export class AssertedIdentity {
  readonly #trusted: Networks;

  /** Networks in CIDR notation. */
  constructor(trustedPeers: readonly string[]) {
    this.#trusted = new Networks(trustedPeers);
  }

  /** §5: what somebody else asserts is removed before anyone reads it. */
  heard(headers: readonly SipHeader[], from: string): readonly SipHeader[] {
    return this.#trusted.has(from) ? headers : withoutIdentity(headers);
  }

  /** §7: a caller who asked for `Privacy: id` is not named outside the trust domain. */
  told(headers: readonly SipHeader[], to: string): readonly SipHeader[] {
    const privacy = headerValue({ headers }, 'Privacy')?.split(';').map((value) => value.trim().toLowerCase()) ?? [];
    return privacy.includes('id') && !this.#trusted.has(to) ? withoutIdentity(headers) : headers;
  }
}

function withoutIdentity(headers: readonly SipHeader[]): readonly SipHeader[] {
  return headers.some(isIdentity) ? headers.filter((header) => !isIdentity(header)) : headers;
}

function isIdentity({ name }: SipHeader): boolean {
  return name.toLowerCase() === 'p-asserted-identity';
}
