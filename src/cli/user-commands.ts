import { z } from 'zod';
import type { ControlAnswer, ControlHandlers } from '../adapters/control-socket/protocol.ts';
import { allPrivileges } from '../domain/privilege.ts';
import { err, ok } from '../lib/result.ts';
import type { Origin } from '../manage/audit.ts';
import type { UserView } from '../manage/user-view.ts';
import type { Users } from '../manage/users.ts';

/** What the command line does to users, in the running process or on the database, as with rooms. */
export interface UserCommandContext {
  readonly users: Users;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const addParams = z.strictObject({ name: z.string(), display: z.string().optional(), secret: z.string().optional(), privilege: z.enum(allPrivileges).optional() });
const removeParams = z.strictObject({ name: z.string() });

export type UserAddParams = z.infer<typeof addParams>;

export function createUserCommands({ users, now }: UserCommandContext): ControlHandlers {
  const origin = (): Origin => ({ actor: { kind: 'local' }, from: '', at: now() });
  return {
    'user.add': (params) => parsed(addParams, params, ({ secret, ...given }) => users.add(origin(), { ...given, sip: secret === undefined ? 'generate' : { secret } })),
    'user.list': (params) => parsed(z.null(), params, () => all(users, now())),
    'user.remove': (params) => parsed(removeParams, params, ({ name }) => remove(users, origin(), name)),
  };
}

async function parsed<T>(schema: z.ZodType<T>, params: unknown, command: (given: T) => Promise<ControlAnswer>): Promise<ControlAnswer> {
  const given = schema.safeParse(params);
  if (given.success) return command(given.data);
  return err([{ code: 'bad_parameters', message: 'the request is not as expected', advice: 'use the command line of the same version as the process' }]);
}

const pageSize = 200;

async function all(users: Users, now: number): Promise<ControlAnswer> {
  const views: UserView[] = [];
  let after: string | undefined;
  do {
    const page = await users.list({ limit: pageSize, ...(after === undefined ? {} : { after }) }, now);
    if (!page.ok) return page;
    views.push(...page.value.items);
    after = page.value.next;
  } while (after !== undefined);
  return ok(views);
}

async function remove(users: Users, origin: Origin, name: string): Promise<ControlAnswer> {
  const removed = await users.remove(origin, [name]);
  if (!removed.ok) return removed;
  const [there] = removed.value;
  return there === undefined ? err([{ code: 'user_unknown', message: 'there is no such user', advice: 'list the users for their names' }]) : ok({ name: there });
}
