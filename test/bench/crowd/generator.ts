/** The crowd's own process: rooms of ten, two of them talking, thousands of participants on one core. */
import { setTimeout as pause } from 'node:timers/promises';
import { openPacketIo } from '../../../src/softswitch/engine/open-packet-io.ts';
import { round, spread } from '../figures.ts';
import { Caller } from './caller.ts';
import type { CrowdAnswer, CrowdCommand, CrowdSettings, Grown, Measured } from './messages.ts';
import { Participant } from './participant.ts';
import { Room } from './room.ts';
import { roomSize } from './sounds.ts';

const frameMs = 20;
/** Participants send in phases of 2 ms: in step they would be one burst of packets every 20 ms. */
const phases = 10;
const lateTurnMs = 5;
const failedFrom = 1;

const now = (): number => performance.now();

class Crowd {
  readonly #settings: CrowdSettings;
  readonly #caller: Caller;
  readonly #io = openPacketIo(undefined, now, () => undefined);
  readonly #participants: Participant[] = [];
  readonly #rooms: Room[] = [];
  readonly #hangUps: (() => Promise<void>)[] = [];
  readonly #delays: number[] = [];
  readonly #start = now();
  #turn = 0;
  #lateTurns = 0;
  #timer: NodeJS.Timeout | undefined;
  #port: number;

  constructor(settings: CrowdSettings, caller: Caller) {
    this.#settings = settings;
    this.#caller = caller;
    this.#port = settings.portMin;
    this.#arm();
  }

  async grow(to: number): Promise<Grown> {
    const { rate } = this.#settings;
    const times: number[] = [];
    const refused: string[] = [];
    const calls: Promise<void>[] = [];
    const from = this.#participants.length;
    const startedAt = now();
    for (let i = 0; i < to - from; i++) {
      const wait = startedAt + (i * 1000) / rate - now();
      if (wait > 0) await pause(wait);
      calls.push(
        this.#call().then(
          (inviteMs) => {
            times.push(inviteMs);
          },
          (error: unknown) => {
            refused.push(String(error));
          },
        ),
      );
    }
    await Promise.all(calls);
    return { type: 'grown', participants: this.#hangUps.length, refused: refused.length, firstRefusal: refused[0], inviteTo200: spread(times), retransmissions: this.#caller.retransmissions };
  }

  async #call(): Promise<number> {
    const { host, alias, pin } = this.#settings;
    const id = this.#participants.length;
    const number = Math.floor(id / roomSize);
    const room = (this.#rooms[number] ??= new Room(number, now(), this.#delays));
    const participant = await this.#open(room, id);
    const call = await this.#caller.invite(alias.replace('%d', String(number + 1)), participant.port, host);
    this.#hangUps.push(call.hangUp);
    participant.sendTo(call.rtp);
    if (pin === '') return call.inviteMs;
    participant.press(`${pin}#`);
    while (participant.isPressing) await pause(frameMs);
    return call.inviteMs;
  }

  /** Its place is taken before its socket is open: another call must not get the same seat. */
  async #open(room: Room, id: number): Promise<Participant> {
    const at = this.#participants.length;
    this.#participants.length++;
    for (;;) {
      const port = this.#port;
      this.#port += 2;
      try {
        const participant = await Participant.open(this.#io, this.#settings.host, port, room, id % roomSize, id);
        this.#participants[at] = participant;
        return participant;
      } catch (error) {
        if (port > 65_000) throw error;
      }
    }
  }

  async measure(settleMs: number, ms: number): Promise<Measured> {
    for (const participant of this.#participants) participant.settle();
    await pause(settleMs);
    this.#delays.length = 0;
    const cpu = process.cpuUsage();
    const lateBefore = this.#lateTurns;
    const turnsBefore = this.#turn;
    const startedAt = now();
    for (const participant of this.#participants) participant.start(startedAt);
    await pause(ms);
    const endedAt = now();
    const verdicts = this.#participants.map((participant) => participant.verdict(endedAt));
    const used = process.cpuUsage(cpu);
    const bad = verdicts.map(({ expected, lost, late, looks, wrong }) => (100 * (lost + late)) / expected + (looks === 0 ? 0 : (100 * wrong) / looks));
    const share = (pick: (verdict: (typeof verdicts)[number]) => number): number => (100 * verdicts.reduce((sum, verdict) => sum + pick(verdict), 0)) / verdicts.reduce((sum, { expected }) => sum + expected, 0);
    return {
      type: 'measured',
      participants: verdicts.length,
      worst: round(Math.max(...bad), 2),
      meanLost: round(share(({ lost }) => lost), 3),
      meanLate: round(share(({ late }) => late), 3),
      wrong: verdicts.reduce((sum, { wrong }) => sum + wrong, 0),
      looks: verdicts.reduce((sum, { looks }) => sum + looks, 0),
      failed: bad.filter((percent) => percent >= failedFrom).length,
      ended: this.#caller.lost,
      mouthToEar: spread(this.#delays),
      cpu: round((100 * (used.user + used.system)) / 1000 / (endedAt - startedAt)),
      lateTurns: round((100 * (this.#lateTurns - lateBefore)) / (this.#turn - turnsBefore), 2),
      packetIo: this.#io.kind,
    };
  }

  async end(): Promise<void> {
    const { rate } = this.#settings;
    const calls = this.#hangUps.splice(0).map(async (hangUp, i) => {
      await pause((i * 1000) / (2 * rate));
      await hangUp();
    });
    await Promise.all(calls);
    clearTimeout(this.#timer);
    for (const participant of this.#participants) participant.close();
    this.#caller.close();
  }

  #arm(): void {
    const wait = this.#start + (this.#turn + 1) * (frameMs / phases) - now();
    this.#timer = setTimeout(() => this.#run(), Math.max(wait, 0));
  }

  /** All turns that are due, on absolute time: what is sent late is counted, not left out. */
  #run(): void {
    this.#io.receive();
    for (let due = this.#start + (this.#turn + 1) * (frameMs / phases); due <= now(); due += frameMs / phases) {
      if (now() - due > lateTurnMs) this.#lateTurns++;
      this.#send(this.#turn++ % phases);
    }
    this.#io.flush();
    this.#arm();
  }

  #send(phase: number): void {
    const at = now();
    for (let i = phase; i < this.#participants.length; i += phases) {
      const participant = this.#participants[i];
      if (participant === undefined) continue;
      if (participant.seat === 0 && participant.room.isBurstDue(at)) participant.burst();
      participant.send(at);
    }
  }
}

let crowd: Crowd | undefined;

async function handle(command: CrowdCommand): Promise<CrowdAnswer> {
  if (command.type === 'start') {
    crowd = new Crowd(command.settings, await Caller.open(command.settings.server, command.settings.host));
    return { type: 'started' };
  }
  if (crowd === undefined) throw new Error('not started');
  if (command.type === 'grow') return crowd.grow(command.to);
  if (command.type === 'measure') return crowd.measure(command.settleMs, command.ms);
  await crowd.end();
  return { type: 'ended' };
}

process.on('message', (command: CrowdCommand) => {
  handle(command)
    .catch((error: unknown): CrowdAnswer => ({ type: 'failed', message: String(error) }))
    .then((answer) => process.send?.(answer), () => process.exit(1));
});
process.on('disconnect', () => process.exit());
