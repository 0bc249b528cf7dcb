/** What is measured: the program started here with rooms of its own, or one running elsewhere, named by its address. */
import { askRunning } from '../../src/adapters/control-socket/client.ts';
import { controlSocketPath } from '../../src/adapters/control-socket/path.ts';
import { freePorts } from '../e2e/harness/ports.ts';
import { Program } from '../e2e/harness/program.ts';
import type { Target } from '../e2e/phone/phone.ts';

export interface Server {
  readonly target: Target;
  /** Rooms to call, in order, all with this host PIN. */
  readonly rooms: readonly string[];
  readonly hostPin: string;
  /** Undefined where its cost cannot be read: it runs elsewhere. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

const hostPin = '135792';
const guestPin = '864209';
const rtpPorts = 2000;

export async function startServer(rooms: number): Promise<Server> {
  const first = await freePorts(rtpPorts);
  const program = await Program.start({
    env: { VESTIBULE_LOG_LEVEL: 'info', VESTIBULE_RTP_PORT_MIN: String(first), VESTIBULE_RTP_PORT_MAX: String(first + rtpPorts - 1) },
  });
  const aliases = Array.from({ length: rooms }, (_, i) => String(2000 + i));
  for (const alias of aliases) await program.addRoom({ alias, hostPin, guestPin });
  return { target: program.sip, rooms: aliases, hostPin, pid: program.pid, stop: () => program.stop() };
}

/** The program with `rooms` rooms: conf1, conf2, ... Without a PIN they let everybody in. */
export async function startRooms(rooms: number, pin?: string): Promise<Program> {
  const program = await Program.start({ env: { VESTIBULE_LOG_LEVEL: 'warn', VESTIBULE_LIMITS_LOOP_LAG: '0.1', VESTIBULE_LIMITS_CALLS: '10000', VESTIBULE_RTP_PORT_MIN: '20000', VESTIBULE_RTP_PORT_MAX: '39999' } });
  const path = controlSocketPath(program.dataDir);
  for (let i = 1; i <= rooms; i++) {
    const outcome = await askRunning(path, { method: 'room.add', params: { aliases: [`conf${i}`], ...(pin === undefined ? {} : { hostPin: pin }) } });
    if (outcome.kind !== 'answered' || !outcome.answer.ok) throw new Error(`room conf${i} was not made: ${JSON.stringify(outcome)}`);
  }
  return program;
}

export function externalServer(address: string, rooms: readonly string[], pin: string, pid: number | undefined): Server {
  const colon = address.lastIndexOf(':');
  const target = colon < 0 ? { host: address, port: 5060 } : { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  return { target, rooms, hostPin: pin, pid, stop: () => Promise.resolve() };
}
