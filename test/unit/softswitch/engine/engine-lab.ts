/** An engine in its worker, with its events to be waited for, telephones on its legs, and rooms of those. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { aLaw, muLaw } from '../../../../src/protocol/g711/g711.ts';
import type { G711Law } from '../../../../src/protocol/g711/g711.ts';
import type { AudioFormat, ConferenceSettings, Engine, EngineEvent, MemberState } from '../../../../src/softswitch/engine/api.ts';
import { createEngine } from '../../../../src/softswitch/engine/client.ts';
import { Phone, TELEPHONE_EVENT } from './phone.ts';

export const HOST = '127.0.0.1';
/** A tone of -20 dBFS is there above -24, and gone below -60. */
export const isThere = (level: number): boolean => level > -24;
export const isGone = (level: number): boolean => level < -60;
/** Silence decoded: A-law has no zero. */
export const isSilence = (samples: Int16Array): boolean => samples.every((sample) => Math.abs(sample) <= 8);
export const member: MemberState = { speak: true, hear: true, volumeIn: 0, volumeOut: 0, energyLevel: 100 };

/** An engine with its events to be waited for. */
export class Bench {
  readonly engine: Engine;
  readonly events: EngineEvent[] = [];
  readonly warnings: string[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(portMin: number, portMax: number, legs = 50, portQuarantineMs = 0, workers = 1) {
    this.engine = createEngine({
      portMin,
      portMax,
      limits: { legs, portQuarantineMs, audioCacheBytes: 8e6 },
      workers,
      onEvent: (event) => {
        this.events.push(event);
        for (const check of this.#waiting) check();
      },
      log: { warn: ({ code }) => this.warnings.push(code) },
    });
  }

  /** The first event, past or to come, that is meant. */
  event<T extends EngineEvent['type']>(type: T, isMeant: (event: Extract<EngineEvent, { type: T }>) => boolean = () => true): Promise<Extract<EngineEvent, { type: T }>> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = this.events.find((event): event is Extract<EngineEvent, { type: T }> => event.type === type && isMeant(event as Extract<EngineEvent, { type: T }>));
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

export interface Line {
  readonly leg: string;
  readonly phone: Phone;
  readonly port: number;
}

export const format = (law: G711Law, ptime = 20): AudioFormat => ({ codec: law === muLaw ? 'PCMU' : 'PCMA', payloadType: law === muLaw ? 0 : 8, clockRate: 8000, ptime, telephoneEvent: TELEPHONE_EVENT });

/** The first of `count` UDP ports in a row, even, that are free just now. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const sockets: Socket[] = [];
    const bind = async (port: number): Promise<number> => {
      const socket = createSocket('udp4');
      sockets.push(socket);
      socket.bind({ port, address: HOST, exclusive: true });
      await once(socket, 'listening');
      return socket.address().port;
    };
    try {
      const first = await bind(0);
      for (let i = 1; i < count; i++) await bind(first + i);
      if (first % 2 === 0) return first;
    } catch {
      // Taken: try elsewhere.
    } finally {
      for (const socket of sockets) socket.close();
    }
  }
}

const MAX_DISTURBED = 30;

/** Telephones and rooms of one test. */
export class Lab {
  readonly #bench: Bench;
  readonly #lines: Line[] = [];
  readonly #rooms: string[] = [];
  #names = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** A telephone on a leg of its own. */
  async line({ law = muLaw, signalled = undefined as number | undefined, ptime = 20, place = undefined as string | undefined } = {}): Promise<Line> {
    const leg = `leg${++this.#names}`;
    const phone = await Phone.create(law);
    const opened = await this.#bench.engine.open(leg, HOST, place);
    assert.ok(opened.ok);
    const made: Line = { leg, phone, port: opened.port };
    this.#lines.push(made);
    this.#bench.engine.configure(leg, { address: HOST, port: signalled ?? phone.port, format: format(law, ptime), direction: 'sendrecv' });
    return made;
  }

  /** A conference nobody is in. */
  emptyRoom(rate: ConferenceSettings['rate'] = 8000, place?: string): string {
    const conference = `room${++this.#names}`;
    this.#bench.engine.createConference(conference, { rate }, place);
    this.#rooms.push(conference);
    return conference;
  }

  /** Phones that speak a tone each in one conference; all are heard, and nothing of the beginning is in flight any more. */
  async room(tones: readonly number[], rate: ConferenceSettings['rate'] = 8000, place?: string): Promise<{ conference: string; members: Line[] }> {
    const conference = this.emptyRoom(rate, place);
    const members: Line[] = [];
    for (const [i, hz] of tones.entries()) {
      const made = await this.line({ law: i % 2 === 0 ? muLaw : aLaw, place });
      this.#bench.engine.join(conference, made.leg, member);
      made.phone.talk(hz, made.port);
      members.push(made);
    }
    await Promise.all(members.map(({ leg }) => this.#bench.event('talking', (event) => event.leg === leg && event.talking)));
    await members[0]!.phone.receive(5);
    return { conference, members };
  }

  /**
   * What `measure` answers from a time in which nothing was late or lost on the way to the engine: on a busy machine the telephones themselves
   * are held up, and then there is nothing to be judged. Only their own and the engine's counts decide that, never what was measured.
   */
  async undisturbed<T>(measure: () => Promise<T>): Promise<T> {
    for (let i = 0; i < MAX_DISTURBED; i++) {
      const before = await this.#lost();
      const measured = await measure();
      if ((await this.#lost()) === before) return measured;
      // Until what was held up is made up for.
      await this.#lines[0]?.phone.receive(30);
    }
    throw new Error('this machine is too busy for telephones in real time');
  }

  async #lost(): Promise<number> {
    const stats = await Promise.all(this.#lines.map(({ leg }) => this.#bench.engine.stats(leg)));
    const { skippedTicks } = await this.#bench.engine.engineStats();
    const late = this.#lines.reduce((sum, { phone }) => sum + phone.late, 0);
    return stats.reduce((sum, one) => sum + (one?.inLost ?? 0), skippedTicks + late);
  }

  /** Ends all of it, and forgets the events. */
  clear(): void {
    for (const { leg, phone } of this.#lines.splice(0)) {
      this.#bench.engine.close(leg);
      phone.close();
    }
    for (const conference of this.#rooms.splice(0)) this.#bench.engine.destroyConference(conference);
    this.#bench.events.length = 0;
  }
}
