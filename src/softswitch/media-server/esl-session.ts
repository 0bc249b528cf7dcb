/**
 * One event socket, of either kind: commands are carried out and answered strictly in order; the events a command causes
 * are written after its reply (D-21), and a socket that is to close says everything it owes first.
 */
import type { Socket } from 'node:net';
import { createEslReader, type EslCommand, type EslReader } from '../../protocol/esl/commands.ts';
import { apiResponse, disconnectNotice, lingerNotice } from '../../protocol/esl/encode.ts';
import type { Subscriptions } from '../../protocol/esl/subscriptions.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import { EslDialogue } from './esl-dialogue.ts';
import type { EventListener } from './event-bus.ts';

/** Commands waiting behind one that takes time; more is a client that does not listen. */
const MAX_WAITING = 1_000;
/** Time for a client to close after our goodbye, ms. */
const CLOSE_MS = 1_000;

export interface EslSessionOptions {
  readonly core: Core;
  readonly socket: Socket;
  /** What a client must say before anything else; undefined for an outbound socket, which we opened ourselves. */
  readonly authenticate?: (password: string) => boolean;
  /** The channel of an outbound socket. */
  readonly channel?: Channel;
  /** The socket is gone, whoever closed it. */
  readonly closed: () => void;
}

export class EslSession implements EventListener {
  readonly #options: EslSessionOptions;
  readonly #reader: EslReader;
  readonly #waiting: EslCommand[] = [];
  /** Events caused while a command is being answered, and how long they are together. */
  readonly #held: string[] = [];
  #heldLength = 0;
  /** Said in this turn: it leaves in one write. */
  #unwritten = '';
  #answering = false;
  #closing: string | undefined;
  #open = true;
  readonly #dialogue: EslDialogue;
  /** Ends the socket when the client has not said the first word in time, or has lingered long enough. */
  #cancelDeadline: () => void;

  constructor(options: EslSessionOptions) {
    this.#options = options;
    const { core, socket } = options;
    this.#dialogue = new EslDialogue({
      core,
      authenticate: options.authenticate,
      channel: options.channel,
      remote: () => socket.remoteAddress ?? '',
      subscribed: () => core.bus.changed(this),
      welcome: () => this.#cancelDeadline(),
      close: () => this.close(),
    });
    this.#reader = createEslReader({ maxCommandBytes: core.limits.eslCommandBytes });
    // Replies are small and awaited: 40 ms each with Nagle's algorithm (D-16).
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    // The client is done talking, and modesl does not listen after that: nothing more can be asked.
    socket.on('end', () => this.destroy());
    socket.on('error', (error) => core.log.debug({ error: error.message }, 'event socket failed'));
    socket.once('close', () => this.#ended());
    this.#cancelDeadline = core.scheduler.after(core.limits.eslHandshakeMs, () => {
      core.log.warn({ remote: socket.remoteAddress }, 'event socket client said nothing in time');
      this.destroy();
    });
    core.bus.add(this);
  }

  get subscriptions(): Subscriptions {
    return this.#dialogue.subscriptions;
  }

  deliver(text: string): void {
    if (!this.#answering) {
      this.write(text);
      return;
    }
    if (!this.#open) return;
    this.#held.push(text);
    this.#heldLength += text.length;
    // A command may wait for a far end for minutes.
    this.#checkBacklog(this.#heldLength);
  }

  write(text: string): void {
    if (!this.#open) return;
    if (this.#unwritten === '') queueMicrotask(() => this.#flush());
    this.#unwritten += text;
    this.#checkBacklog(this.#options.socket.writableLength + this.#unwritten.length);
  }

  /** Says goodbye and closes; while a command is being answered, after its reply. */
  close(): void {
    this.#closing ??= disconnectNotice(this.#options.channel?.uuid);
    if (!this.#answering) this.#release();
  }

  /** The channel is gone: closes, now or, when the client asked to linger, later. */
  channelEnded(channel: Channel): void {
    const { linger } = this.#dialogue;
    if (linger === undefined || !this.#open) {
      this.close();
      return;
    }
    this.deliver(lingerNotice(channel.uuid, channel.name, linger));
    this.#cancelDeadline = this.#options.core.scheduler.after(linger * 1_000, () => this.close());
  }

  destroy(): void {
    this.#options.socket.destroy();
    this.#ended();
  }

  #checkBacklog(bytes: number): void {
    const { core } = this.#options;
    if (bytes <= core.limits.eslBacklogBytes) return;
    core.log.warn({ bytes }, 'too much waits for an event socket client; its socket is closed');
    this.destroy();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelDeadline();
    this.#waiting.length = 0;
    this.#held.length = 0;
    this.#options.core.bus.remove(this);
    this.#options.closed();
  }

  #received(bytes: Uint8Array): void {
    if (!this.#open || this.#closing !== undefined) return;
    const commands = this.#reader.push(bytes);
    if (!commands.ok || this.#waiting.length + commands.value.length > MAX_WAITING) {
      this.#options.core.log.warn({ code: commands.ok ? 'esl_too_many_commands' : commands.error.code }, 'event socket client asks too much');
      this.destroy();
      return;
    }
    this.#waiting.push(...commands.value);
    this.#next();
  }

  #next(): void {
    while (!this.#answering && this.#open && this.#closing === undefined) {
      const command = this.#waiting.shift();
      if (command === undefined) return;
      this.#answering = true;
      const reply = this.#dialogue.answer(command);
      if (typeof reply === 'string') {
        this.#reply(reply);
        continue;
      }
      // Only an api command waits, and its failure is a reply too.
      reply.then(
        (text) => this.#resume(text),
        (error: unknown) => {
          this.#options.core.log.error({ error }, 'api command failed');
          this.#resume(apiResponse('-ERR internal error\n'));
        },
      );
      return;
    }
  }

  #resume(text: string): void {
    this.#reply(text);
    this.#next();
  }

  #reply(text: string): void {
    this.write(text);
    this.#answering = false;
    this.#release();
  }

  #flush(): void {
    if (this.#open && this.#unwritten !== '') this.#options.socket.write(this.#unwritten);
    this.#unwritten = '';
  }

  #release(): void {
    this.#heldLength = 0;
    for (const text of this.#held.splice(0)) this.write(text);
    if (this.#closing === undefined || !this.#open) return;
    const { socket, core } = this.#options;
    this.#flush();
    socket.end(this.#closing);
    // A client that does not close its side does not keep ours, whatever it goes on to say.
    socket.once('close', core.scheduler.after(CLOSE_MS, () => socket.destroy()));
    this.#ended();
  }
}
