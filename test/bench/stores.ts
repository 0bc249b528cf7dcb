/**
 * What the database costs: `npm run bench -- stores [--rooms 1000] [--members 10000] [--kills 200] [--json]`.
 * Lists of many rooms and members by page, looking a call's room up, writing, and kill -9 under write load.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { newRoomSettings, type Room } from '../../src/domain/room.ts';
import type { Page, PageQuery } from '../../src/ports/page.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { must, untold } from '../unit/adapters/sqlite/fixture.ts';
import { checkAfterKill, killWriter } from '../unit/adapters/sqlite/kill.ts';
import { round, spread, type Spread } from './figures.ts';

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { rooms: { type: 'string', default: '1000' }, members: { type: 'string', default: '10000' }, kills: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
});
const [rooms, members, kills] = [Number(values.rooms), Number(values.members), Number(values.kills)];
const pageSizes = [50, 100, 200];
/** Milliseconds a page may take at its slowest. */
const goal = 20;

interface Row {
  readonly what: string;
  readonly ms: Spread;
  /** Milliseconds of processor each took on average: what is left when others have the machine. */
  readonly cpu: number;
}

const dir = mkdtempSync(join(tmpdir(), 'vestibule-bench-stores-'));
try {
  const rows = [...(await lists(join(dir, 'lists'))), ...(await writes(join(dir, 'writes')))];
  const killed = await killing(join(dir, 'kills'));
  if (values.json) console.log(JSON.stringify({ rooms, members, rows, killed }));
  else {
    for (const { what, ms, cpu } of rows) console.log(`${what.padEnd(44)} p50 ${ms.p50} ms, p99 ${ms.p99} ms, max ${ms.max} ms, processor ${cpu} ms (${ms.n})`);
    console.log(`kill -9 under write load: ${killed.kills} times, ${killed.acknowledged} changes acknowledged, none lost, the database whole`);
  }
  const slow = rows.filter(({ what, ms }) => what.startsWith('page') && ms.p99 > goal);
  if (slow.length > 0) {
    console.error(`slower than ${goal} ms: ${slow.map(({ what }) => what).join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function open(dataDir: string): Promise<Stores> {
  return must(await openStores({ dataDir, secretFile: join(dataDir, 'secret.key'), lockWaitMs: 0 }));
}

async function lists(dataDir: string): Promise<readonly Row[]> {
  const stores = await open(dataDir);
  const made: Room[] = [];
  for (const name of ['alice', 'bob']) must(await stores.users.add({ name, display: '', privilege: 'creation', mustChangePassword: false }, untold));
  for (let n = 0; n < rooms; n++) {
    const settings = newRoomSettings({ name: `Room ${n}`, aliases: [String(10_000 + n), `room-${n}`], owner: n % 2 === 0 ? 'alice' : 'bob' });
    made.push(must(await stores.rooms.add(settings, { host: new Pin('135792'), guest: new Pin('864209') }, untold)));
  }
  // The first room holds as many as a room may, the others what is left, in turn.
  for (let n = 0; n < members; n++) {
    const room = n < Math.min(1_000, members / 10) ? made[0] : made[1 + (n % (made.length - 1))];
    must(await stores.members.add(room?.id ?? '', { id: `ext-${n}`, kind: 'external', name: `Member ${n}`, role: 'speaker', overrides: { canRecord: true }, pin: new Pin(String(100_000 + n)) }, untold));
  }
  const rows: Row[] = [];
  for (const limit of pageSizes) {
    rows.push({ what: `page of ${limit} rooms`, ...(await through((query) => stores.rooms.list(query).then(must), limit)) });
    rows.push({ what: `page of ${limit} rooms of an owner`, ...(await through((query) => stores.rooms.list({ ...query, owner: 'alice' }).then(must), limit)) });
    rows.push({ what: `page of ${limit} rooms by part of the name`, ...(await through((query) => stores.rooms.list({ ...query, name: '7' }).then(must), limit)) });
    rows.push({ what: `page of ${limit} members of one room`, ...(await through((query) => stores.members.list(made[0]?.id ?? '', query).then(must), limit)) });
  }
  rows.push({ what: 'room of a call, 10 members, first time', ...(await timed(rooms - 1, (n) => stores.rooms.byAlias(String(10_001 + n)))) });
  rows.push({ what: 'room of a call, 10 members, once more', ...(await timed(rooms - 1, (n) => stores.rooms.byAlias(String(10_001 + n)))) });
  rows.push({ what: 'room of a call, 1,000 members, first time', ...(await timed(1, () => stores.rooms.byAlias('10000'))) });
  const largest = must(await stores.rooms.byAlias('10000'))[0];
  rows.push({ what: 'PIN compared, 1,000 members', ...(await timed(50, () => Promise.resolve(largest === undefined ? undefined : stores.rooms.identify(largest, new Pin('999999'))))) });
  await stores.close();
  return rows;
}

/** Every page of a list, five times over. */
async function through<T>(list: (query: PageQuery) => Promise<Page<T>>, limit: number): Promise<Omit<Row, 'what'>> {
  const begun = process.cpuUsage();
  const taken: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    let after: string | undefined;
    do {
      const since = performance.now();
      const page = await list({ limit, ...(after === undefined ? {} : { after }) });
      taken.push(performance.now() - since);
      after = page.next;
    } while (after !== undefined);
  }
  return { ms: spread(taken), cpu: cpuEach(begun, taken.length) };
}

async function timed(times: number, work: (n: number) => Promise<unknown>): Promise<Omit<Row, 'what'>> {
  const begun = process.cpuUsage();
  const taken: number[] = [];
  for (let n = 0; n < times; n++) {
    const since = performance.now();
    await work(n);
    taken.push(performance.now() - since);
  }
  return { ms: spread(taken), cpu: cpuEach(begun, times) };
}

function cpuEach(begun: NodeJS.CpuUsage, times: number): number {
  const { user, system } = process.cpuUsage(begun);
  return round((user + system) / 1_000 / times, 2);
}

async function writes(dataDir: string): Promise<readonly Row[]> {
  const stores = await open(dataDir);
  const rows: Row[] = [];
  const settings = (n: number) => newRoomSettings({ name: `Room ${n}`, aliases: [String(n)] });
  rows.push({
    what: 'room added, with audit entry and event',
    ...(await timed(500, (n) =>
      stores.rooms.add(settings(n), {}, ({ id }) => ({
        audit: { at: n, actor: 'local', from: '', action: 'room.add', object: `room:${id}` },
        events: [{ type: 'room.created', at: n, roomId: id, data: { name: '', aliases: [], owner: null } }],
      })),
    )),
  });
  rows.push({ what: '10 events appended', ...(await timed(500, (n) => stores.events.append(Array.from({ length: 10 }, () => ({ type: 'conference.opened', at: n, roomId: `r${n % 20}`, data: {} }) as const)))) });
  rows.push({ what: '100 events read after a cursor', ...(await timed(200, (n) => stores.events.after(n * 10, { limit: 100 }))) });
  rows.push({ what: '200 events forgotten', ...(await timed(20, () => stores.events.prune({ since: Infinity, most: 1, mostUndelivered: 1 }, 200))) });
  await stores.close();
  return rows;
}

async function killing(dataDir: string): Promise<{ readonly kills: number; readonly acknowledged: number }> {
  await (await open(dataDir)).close();
  let total = 0;
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await killWriter(dataDir, `k${kill}`, 1 + ((kill * 13) % 40));
    total += acknowledged.length;
    const stores = await open(dataDir);
    await checkAfterKill(stores, join(dataDir, 'vestibule.db'), acknowledged);
    await stores.close();
  }
  return { kills, acknowledged: total };
}
