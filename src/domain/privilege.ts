/** Console and API users: what a privilege gives over a conference, own or somebody else's (policy.md section 4). */

/** Highest first; the last has what its memberships give. */
export const allPrivileges = ['administrator', 'full_control', 'limited_control', 'creation', 'detail', 'list_streaming', 'list', 'room_member'] as const;

export type Privilege = (typeof allPrivileges)[number];

/** `full` includes `limited` (CO-18). */
export type ControlLevel = 'full' | 'limited' | 'none';

/**
 * How much of a room somebody is shown: `all`; `detail` is name, times, state and number of participants; `streaming` is the
 * name and the streaming address; `names`; `none` is a room there is not.
 */
export type Visibility = 'all' | 'detail' | 'streaming' | 'names' | 'none';

/** OV-24..27: OpenVidu's roles. */
const roleAliases = { admin: 'administrator', user: 'creation', room_member: 'room_member' } as const satisfies Record<string, Privilege>;

export type UserRole = keyof typeof roleAliases;

export const privilegeOfRole = (role: UserRole): Privilege => roleAliases[role];

interface Row {
  readonly creates: 'yes' | 'no';
  readonly own: ControlLevel;
  readonly others: ControlLevel;
  readonly seesOthers: Visibility;
}

/** The table of section 4: CO-07 to CO-10. */
const rows: Readonly<Record<Privilege, Row>> = {
  administrator: { creates: 'yes', own: 'full', others: 'full', seesOthers: 'all' },
  full_control: { creates: 'yes', own: 'full', others: 'full', seesOthers: 'all' },
  limited_control: { creates: 'yes', own: 'full', others: 'limited', seesOthers: 'all' },
  creation: { creates: 'yes', own: 'full', others: 'none', seesOthers: 'names' },
  detail: { creates: 'no', own: 'none', others: 'none', seesOthers: 'detail' },
  list_streaming: { creates: 'no', own: 'none', others: 'none', seesOthers: 'streaming' },
  list: { creates: 'no', own: 'none', others: 'none', seesOthers: 'names' },
  room_member: { creates: 'no', own: 'none', others: 'none', seesOthers: 'none' },
};

export type Ownership = 'own' | 'others';

export const ownership = (user: string, owner: string | undefined): Ownership => (owner === user ? 'own' : 'others');

/** CO-06, CO-11: ownership counts for those only who may own. */
export const controlLevel = (privilege: Privilege, whose: Ownership): ControlLevel => rows[privilege][whose];

/** Who owns nothing sees what it sees of others'. */
export const visibility = (privilege: Privilege, whose: Ownership): Visibility => (whose === 'own' && mayCreate(privilege) ? 'all' : rows[privilege].seesOthers);

/** Creates and owns rooms (CO-42). */
export const mayCreate = (privilege: Privilege): boolean => rows[privilege].creates === 'yes';

/** CO-41, CO-43: changes the owner of a room, or chooses another than itself at creation. */
export const mayChooseOwner = (privilege: Privilege): boolean => privilege === 'administrator' || privilege === 'full_control';

const ranks: Readonly<Record<ControlLevel, number>> = { none: 0, limited: 1, full: 2 };

export const reaches = (has: ControlLevel, needs: ControlLevel): boolean => ranks[has] >= ranks[needs];

export type OwnerProblemCode = 'owner_not_permitted' | 'owner_unfit';

/** Whether `by` may make `owner` (none: nobody) the owner of a room: CO-41 to CO-43. `user`: who gives the order. */
export function judgeOwner(by: { readonly user: string; readonly privilege: Privilege }, before: string | undefined, owner: { readonly name: string; readonly privilege: Privilege } | undefined): 'allowed' | OwnerProblemCode {
  const chosen = owner?.name;
  const isOwnNew = before === undefined && chosen === by.user;
  if (chosen !== before && !isOwnNew && !mayChooseOwner(by.privilege)) return 'owner_not_permitted';
  return owner !== undefined && !mayCreate(owner.privilege) ? 'owner_unfit' : 'allowed';
}
