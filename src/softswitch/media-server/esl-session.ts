/**
 * One event socket, of either kind: commands are carried out and answered strictly in order; the events a command causes
 * are written after its reply (D-21), and a socket that is to close says everything it owes first.
 */
import type { Socket } from 'node:net';
import { unreachable } from '../../lib/result.ts';
import { createEslReader, type EslCommand, type EslReader, type SendMessage } from '../../protocol/esl/commands.ts';
import { apiResponse, channelData, commandReply, disconnectNotice } from '../../protocol/esl/encode.ts';
import {
  addFilter,
  deleteFilter,
  noSubscriptions,
  subscribe,
  unsubscribe,
  type SubscriptionError,
  type Subscriptions,
} from '../../protocol/esl/subscriptions.ts';
import type { Result } from '../../lib/result.ts';
import { runApi } from './api-commands.ts';
import { execute } from './apps.ts';
import { channelHeaders, variableHeaders } from './channel-headers.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import type { EventListener } from './event-bus.ts';
import { hangupCause } from './hangup-cause.ts';

/** Commands waiting behind one that takes time; more is a client that does not listen. */
const MAX_WAITING = 1_000;
/** Time for a client to close after our goodbye, ms. */
const CLOSE_MS = 1_000;
const NOT_FOUND = '-ERR command not found';

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
  subscriptions: Subscriptions = noSubscriptions;
  readonly #options: EslSessionOptions;
  readonly #reader: EslReader;
  readonly #waiting: EslCommand[] = [];
  /** Events caused while a command is being answered. */
  readonly #held: string[] = [];
  #answering = false;
  #closing: string | undefined;
  #open = true;
  #ready: boolean;
  /** Ends the socket when the client has not said the first word in time. */
  #cancelHandshake: () => void;

  constructor(options: EslSessionOptions) {
    this.#options = options;
    this.#ready = false;
    const { core, socket } = options;
    this.#reader = createEslReader({ maxCommandBytes: core.limits.eslCommandBytes });
    // Replies are small and awaited: 40 ms each with Nagle's algorithm (D-16).
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    // The client is done talking, and modesl does not listen after that: nothing more can be asked.
    socket.on('end', () => this.destroy());
    socket.on('error', (error) => core.log.debug({ error: error.message }, 'event socket failed'));
    socket.once('close', () => this.#ended());
    this.#cancelHandshake = core.scheduler.after(core.limits.eslHandshakeMs, () => {
      core.log.warn({ remote: socket.remoteAddress }, 'event socket client said nothing in time');
      this.destroy();
    });
    core.bus.add(this);
  }

  deliver(text: string): void {
    if (this.#answering) this.#held.push(text);
    else this.write(text);
  }

  write(text: string): void {
    if (!this.#open) return;
    const { socket, core } = this.#options;
    socket.write(text);
    if (socket.writableLength <= core.limits.eslBacklogBytes) return;
    core.log.warn({ bytes: socket.writableLength }, 'event socket client does not read; its socket is closed');
    this.destroy();
  }

  /** Says goodbye and closes; while a command is being answered, after its reply. */
  close(): void {
    this.#closing ??= disconnectNotice(this.#options.channel?.uuid);
    if (!this.#answering) this.#release();
  }

  destroy(): void {
    this.#options.socket.destroy();
    this.#ended();
  }

  #ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelHandshake();
    this.#waiting.length = 0;
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
      const reply = this.#answer(command);
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

  #release(): void {
    for (const text of this.#held.splice(0)) this.write(text);
    if (this.#closing === undefined || !this.#open) return;
    const { socket } = this.#options;
    socket.end(this.#closing);
    // A client that does not close its side does not keep ours.
    socket.setTimeout(CLOSE_MS, () => socket.destroy());
    this.#ended();
  }

  #answer(command: EslCommand): string | Promise<string> {
    if (!this.#ready) return this.#greet(command);
    const { core, channel } = this.#options;
    switch (command.verb) {
      case 'auth':
      case 'unknown':
        return commandReply(NOT_FOUND);
      case 'connect':
        return channel === undefined ? commandReply(NOT_FOUND) : this.#channelData(channel);
      case 'exit':
        this.close();
        return commandReply('+OK bye');
      case 'event':
        return this.#changed(subscribe(this.subscriptions, command.format, command.words), `+OK event listener enabled ${command.format}`);
      case 'nixevent':
        this.subscriptions = unsubscribe(this.subscriptions, command.words);
        return commandReply('+OK events nixed');
      case 'noevents':
        this.subscriptions = { ...noSubscriptions, format: this.subscriptions.format };
        return commandReply('+OK no longer listening for events');
      case 'filter':
        return this.#changed(addFilter(this.subscriptions, command.header, command.value), `+OK filter added. [${command.header}]=[${command.value}]`);
      case 'filter delete':
        this.subscriptions = deleteFilter(this.subscriptions, command.header, command.value);
        return commandReply(`+OK filter deleted. [${command.header}][${command.value}]`);
      case 'linger':
        return commandReply('-ERR not controlling a session');
      case 'divert_events':
        return commandReply('-ERR not controlling a session.');
      case 'api': {
        const reply = runApi(core, command.command);
        return typeof reply === 'string' ? apiResponse(reply) : reply.then(apiResponse);
      }
      case 'bgapi':
        return this.#background(command.command, command.jobUuid ?? core.newUuid());
      case 'sendmsg':
        return commandReply(this.#sendMessage(command.uuid, command.message));
      default:
        return unreachable(command);
    }
  }

  /** The first word: `auth` on a socket that came to us, `connect` on one of ours. */
  #greet(command: EslCommand): string {
    const { authenticate, channel } = this.#options;
    if (authenticate === undefined) {
      if (command.verb !== 'connect' || channel === undefined) return commandReply(NOT_FOUND);
      this.#welcome();
      return this.#channelData(channel);
    }
    if (command.verb === 'exit') {
      this.close();
      return commandReply('+OK bye');
    }
    if (command.verb !== 'auth') return commandReply(NOT_FOUND);
    if (authenticate(command.password)) {
      this.#welcome();
      return commandReply('+OK accepted');
    }
    this.#options.core.log.warn({ remote: this.#options.socket.remoteAddress }, 'event socket client gave a wrong password');
    this.close();
    return commandReply('-ERR invalid');
  }

  #welcome(): void {
    this.#ready = true;
    this.#cancelHandshake();
  }

  #channelData(channel: Channel): string {
    const headers = [['Channel-Unique-ID', channel.uuid] as const, ...channelHeaders(channel), ...variableHeaders(channel)];
    return channelData(this.#options.core.bus.make('CHANNEL_DATA', headers));
  }

  #changed(result: Result<Subscriptions, SubscriptionError>, reply: string): string {
    if (result.ok) {
      this.subscriptions = result.value;
      return commandReply(reply);
    }
    switch (result.error.code) {
      case 'no_keywords':
        return commandReply('-ERR no keywords supplied');
      case 'invalid_filter':
        return commandReply('-ERR invalid syntax');
      case 'too_many':
        return commandReply('-ERR too many');
    }
  }

  #background(line: string, jobUuid: string): string {
    const { core } = this.#options;
    const [name = '', ...rest] = line.split(' ');
    const done = (body: string): void =>
      core.bus.publish('BACKGROUND_JOB', [['Job-UUID', jobUuid], ['Job-Command', name], ['Job-Command-Arg', rest.join(' ')]], { body });
    Promise.resolve(runApi(core, line)).then(done, (error: unknown) => {
      core.log.error({ error }, 'background api command failed');
      done('-ERR internal error\n');
    });
    return commandReply(`+OK Job-UUID: ${jobUuid}`, { 'Job-UUID': jobUuid });
  }

  #sendMessage(uuid: string, message: SendMessage): string {
    const { core, channel: own } = this.#options;
    const channel = uuid === '' ? own : core.channels.get(uuid);
    if (channel === undefined) return `-ERR invalid session id [${uuid}]`;
    switch (message.kind) {
      case 'execute':
        execute(channel, { uuid: message.eventUuid ?? core.newUuid(), name: message.app, argument: message.argument });
        return '+OK';
      case 'hangup':
        channel.hangup(hangupCause(message.cause));
        return '+OK';
      case 'other':
        return '-ERR invalid command';
    }
  }
}
