import { join } from 'node:path';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRecordingReader } from '../../src/adapters/system/recording-reader.ts';
import { createScheduler } from '../../src/adapters/system/scheduler.ts';
import { secrets } from '../../src/adapters/system/secrets.ts';
import { HttpWebhookSender } from '../../src/adapters/system/webhook-sender.ts';
import { loadConfig, shippedConfig } from '../../src/config/load.ts';
import { policyOf } from '../../src/config/policy.ts';
import type { SourceStanding } from '../../src/domain/abuse.ts';
import { initialConference, type ConferenceState } from '../../src/domain/conference.ts';
import { validateKeypad } from '../../src/domain/keypad.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { newRoomSettings, roomRules, type Room, type RoomSettings } from '../../src/domain/room.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { Operations } from '../../src/http/operations.ts';
import type { Scheduler } from '../../src/lib/machine.ts';
import type { RoomEvent } from '../../src/domain/events.ts';
import { FakeLive } from '../fakes/live.ts';
import { ApiHouse, must } from './house.ts';

/** Rules as shipped. */
export function shippedPolicy(): Policy {
  return policyOf(must(loadConfig({ environment: {}, workingDirectory: tmpdir(), shippedConfig, checkKeypad: validateKeypad })));
}

/** The whole API over real stores and sockets; what runs in the rooms is told by hand. Records are on the clock of the house, streams on the real one. */
export class OperationsHouse {
  readonly api: ApiHouse;
  readonly live: FakeLive;
  readonly metrics: Metrics;
  readonly operations: Operations;
  readonly recordings: string;
  /** Addresses that may read the figures. */
  readonly metricsClients: Set<string>;
  readonly view: { state: ConferenceState | undefined; source: SourceStanding };

  private constructor(parts: Pick<OperationsHouse, 'api' | 'live' | 'metrics' | 'operations' | 'recordings' | 'metricsClients' | 'view'>) {
    this.api = parts.api;
    this.live = parts.live;
    this.metrics = parts.metrics;
    this.operations = parts.operations;
    this.recordings = parts.recordings;
    this.metricsClients = parts.metricsClients;
    this.view = parts.view;
  }

  static async open({ scheduler, privateAddresses = 'allowed', streamMs = 900_000 }: { readonly scheduler?: Scheduler; readonly privateAddresses?: 'allowed' | 'refused'; readonly streamMs?: number } = {}): Promise<OperationsHouse> {
    const live = new FakeLive();
    const metrics = new Metrics();
    const metricsClients = new Set(['127.0.0.1']);
    const view: OperationsHouse['view'] = { state: undefined, source: { kind: 'free' } };
    const recordings = mkdtempSync(join(tmpdir(), 'vestibule-recordings-'));
    mkdirSync(recordings, { recursive: true });
    let operations: Operations | undefined;
    const api = await ApiHouse.open({}, {}, async (stores, { now, log }) => {
      const real = createScheduler();
      const clock: Scheduler = scheduler ?? { now, after: (ms, fn) => real.after(ms, fn) };
      operations = must(
        await Operations.start({
          stores,
          live,
          view: {
            conference: (room) => view.state ?? initialConference(roomRules(room)),
            sourceStanding: () => view.source,
            identityOf: (user) => (user === 'root' ? { user, privilege: 'administrator' } : user === 'alice' ? { user, privilege: 'creation' } : undefined),
          },
          policy: shippedPolicy(),
          attendantAliases: ['100'],
          metrics,
          isMetricsClient: (address) => metricsClients.has(address),
          sender: new HttpWebhookSender({ timeoutMs: 2_000, privateAddresses }),
          backOff: { firstMs: 1_000, longestMs: 60_000, attempts: 100 },
          files: { remove: (name) => rm(join(recordings, name), { force: true }) },
          reader: createRecordingReader(recordings),
          secrets,
          status: () => Promise.resolve({ version: 'test', state: 'running', uptimeSeconds: 1, listening: [], rooms: [], calls: [] }),
          pageSize: 200,
          streamMs,
          scheduler: clock,
          log,
        }),
      );
      return { operations };
    });
    if (operations === undefined) throw new Error('the API was not asked for its operations');
    return new OperationsHouse({ api, live, metrics, operations, recordings, metricsClients, view });
  }

  async close(): Promise<void> {
    await this.operations.stop();
    await this.api.close();
    rmSync(this.recordings, { recursive: true, force: true });
  }

  async room(settings: Partial<RoomSettings> & Pick<RoomSettings, 'aliases'>): Promise<Room> {
    return must(await this.api.stores.rooms.add(newRoomSettings({ name: 'Room', ...settings }), {}, () => ({ events: [] })));
  }

  async happen(...events: readonly RoomEvent[]): Promise<void> {
    must(await this.api.stores.events.append(events));
  }
}
