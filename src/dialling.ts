/** Calls that we make, put together: into conferences by command, of preconfigured participants, and by number rules. */
import { DialOut } from './call/dial-out.ts';
import type { DialPlanner } from './call/dial-planner.ts';
import { DialPreconfigured } from './call/dial-preconfigured.ts';
import type { Registry } from './call/registry.ts';
import type { Config } from './config/schema.ts';
import type { RoomEvent } from './domain/events.ts';
import { hostOfTarget } from './domain/number-rules.ts';
import type { Scheduler } from './lib/machine.ts';
import type { DialPort } from './ports/dial.ts';
import type { Log } from './ports/log.ts';
import type { RoomStore } from './ports/rooms.ts';

export interface DiallingOptions {
  readonly registry: Registry;
  readonly planner: DialPlanner;
  readonly port: DialPort;
  readonly rooms: Pick<RoomStore, 'byId'>;
  readonly ringingMs: number;
  readonly onEvent: (event: RoomEvent) => void;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

export interface Dialling {
  readonly dialOut: DialOut;
  readonly preconfigured: DialPreconfigured;
}

export function createDialling(options: DiallingOptions): Dialling {
  const dialOut = new DialOut(options);
  const preconfigured = new DialPreconfigured({ ...options, dialOut });
  return {
    dialOut,
    preconfigured,
  };
}

/** Whether this is where we are called: our realm, the names we were given, and where we listen, at a port of ours where one is said. */
export function isOurPlace({ registrar, sip }: Pick<Config, 'registrar' | 'sip'>, addresses: readonly string[], host: string, port: number | undefined): boolean {
  const hosts = [registrar.realm, ...sip.hosts, ...addresses.flatMap((address) => hostOfTarget(address) ?? [])];
  const ports = addresses.map((address) => Number(/:(\d+)(?:;|$)/.exec(address)?.[1] ?? 5060));
  return hosts.some((each) => each.toLowerCase() === host) && (port === undefined || ports.includes(port));
}
