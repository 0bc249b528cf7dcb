/** In a thread of its own, because the library's client cannot be stopped before it was let in (D-5): the thread can. */
import { parentPort, workerData } from 'node:worker_threads';
import Srf from 'drachtio-srf';
import { FreeSwitchMedia } from '../../../../src/adapters/freeswitch/media.ts';
import { createLogger } from '../../../../src/adapters/system/log.ts';
import { createScheduler } from '../../../../src/adapters/system/scheduler.ts';

const { host, port } = workerData as { readonly host: string; readonly port: number };
const log: string[] = [];
const media = new FreeSwitchMedia({
  servers: [{ host, port, secret: 'wrong', profile: 'drachtio_mrf', listenHost: host, listenPort: 0, promptDir: '.' }],
  srf: new Srf(),
  catalog: { files: () => [], text: () => '', music: '' },
  scheduler: createScheduler(),
  log: createLogger('debug', { write: (line) => void log.push(line) }),
});
await media.start();
const allocated = await media.allocate(undefined, { onDigit: () => undefined, onLost: () => undefined });
parentPort?.postMessage({ available: media.available, allocated, refusals: log.filter((line) => line.includes('media_server_refuses')).length });
