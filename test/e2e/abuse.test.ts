import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { newRoomSettings } from '../../src/domain/room.ts';
import { Program, runMain } from './harness/program.ts';
import { guestPin, hostPin, Phones, wrongPin } from './harness/session.ts';
import { contacts, userSecret } from './harness/users.ts';
import { holds, until } from './harness/wait.ts';
import { Phone } from './phone/phone.ts';
import { header, type SipMessage } from './phone/sip-message.ts';

const room = '7000';
const openRoom = '7001';
const owner = 'olga';

/** Runs a test on a program with a room that has both PINs, a room without PINs, and with users the owner of the first. */
async function underAttack(users: 'with users' | 'without users', test: (program: Program) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vestibule-abuse-'));
  let program: Program | undefined;
  try {
    if (users === 'with users') assert.equal((await runMain(dataDir, ['user', 'add', '--name', owner, '--secret', userSecret])).code, 0);
    const opened = await openStores({ dataDir, secretFile: join(dataDir, 'secret.key'), lockWaitMs: 1_000 });
    assert.ok(opened.ok, JSON.stringify(opened));
    const untold = () => ({ events: [] });
    const added = await opened.value.rooms.add(newRoomSettings({ name: 'Room', aliases: [room], ...(users === 'with users' ? { owner } : {}) }), { host: new Pin(hostPin), guest: new Pin(guestPin) }, untold);
    assert.ok(added.ok, JSON.stringify(added));
    const free = await opened.value.rooms.add(newRoomSettings({ name: 'Free', aliases: [openRoom] }), {}, untold);
    assert.ok(free.ok, JSON.stringify(free));
    await opened.value.close();
    // baresip gives up where SHA-256 is offered at all.
    program = await Program.start({ dataDir, env: { VESTIBULE_ABUSE_EXEMPT: '', VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5' } });
    await test(program);
    await program.untilIdle();
    await program.stop();
  } catch (error) {
    if (program !== undefined && error instanceof Error) error.message += `\nlog of the program:\n${program.log.slice(-4000)}`;
    throw error;
  } finally {
    program?.signal('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function withPhone<T>(program: Program, host: string, what: (phone: Phone) => Promise<T>): Promise<T> {
  const phone = await Phone.open('caller', program.sip, host);
  try {
    return await what(phone);
  } finally {
    phone.close();
  }
}

async function enter(phone: Phone, pin: string): Promise<void> {
  for (const digit of `${pin}#`) assert.equal((await phone.info(digit, 'application/dtmf-relay')).status, 200);
}

/** One call that guesses so often, and is hung up after the third time. */
function guess(program: Program, host: string, times: 1 | 3): Promise<void> {
  return withPhone(program, host, async (phone) => {
    await phone.call(room);
    for (let time = 0; time < times; time++) await enter(phone, wrongPin);
    if (times === 3) assert.match(header(await phone.ended(), 'reason'), /text="pin_failed"/);
    else await phone.hangUp();
  });
}

/** The answer to a call that is turned away. */
const answerTo = (program: Program, host: string, alias: string): Promise<SipMessage> => withPhone(program, host, (phone) => phone.dial(alias));

/** An answer without what is another in each call: who calls whom, and the names of call and transaction. */
function shape({ status, reason, headers, body }: SipMessage): string {
  const masked = (name: string, value: string): string => {
    if (name === 'via' || name === 'from' || name === 'to' || name === 'call-id') return value.replaceAll(/(?<=tag=|branch=)[^;>]+|\d{4,}|[a-z0-9]{8,}|\d+\.\d+\.\d+\.\d+/gi, '_');
    return value.replaceAll(/nonce="[^"]*"/g, 'nonce="_"');
  };
  const lines = [...headers].flatMap(([name, values]) => values.map((value) => `${name}: ${masked(name, value)}`));
  return [`${status} ${reason}`, ...lines, '', body].join('\n');
}

/** Whoever calls, and without a PIN. */
async function isAskedNothing(program: Program, host: string): Promise<void> {
  await withPhone(program, host, async (phone) => {
    await phone.call(openRoom);
    await program.untilRoom(openRoom, 'somebody', (participants) => participants.length === 1);
    await phone.hangUp();
    await program.untilRoom(openRoom, 'nobody', (participants) => participants.length === 0);
  });
}

/** The address the owner calls from is among them. */
const guessers = ['127.0.0.1', '127.0.0.11', '127.0.0.12'];
const scanner = '127.0.0.40';
const strangers = Array.from({ length: 12 }, (_, i) => `127.0.0.${50 + i}`);

/** 24 calls of 15 addresses with 48 wrong PINs; the guessers are blocked then. */
async function attack(program: Program): Promise<void> {
  await withPhone(program, '127.0.0.20', async (visitor) => {
    await visitor.call(room);
    await enter(visitor, guestPin);
    await program.untilRoom(room, 'the visitor', (participants) => participants.length === 1);
    await visitor.hangUp();
  });
  await Promise.all(
    guessers.map(async (host) => {
      for (let call = 0; call < 4; call++) await guess(program, host, 3);
    }),
  );
  await Promise.all(strangers.map((host) => guess(program, host, 1)));
}

/** What an unknown number is answered from elsewhere is what a blocked source is answered, whatever it dials. */
async function isToldNothing(program: Program, hosts: readonly string[], status: number): Promise<void> {
  const unknown = await answerTo(program, '127.0.0.99', '7999');
  assert.equal(unknown.status, status);
  for (const host of hosts) {
    for (const alias of [room, openRoom, '7998']) assert.equal(shape(await answerTo(program, host, alias)), shape(unknown), `${host} dials ${alias}`);
  }
}

/** Whoever is not blocked: at once who came in before, after a while who never did. */
async function othersComeIn(program: Program): Promise<void> {
  for (const host of ['127.0.0.20', '127.0.0.21']) {
    await withPhone(program, host, async (phone) => {
      await phone.call(room);
      await enter(phone, hostPin);
      await program.untilRoom(room, `${host} as host`, (participants) => participants.some(({ rule }) => rule === 'host_pin'));
      await phone.hangUp();
      await program.untilRoom(room, 'nobody', (participants) => participants.length === 0);
    });
  }
}

/** Dials numbers one after the other until it is blocked. */
async function scan(program: Program, status: number): Promise<void> {
  for (let number = 0; number < 20; number++) assert.equal((await answerTo(program, scanner, `90${number}`)).status, status);
}

describe('policy section 6: guessing and scanning on real calls', () => {
  it('N-06: 24 calls of 15 addresses guess at one room: guessers are blocked, its registered owner gets in from the same address, others too; nothing tells a blocked room from an unknown number', () =>
    underAttack('with users', async (program) => {
      await attack(program);
      const phones = new Phones(program);
      try {
        const olga = await phones.baresip(owner, 440, { account: { registrar: program.sip, secret: userSecret, seconds: 600 } });
        await until('the owner to be registered', async () => holds((await contacts(program, owner)).length > 0), () => program.log.slice(-2000));
        await olga.call(room, program.sip);
        await program.untilRoom(room, 'the owner as host, without a PIN', ([participant]) => participant?.rule === 'owner' && participant.place === 'conference');
        olga.hangUp();
        await olga.event('CALL_CLOSED');
        await program.untilRoom(room, 'nobody', (participants) => participants.length === 0);
      } finally {
        await phones.end();
      }
      await isToldNothing(program, guessers, 407);
      await othersComeIn(program);
    }));

  it('N-06: the same without users, where an unknown number is answered 404', () =>
    underAttack('without users', async (program) => {
      await attack(program);
      await isToldNothing(program, guessers, 404);
      await othersComeIn(program);
    }));

  for (const [what, status] of [['without users', 404], ['with users', 407]] as const) {
    it(`alias scanning, ${what}: after 20 unknown numbers the source finds no rooms any more; others do`, () =>
      underAttack(what, async (program) => {
        await isAskedNothing(program, scanner);
        await scan(program, status);
        await isToldNothing(program, [scanner], status);
        await isAskedNothing(program, '127.0.0.41');
      }));
  }
});
