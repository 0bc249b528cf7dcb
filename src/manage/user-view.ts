import { liveBindings, secondsLeft, type Binding } from '../domain/registrar.ts';
import type { Privilege } from '../domain/privilege.ts';
import type { User } from '../domain/user.ts';
import { timeText } from './audit.ts';

/** A user as it is shown: no secret, nothing made of one. */
export interface UserView {
  readonly name: string;
  readonly display: string;
  readonly privilege: Privilege;
  readonly hasPassword: boolean;
  readonly mustChangePassword: boolean;
  /** Whether telephones register: `fits`, or `other_realm`: its secret was made for another `registrar.realm`; `none`: it has no secret. */
  readonly sip: 'fits' | 'other_realm' | 'none';
  readonly contacts: readonly ContactView[];
  /** RFC 3339. */
  readonly createdAt: string;
  readonly version: number;
}

export interface ContactView {
  readonly uri: string;
  /** Where it registered from: `udp 192.0.2.7:5060`. */
  readonly from: string;
  readonly expiresInSeconds: number;
  readonly userAgent: string;
}

/** `realm`: the one that counts; `now`: milliseconds since the epoch. */
export function viewOf(user: User, realm: string, bindings: readonly Binding[], now: number): UserView {
  const { name, display, privilege, hasPassword, mustChangePassword, sip, createdAt, version } = user;
  const contacts = liveBindings(bindings, now).map((binding) => ({
    uri: binding.uri,
    from: `${binding.source.transport} ${binding.source.address}:${binding.source.port}`,
    expiresInSeconds: secondsLeft(binding, now),
    userAgent: binding.userAgent,
  }));
  const standing = sip === undefined ? 'none' : sip.realm === realm ? 'fits' : 'other_realm';
  return { name, display, privilege, hasPassword, mustChangePassword, sip: standing, contacts, createdAt: timeText(createdAt), version };
}

/** For the audit log. */
export const auditView = ({ display, privilege, hasPassword, mustChangePassword, sip }: User): object => ({ display, privilege, password: hasPassword ? 'set' : 'none', mustChangePassword, sip: sip === undefined ? 'none' : 'set' });
