/** Live control of running conferences, put together: events, recordings, announcements and the commands of the API. */
import { createAnnouncementFiles, createRecordingFiles, mediaFolders } from './adapters/system/media-files.ts';
import { newId } from './adapters/system/random.ts';
import { createSpeech } from './adapters/system/speech.ts';
import { Announcer } from './call/announcer.ts';
import { EventHub } from './call/event-hub.ts';
import { LiveControl } from './call/live.ts';
import { Recorder } from './call/recorder.ts';
import type { Registry } from './call/registry.ts';
import { RoomServices, type RoomServicesOptions } from './call/room-services.ts';
import type { Config } from './config/schema.ts';
import type { RoomEvent } from './domain/events.ts';
import type { Scheduler } from './lib/machine.ts';
import type { Log } from './ports/log.ts';
import type { MediaPort } from './ports/media.ts';
import type { Stores } from './ports/stores.ts';

export interface LiveOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly media: MediaPort;
  /** Made after this. */
  readonly registry: () => Registry;
  /** Keeps an event; never blocks. */
  readonly keep: (event: RoomEvent) => void;
  readonly dial: RoomServicesOptions['dial'];
  readonly scheduler: Scheduler;
  readonly log: Log;
}

export interface Live {
  readonly hub: EventHub;
  readonly recorder: Recorder;
  readonly services: RoomServices;
  readonly control: LiveControl;
}

export function createLive({ config, stores, media, registry, keep, dial, scheduler, log }: LiveOptions): Live {
  const folders = mediaFolders(config.data.dir);
  const { rooms, recordings } = stores;
  const hub = new EventHub(keep);
  const files = createRecordingFiles(folders.recordings);
  const recorder = new Recorder({ media, recordings, files, maxBytes: config.recording.maxBytes, scheduler, log, newId, onKept: (event) => hub.tellKept(event) });
  const speech = createSpeech({ command: config.speech.command.length === 0 ? undefined : config.speech.command, dir: folders.speech, timeoutMs: config.speech.timeout * 1_000, log });
  const tell = (call: string, path: string): Promise<'said' | 'failed'> => registry().session(call)?.hears(path) ?? Promise.resolve('failed');
  const announcer = new Announcer({ media, speech, files: createAnnouncementFiles(folders.announcements), tell, scheduler });
  const services = new RoomServices({ registry, rooms, recorder, announcer, dial });
  return { hub, recorder, services, control: new LiveControl({ registry, services, recorder, rooms, hub, scheduler }) };
}
