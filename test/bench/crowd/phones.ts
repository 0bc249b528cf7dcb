/** What all phones of the crowd share: the signalling, the clock, ports and names. */
import type { PacketHandler, PacketIo, PacketSocket } from '../../../src/softswitch/engine/packet-io.ts';
import type { Caller } from './caller.ts';
import type { CrowdSettings } from './messages.ts';
import type { Pace } from './pace.ts';

const highestPort = 65_000;

export class Phones {
  readonly settings: CrowdSettings;
  readonly caller: Caller;
  readonly pace: Pace;
  readonly #io: PacketIo;
  #port: number;
  #made = 0;

  constructor(settings: CrowdSettings, caller: Caller, io: PacketIo, pace: Pace) {
    this.settings = settings;
    this.caller = caller;
    this.pace = pace;
    this.#io = io;
    this.#port = settings.portMin;
  }

  get packetIo(): PacketIo['kind'] {
    return this.#io.kind;
  }

  newId(): number {
    return this.#made++;
  }

  alias(room: number): string {
    return this.settings.alias.replace('%d', String(room + 1));
  }

  /** A socket on the next free port, round and round the range. */
  async socket(onPacket: PacketHandler): Promise<{ readonly socket: PacketSocket; readonly port: number }> {
    for (let attempt = 0; ; attempt++) {
      const port = this.#port;
      this.#port = port + 2 > highestPort ? this.settings.portMin : port + 2;
      try {
        return { socket: await this.#io.open(this.settings.host, port, onPacket), port };
      } catch (error) {
        if (attempt > 1_000) throw error;
      }
    }
  }

  close(): void {
    this.pace.stop();
    this.caller.close();
  }
}
