/** Writes without end into the database of the folder in argv, and says each change on standard output once it is acknowledged. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openStores } from '../../../../src/adapters/sqlite/open.ts';
import { newRoomSettings } from '../../../../src/domain/room.ts';

const [, , dataDir = '', name = ''] = process.argv;
const opened = await openStores({ dataDir, secretFile: join(dataDir, 'secret.key'), lockWaitMs: 5_000 });
if (!opened.ok) throw new Error(opened.error.code);
const { rooms, events, members } = opened.value;

/** At once on the pipe: what a killed process had only noted was not acknowledged. */
const acknowledge = (what: object): void => void writeSync(1, `${JSON.stringify(what)}\n`);

for (let n = 0; ; n++) {
  const alias = `${name}-${n}`;
  const added = await rooms.add(newRoomSettings({ name: alias, aliases: [alias] }), {}, ({ id }) => ({
    audit: { at: n, actor: 'local', from: '', action: 'room.add', object: `room:${id}` },
    events: [{ type: 'room.created', at: n, roomId: id, data: { name: alias, aliases: [alias], owner: null } }],
  }));
  if (!added.ok) throw new Error(added.error.code);
  acknowledge({ type: 'room', id: added.value.id });
  const member = await members.add(added.value.id, { id: 'ext-a', kind: 'external', name: 'A', role: 'speaker', overrides: {} }, () => ({ events: [] }));
  if (!member.ok) throw new Error(member.error.code);
  acknowledge({ type: 'member', id: added.value.id });
  const stored = await events.append([{ type: 'conference.opened', at: n, roomId: 'one', data: {} }, { type: 'conference.closed', at: n, roomId: 'one', data: {} }]);
  if (!stored.ok) throw new Error(stored.error.code);
  acknowledge({ type: 'event', id: stored.value.at(-1)?.id });
}
