/** Entry of the worker thread: joins the engine to the port, the clocks and chance. */
import { parentPort, workerData } from 'node:worker_threads';
import { MediaEngine } from './media-engine.ts';
import type { EngineCommand, WorkerMessage, WorkerSettings } from './messages.ts';
import { loadOpus } from './opus-codec.ts';

const port = parentPort;
if (port === null) throw new Error('the media engine runs in a worker thread');

let unsent: WorkerMessage[] = [];

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
    unsent.push(message);
    // Who waits for an answer goes on before it hears what came after it.
    if (message.type === 'answer') flush();
    else if (unsent.length === 1) queueMicrotask(flush);
  },
});

/** What a tick tells goes in one message. */
function flush(): void {
  const messages = unsent;
  if (messages.length === 0) return;
  unsent = [];
  port?.postMessage(messages);
  // With its sockets, timers and port closed the thread has nothing left to do, and ends.
  if (messages.some((message) => message.type === 'answer' && message.answer.type === 'stopped')) port?.close();
}

port.on('message', (commands: readonly EngineCommand[]) => {
  for (const command of commands) engine.handle(command);
});
