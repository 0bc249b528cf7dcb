import { z } from 'zod';
import type { ControlAnswer, ControlHandlers } from '../adapters/control-socket/protocol.ts';
import { ha1Of, type DigestHashes } from '../domain/digest.ts';
import { liveBindings, secondsLeft, type Binding } from '../domain/registrar.ts';
import { checkSecret, generateSecret, normaliseUserName, newUser, validateUser, type User } from '../domain/user.ts';
import type { Problem } from '../lib/problem.ts';
import { err, ok } from '../lib/result.ts';
import type { RoomStore } from '../ports/rooms.ts';
import type { UserStore } from '../ports/users.ts';

/** What the command line does to users, in the running process or on the database, as with rooms. */
export interface UserCommandContext {
  readonly users: UserStore;
  readonly rooms: RoomStore;
  readonly realm: string;
  readonly hashes: DigestHashes;
  /** Aliases that lead to the attendant. */
  readonly reservedAliases: readonly string[];
  readonly randomBelow: (below: number) => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Makes the database hold all that is registered. */
  readonly flush: () => Promise<void>;
  readonly onChange: (change: UserChange) => void;
}

export type UserChange = { readonly type: 'added'; readonly user: User } | { readonly type: 'removed'; readonly name: string };

/** A user as it is shown: no secret, nothing made of one. */
export interface UserView {
  readonly name: string;
  readonly display: string;
  /** `fits`, or `other_realm`: the secret was made for another `registrar.realm`. */
  readonly secret: 'fits' | 'other_realm';
  readonly contacts: readonly ContactView[];
}

export interface ContactView {
  readonly uri: string;
  /** Where it registered from: `udp 192.0.2.7:5060`. */
  readonly from: string;
  readonly expiresInSeconds: number;
  readonly userAgent: string;
}

/** `secret`: the SIP secret made by this command, in clear, this once. */
export interface UserAdded {
  readonly user: UserView;
  readonly realm: string;
  readonly secret?: string;
}

const addParams = z.strictObject({ name: z.string(), display: z.string().optional(), secret: z.string().optional() });
const removeParams = z.strictObject({ name: z.string() });

export type UserAddParams = z.infer<typeof addParams>;

export function createUserCommands(context: UserCommandContext): ControlHandlers {
  return {
    'user.add': (params) => parsed(addParams, params, (given) => add(context, given)),
    'user.list': (params) => parsed(z.null(), params, () => list(context)),
    'user.remove': (params) => parsed(removeParams, params, (given) => remove(context, given.name)),
  };
}

async function parsed<T>(schema: z.ZodType<T>, params: unknown, command: (given: T) => Promise<ControlAnswer>): Promise<ControlAnswer> {
  const given = schema.safeParse(params);
  if (given.success) return command(given.data);
  return err([{ code: 'bad_parameters', message: 'the request is not as expected', advice: 'use the command line of the same version as the process' }]);
}

async function add(context: UserCommandContext, given: UserAddParams): Promise<ControlAnswer> {
  const { users, rooms, realm, hashes, reservedAliases, randomBelow, now, onChange } = context;
  const valid = validateUser(given.name, given.display ?? '');
  const fit = given.secret === undefined ? ok(undefined) : checkSecret(given.secret);
  const problems: Problem[] = [...(valid.ok ? [] : valid.error), ...(fit.ok ? [] : [fit.error])];
  if (!valid.ok || problems.length > 0) return err(problems);
  const { name } = valid.value;
  const room = await rooms.byAlias(name);
  if (!room.ok) return err([room.error]);
  // Rooms are looked for first: nobody could call this user.
  if (room.value !== undefined || reservedAliases.some((alias) => alias.toLowerCase() === name)) {
    return err([{ code: 'alias_taken', message: `a room or the attendant is dialled by ${JSON.stringify(name)}`, advice: 'choose another name' }]);
  }
  const secret = given.secret ?? generateSecret(randomBelow);
  const ha1 = { MD5: ha1Of(hashes, 'MD5', name, realm, secret), 'SHA-256': ha1Of(hashes, 'SHA-256', name, realm, secret) };
  const user = newUser({ ...valid.value, sip: { realm, ha1 } }, now());
  const added = await users.add(user);
  if (!added.ok) return err([added.error]);
  onChange({ type: 'added', user });
  return ok({ user: viewOf(context, user, []), realm, ...(given.secret === undefined ? { secret } : {}) } satisfies UserAdded);
}

async function list(context: UserCommandContext): Promise<ControlAnswer> {
  await context.flush();
  const users = await context.users.list();
  if (!users.ok) return err([users.error]);
  const bound = await context.users.bindings();
  if (!bound.ok) return err([bound.error]);
  const bindings = new Map(bound.value.map((each) => [each.user, each.bindings]));
  return ok(users.value.map((user) => viewOf(context, user, bindings.get(user.name) ?? [])));
}

async function remove({ users, onChange }: UserCommandContext, given: string): Promise<ControlAnswer> {
  const name = normaliseUserName(given);
  const removed = await users.remove(name);
  if (!removed.ok) return err([removed.error]);
  onChange({ type: 'removed', name });
  return ok({ name });
}

function viewOf({ realm, now }: UserCommandContext, user: User, bindings: readonly Binding[]): UserView {
  const contacts = liveBindings(bindings, now()).map((binding) => ({
    uri: binding.uri,
    from: `${binding.source.transport} ${binding.source.address}:${binding.source.port}`,
    expiresInSeconds: secondsLeft(binding, now()),
    userAgent: binding.userAgent,
  }));
  return { name: user.name, display: user.display, secret: user.sip === undefined || user.sip.realm === realm ? 'fits' : 'other_realm', contacts };
}
