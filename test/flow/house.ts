import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openStores } from '../../src/adapters/sqlite/open.ts';
import { WriteQueue } from '../../src/adapters/sqlite/write-queue.ts';
import { createLogger } from '../../src/adapters/system/log.ts';
import { Announcer } from '../../src/call/announcer.ts';
import { EventHub } from '../../src/call/event-hub.ts';
import { LiveControl } from '../../src/call/live.ts';
import { Recorder } from '../../src/call/recorder.ts';
import { CallEvents } from '../../src/call/call-events.ts';
import { Registry } from '../../src/call/registry.ts';
import { RoomServices } from '../../src/call/room-services.ts';
import { loadConfig, shippedConfig } from '../../src/config/load.ts';
import { policyOf } from '../../src/config/policy.ts';
import type { Commander } from '../../src/domain/commands.ts';
import type { ConferenceCommand } from '../../src/domain/conference-commands.ts';
import type { Refusal } from '../../src/domain/control.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { RoomEvent } from '../../src/domain/events.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { EndReason } from '../../src/domain/reasons.ts';
import { validateKeypad } from '../../src/domain/keypad.ts';
import { Pin } from '../../src/domain/pin-format.ts';
import { newRoomSettings, type Room, type RoomId, type RoomSettings } from '../../src/domain/room.ts';
import type { LegOffer } from '../../src/ports/call-leg.ts';
import type { SpeechFailure, SpeechPort } from '../../src/ports/speech.ts';
import { err, ok } from '../../src/lib/result.ts';
import type { ParticipantStatus } from '../../src/ports/status.ts';
import type { CdrRecord } from '../../src/ports/cdr.ts';
import type { RoomStore } from '../../src/ports/rooms.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLeg, type CallProof } from '../fakes/leg.ts';
import { FakeMedia, type FakeLegMedia } from '../fakes/media.ts';
import { Points } from '../fakes/points.ts';

export const hostPin = '135792';
export const guestPin = '864209';
export const wrongPin = '111111';
export const attendantPin = '24680';

export interface HouseOptions {
  /** Settings by variable, e.g. `VESTIBULE_ENDING_GUESTS_ONLY: '5'`. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RoomOptions extends Partial<RoomSettings> {
  readonly host?: string;
  readonly guest?: string;
}

/**
 * The product without the network: actors, rules, configuration and a real database over fakes of signalling, media and
 * time. Room 1000 has both PINs, room 2000 a host PIN, room 3000 none.
 */
const untold = () => ({ events: [] });

export class House {
  readonly clock = new FakeClock();
  readonly points = new Points();
  readonly media = new FakeMedia(this.clock, this.points);
  readonly registry: Registry;
  readonly policy: Policy;
  readonly events: RoomEvent[] = [];
  readonly hub = new EventHub((event) => this.events.push(event));
  readonly recorder: Recorder;
  readonly services: RoomServices;
  readonly live: LiveControl;
  /** Size of every recording's file. */
  recordedBytes = 0;
  speechFailure: SpeechFailure | undefined;
  /** Files of speech that are there. */
  spoken = 0;
  /** Who else is told. */
  onEvent: (event: RoomEvent) => void = () => undefined;
  readonly decisions: Decision[] = [];
  readonly #stores: Stores;
  readonly #cdr: WriteQueue<CdrRecord>;
  readonly #dir: string;
  readonly #callers: Caller[] = [];
  readonly #log: string[];

  private constructor(dir: string, stores: Stores, options: HouseOptions) {
    this.#dir = dir;
    this.#stores = stores;
    this.#log = [];
    const log = createLogger('debug', { write: (line) => void this.#log.push(line) });
    const config = loadConfig({ environment: options.environment ?? {}, workingDirectory: dir, shippedConfig, checkKeypad: validateKeypad });
    assert.ok(config.ok, JSON.stringify(config));
    this.#cdr = new WriteQueue<CdrRecord>({ write: (records) => stores.cdr.write(records), scheduler: this.clock, report: (report) => log.warn(report, "call records") });
    let ids = 0;
    this.policy = policyOf(config.value);
    this.registry = new Registry({
      rooms: this.#guarded(stores.rooms),
      media: this.media,
      cdr: new CallEvents(this.#cdr, (event) => this.events.push(event)),
      policy: this.policy,
      attendant: { aliases: config.value.attendant.aliases, pin: config.value.attendant.pin === null ? undefined : new Pin(config.value.attendant.pin), longestNumber: 20 },
      language: 'en',
      callLimit: config.value.limits.calls,
      scheduler: this.clock,
      log,
      newId: () => `id-${++ids}`,
      identityOf: (user) => (user === 'root' ? { user, privilege: 'administrator' } : { user, privilege: 'creation' }),
      isExempt: () => false,
      onEvent: (event) => {
        this.hub.tell(event);
        this.onEvent(event);
      },
      onDecision: (decision) => this.decisions.push(decision),
      perform: (room, effect) => this.services.perform(room, effect),
      textOf: (prompts, language) => `${language}: ${prompts.map((prompt) => ('count' in prompt ? `${prompt.key} ${prompt.count}` : prompt.key)).join(', ')}`,
      onTalking: (call, talking, level) => this.live.talking(call, talking, level),
    });
    const registry = (): Registry => this.registry;
    this.recorder = new Recorder({
      media: this.media,
      recordings: stores.recordings,
      files: { prepare: (name) => Promise.resolve(name), size: () => Promise.resolve(this.recordedBytes), remove: () => Promise.resolve() },
      maxBytes: config.value.recording.maxBytes,
      scheduler: this.clock,
      log,
      newId: () => `id-${++ids}`,
      onKept: (event) => this.hub.tellKept(event),
    });
    const speech: SpeechPort = {
      speak: async (text) => {
        await this.points.pass('speech');
        if (this.speechFailure !== undefined) return err(this.speechFailure);
        this.spoken += 1;
        return ok({ path: `spoken:${text}`, remove: () => Promise.resolve(void (this.spoken -= 1)) });
      },
    };
    const tell = (call: string, path: string): Promise<'said' | 'failed'> => this.registry.session(call)?.hears(path) ?? Promise.resolve('failed');
    const announcer = new Announcer({ media: this.media, speech, files: { find: (name) => Promise.resolve(name === 'there.wav' ? '/there.wav' : undefined) }, tell, scheduler: this.clock });
    const rooms = this.#guarded(stores.rooms);
    this.services = new RoomServices({ registry, rooms, recorder: this.recorder, announcer, dial: () => Promise.resolve(err('not_now')) });
    this.live = new LiveControl({ registry, services: this.services, recorder: this.recorder, rooms, hub: this.hub, scheduler: this.clock });
  }

  static async open(options: HouseOptions = {}): Promise<House> {
    const dir = mkdtempSync(join(tmpdir(), 'vestibule-flow-'));
    const stores = await openStores({ dataDir: dir, secretFile: join(dir, 'secret.key'), lockWaitMs: 0 });
    assert.ok(stores.ok, JSON.stringify(stores));
    const house = new House(dir, stores.value, options);
    await house.addRoom('1000', { host: hostPin, guest: guestPin });
    await house.addRoom('2000', { host: hostPin });
    await house.addRoom('3000');
    return house;
  }

  async addRoom(alias: string, { host, guest, ...settings }: RoomOptions = {}): Promise<Room> {
    const pins = { ...(host === undefined ? {} : { host: new Pin(host) }), ...(guest === undefined ? {} : { guest: new Pin(guest) }) };
    const added = await this.#stores.rooms.add(
      newRoomSettings({ name: `Room ${alias}`, aliases: [alias], pinHostControls: 'full', ...settings }),
      pins,
      untold,
    );
    assert.ok(added.ok, JSON.stringify(added));
    return added.value;
  }

  get stores(): Stores {
    return this.#stores;
  }

  async setPins(alias: string, change: { readonly host?: string | null; readonly guest?: string | null }): Promise<void> {
    const pins = Object.fromEntries(Object.entries(change).map(([role, pin]) => [role, pin === null ? null : new Pin(pin)]));
    const changed = await this.#stores.rooms.change((await this.room(alias)).id, undefined, { pins }, untold);
    assert.ok(changed.ok, JSON.stringify(changed));
    this.registry.roomChanged(changed.value);
    await this.after(0);
  }

  async removeRoom(alias: string): Promise<void> {
    const { id } = await this.room(alias);
    await this.#stores.rooms.remove([id], untold);
    this.registry.roomRemoved(id);
    await this.after(0);
  }

  async room(alias: string): Promise<Room> {
    const found = await this.#stores.rooms.byAlias(alias);
    const [room] = found.ok ? found.value : [];
    assert.ok(room !== undefined, `room ${alias}`);
    return room;
  }

  /** A call comes in; it is wherever it gets without anything being keyed. */
  async dial(alias: string, name: string, offer?: LegOffer, proof?: CallProof): Promise<Caller> {
    const caller = this.ring(alias, name, offer, proof);
    await this.after(0);
    caller.pickUp();
    return caller;
  }

  /** A call comes in, and nothing has happened yet. */
  ring(alias: string, name: string, offer?: LegOffer, proof?: CallProof): Caller {
    const before = new Set(this.media.legs);
    const leg = new FakeLeg(name, alias, this.points, offer, proof);
    const caller = new Caller(leg, this, () => [...this.media.legs].find((media) => !before.has(media)));
    this.#callers.push(caller);
    this.registry.arrive(leg);
    return caller;
  }

  /** What came of a command, without time passing. */
  async command(room: RoomId, command: ConferenceCommand, by: Commander): Promise<'done' | Refusal> {
    const answered = this.registry.command(room, command, by);
    await this.after(0);
    const outcome = await answered;
    return outcome.ok ? 'done' : outcome.error;
  }

  async after(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1_000);
  }

  /** Everybody in the room or its lobby, as `name@place:role`. */
  who(alias: string): readonly string[] {
    return this.participants(alias).map(({ caller, place, role }) => `${caller}@${place}:${role}`);
  }

  participants(alias: string): readonly ParticipantStatus[] {
    return this.registry.roomStatus().find((room) => room.aliases.includes(alias))?.participants ?? [];
  }

  /** Nothing of any call is left: no endpoint, session, conference or timer. */
  assertEmpty(): void {
    assert.deepEqual({ ...this.registry.counts(), endpoints: this.media.legs.size, scheduled: this.clock.pending }, { calls: 0, conferences: 0, timers: 0, endpoints: 0, scheduled: 0 });
  }

  /** Rows of the call records, oldest first. */
  async records(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    await this.after(0);
    return this.#query('cdr_calls');
  }

  async conferenceRecords(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    await this.after(0);
    return this.#query('cdr_conferences');
  }

  /** Another process holds the database from now on; the returned function lets go. */
  lockStore(): () => void {
    const other = new Database(join(this.#dir, 'vestibule.db'));
    other.exec('BEGIN EXCLUSIVE');
    return () => {
      other.exec('COMMIT');
      other.close();
    };
  }

  get logText(): string {
    return this.#log.join('');
  }

  /** Ends the house; whoever is still there hangs up. No PIN and nothing keyed may have reached the log or the records. */
  async close(): Promise<void> {
    try {
      this.points.letGo();
      for (const caller of this.#callers) caller.leg.hangUp();
      await this.after(0);
      this.assertEmpty();
      for (const caller of this.#callers) assert.equal(caller.leg.ends, 1, `${caller.leg.id} was ended once`);
      assert.equal(await this.#cdr.close(), 0);
      const rows = JSON.stringify([...this.#query('cdr_calls'), ...this.#query('cdr_conferences')]);
      for (const secret of [hostPin, guestPin, wrongPin, attendantPin]) {
        assert.ok(!this.logText.includes(secret), 'a PIN is in the log');
        assert.ok(!rows.includes(secret), 'a PIN is in the call records');
      }
      for (const row of this.#query('cdr_calls')) assert.notEqual(row['ended_at'], null, 'a record is left open');
    } finally {
      await this.#stores.close();
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  #query(table: 'cdr_calls' | 'cdr_conferences'): Readonly<Record<string, unknown>>[] {
    const db = new Database(join(this.#dir, 'vestibule.db'), { readonly: true });
    try {
      return db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY rowid`).all();
    } finally {
      db.close();
    }
  }

  /** The store with a place to wait before it answers. */
  #guarded(rooms: RoomStore): RoomStore {
    return {
      byAlias: async (alias) => {
        await this.points.pass('store');
        return rooms.byAlias(alias);
      },
      byId: async (id) => {
        await this.points.pass('store');
        return rooms.byId(id);
      },
      byToken: (token) => rooms.byToken(token),
      list: (query) => rooms.list(query),
      add: (settings, pins, trail) => rooms.add(settings, pins, trail),
      change: (id, version, change, trail) => rooms.change(id, version, change, trail),
      remove: (ids, trail) => rooms.remove(ids, trail),
      guestPin: (id) => rooms.guestPin(id),
      identify: (room, pin) => rooms.identify(room, pin),
      links: (id) => rooms.links(id),
      renewLink: (id, role, trail) => rooms.renewLink(id, role, trail),
    };
  }
}

/** Somebody with a telephone. */
export class Caller {
  readonly leg: FakeLeg;
  readonly #house: House;
  readonly #find: () => FakeLegMedia | undefined;
  #media: FakeLegMedia | undefined;

  constructor(leg: FakeLeg, house: House, find: () => FakeLegMedia | undefined) {
    this.leg = leg;
    this.#house = house;
    this.#find = find;
  }

  /** Notes the endpoint, which is still asked what was heard when it is gone. */
  pickUp(): void {
    this.#media ??= this.#find();
  }

  get media(): FakeLegMedia {
    this.pickUp();
    assert.ok(this.#media !== undefined, `${this.leg.id} has no endpoint`);
    return this.#media;
  }

  /** Everything heard since the last time this was asked. */
  heard(): readonly string[] {
    return this.media.heard.splice(0);
  }

  /** Keys by RFC 4733. */
  async presses(keys: string): Promise<void> {
    for (const key of keys) {
      this.media.handlers.onDigit(key, 'rtp');
      await this.#house.after(0);
    }
  }

  async hangsUp(): Promise<void> {
    this.leg.hangUp();
    await this.#house.after(0);
  }

  /** Where the house has it: `conference:host`, a stage before that, or how it ended. */
  get at(): string {
    const { registry } = this.#house;
    const inRoom = registry.roomStatus().flatMap((room) => room.participants).find(({ id }) => id === this.leg.id);
    if (inRoom !== undefined) return `${inRoom.place}:${inRoom.role}`;
    const call = registry.callStatus().find(({ id }) => id === this.leg.id);
    return call?.stage ?? this.leg.endedBy ?? 'gone';
  }

  get endedBy(): EndReason | undefined {
    return this.leg.endedBy;
  }
}

/** A test with a house of its own, which must be empty and silent about PINs afterwards. */
export async function inHouse(test: (house: House) => Promise<void>, options?: HouseOptions): Promise<void> {
  const house = await House.open(options);
  let failed = true;
  try {
    await test(house);
    failed = false;
  } finally {
    // What the test itself found comes first.
    await house.close().catch((error: unknown) => {
      if (!failed) throw error;
    });
  }
}
