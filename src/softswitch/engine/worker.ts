/** Entry of the worker thread: joins the engine to the port, the clocks and chance. */
import { parentPort, workerData } from 'node:worker_threads';
import { MediaEngine } from './media-engine.ts';
import type { EngineCommand, WorkerSettings } from './messages.ts';
import { loadOpus } from './opus-codec.ts';

const port = parentPort;
if (port === null) throw new Error('the media engine runs in a worker thread');

// What is sent to the thread meanwhile waits in its port.
const opus = await loadOpus();

// Each thread has its own zero of `performance`; that of `hrtime` is common to all.
const zero = Number(process.hrtime.bigint()) / 1e6 - performance.now();

const engine = new MediaEngine(workerData as WorkerSettings, {
  now: () => zero + performance.now(),
  opus,
  scheduler: {
    now: () => Date.now(),
    after: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  },
  post: (message) => {
    port.postMessage(message);
    // With its sockets, timers and port closed the thread has nothing left to do, and ends.
    if (message.type === 'answer' && message.answer.type === 'stopped') port.close();
  },
});

port.on('message', (command: EngineCommand) => {
  engine.handle(command);
});
