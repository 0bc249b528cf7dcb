/** What is said on one event socket: which commands are understood, and the literal replies. */
import { unreachable, type Result } from '../../lib/result.ts';
import type { EslCommand, SendMessage } from '../../protocol/esl/commands.ts';
import { apiResponse, channelData, commandReply } from '../../protocol/esl/encode.ts';
import { EVENT_NAMES } from '../../protocol/esl/event-names.ts';
import {
  addFilter,
  deleteFilter,
  noSubscriptions,
  subscribe,
  subscribeToChannel,
  unsubscribe,
  type SubscriptionError,
  type Subscriptions,
} from '../../protocol/esl/subscriptions.ts';
import { runApi, runInBackground } from './api-commands.ts';
import { execute } from './apps.ts';
import { connectHeaders } from './channel-headers.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import { hangupCause } from './hangup-cause.ts';

const NOT_FOUND = '-ERR command not found';
const NOT_CONTROLLING = '-ERR not controlling a session';
/** Longest stay of a lingering socket, s; also what `linger` without a time gets. */
export const MAX_LINGER_S = 600;

/** switch_log_level_t by name. */
const LOG_LEVELS: Readonly<Record<string, number>> = { console: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 };

export interface DialogueOptions {
  readonly core: Core;
  /** What a client must say before anything else; undefined on a socket that we opened ourselves. */
  readonly authenticate: ((password: string) => boolean) | undefined;
  /** The channel of an outbound socket. */
  readonly channel: Channel | undefined;
  /** Who the client is, for the log. */
  readonly remote: () => string;
  /** Its subscriptions are others. */
  readonly subscribed: () => void;
  /** The client has said the first word. */
  readonly welcome: () => void;
  /** The socket is to be closed once the reply is written. */
  readonly close: () => void;
}

export class EslDialogue {
  #subscriptions: Subscriptions = noSubscriptions;
  /** Seconds the socket outlives its channel; undefined: it does not. */
  linger: number | undefined;
  readonly #options: DialogueOptions;
  #ready = false;
  #logging = false;

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  get subscriptions(): Subscriptions {
    return this.#subscriptions;
  }

  /** The reply as it is written; only an api command may take time. */
  answer(command: EslCommand): string | Promise<string> {
    if (!this.#ready) return this.#greet(command);
    const { core, channel } = this.#options;
    switch (command.verb) {
      case 'auth':
      case 'unknown':
        return commandReply(NOT_FOUND);
      case 'connect':
        return channel === undefined ? commandReply(NOT_FOUND) : this.#channelData(channel);
      case 'exit':
        this.linger = undefined;
        this.#options.close();
        return commandReply('+OK bye');
      case 'event':
        return this.#changed(subscribe(this.subscriptions, command.format, command.words), `+OK event listener enabled ${command.format}`);
      case 'myevents':
        return commandReply(this.#myEvents(command.uuid === '' ? channel?.uuid : command.uuid, command.format ?? this.subscriptions.format));
      case 'nixevent':
        if (command.words.length === 0) return commandReply('-ERR no keywords supplied');
        this.#subscribe(unsubscribe(this.subscriptions, command.words));
        return commandReply('+OK events nixed');
      case 'noevents':
        this.#subscribe({ ...noSubscriptions, format: this.subscriptions.format });
        return commandReply('+OK no longer listening for events');
      case 'filter':
        return this.#changed(addFilter(this.subscriptions, command.header, command.value), `+OK filter added. [${command.header}]=[${command.value}]`);
      case 'filter delete':
        this.#subscribe(deleteFilter(this.subscriptions, command.header, command.value));
        return commandReply(`+OK filter deleted. [${command.header}][${command.value}]`);
      case 'linger':
        return this.#stay(command.seconds);
      case 'nolinger':
        this.linger = undefined;
        return commandReply(channel === undefined ? NOT_CONTROLLING : '+OK will not linger');
      case 'resume':
        return commandReply(channel === undefined ? NOT_FOUND : '+OK');
      case 'divert_events':
        return commandReply(this.#divert(command.value));
      case 'getvar':
        return commandReply(channel === undefined ? NOT_FOUND : (channel.variables.get(command.name) ?? ''));
      case 'log':
        return commandReply(this.#log(command.level));
      case 'nolog': {
        const reply = this.#logging ? '+OK no longer logging' : '-ERR not loging';
        this.#logging = false;
        return commandReply(reply);
      }
      case 'sendevent':
        return commandReply(this.#sendEvent(command));
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
    const { authenticate, channel, core } = this.#options;
    if (authenticate === undefined) {
      if (command.verb !== 'connect' || channel === undefined) return commandReply(NOT_FOUND);
      this.#welcome();
      return this.#channelData(channel);
    }
    if (command.verb === 'exit') {
      this.#options.close();
      return commandReply('+OK bye');
    }
    if (command.verb !== 'auth') return commandReply(NOT_FOUND);
    if (authenticate(command.password)) {
      this.#welcome();
      return commandReply('+OK accepted');
    }
    core.log.warn({ remote: this.#options.remote() }, 'event socket client gave a wrong password');
    this.#options.close();
    return commandReply('-ERR invalid');
  }

  #subscribe(subscriptions: Subscriptions): void {
    this.#subscriptions = subscriptions;
    this.#options.subscribed();
  }

  #welcome(): void {
    this.#ready = true;
    this.#options.welcome();
  }

  #channelData(channel: Channel): string {
    return channelData(this.#options.core.bus.make('CHANNEL_DATA', connectHeaders(channel), { detail: channel.eventDetail }));
  }

  #changed(result: Result<Subscriptions, SubscriptionError>, reply: string): string {
    if (result.ok) {
      this.#subscribe(result.value);
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

  #myEvents(uuid: string | undefined, format: Subscriptions['format']): string {
    const { core, channel } = this.#options;
    if (uuid === undefined || (uuid !== channel?.uuid && !core.channels.has(uuid))) return '-ERR invalid uuid';
    this.#subscribe(subscribeToChannel(this.subscriptions, format, uuid));
    return '+OK Events Enabled';
  }

  #stay(seconds: number | undefined): string {
    if (this.#options.channel === undefined) return commandReply(NOT_CONTROLLING);
    this.linger = Math.min(seconds ?? MAX_LINGER_S, MAX_LINGER_S);
    return commandReply(seconds === undefined ? '+OK will linger' : `+OK will linger ${seconds} seconds`);
  }

  /** Events reach every socket that subscribed; there is no other way for them to go. */
  #divert(value: string): string {
    if (this.#options.channel === undefined) return `${NOT_CONTROLLING}.`;
    if (value === '') return '-ERR missing value.';
    return value.toLowerCase() === 'on' ? '+OK events diverted' : '+OK events not diverted';
  }

  /** The server's log stays its own: it may tell more than a client should know. */
  #log(level: string): string {
    const name = level.toLowerCase();
    const number = level === '' ? LOG_LEVELS.debug : /^[0-7]$/.test(level) ? Number(level) : Object.hasOwn(LOG_LEVELS, name) ? LOG_LEVELS[name] : undefined;
    if (number === undefined) return '-ERR invalid log level';
    this.#logging = true;
    return `+OK log level ${level} [${number}]`;
  }

  #sendEvent({ name, headers, body }: Extract<EslCommand, { readonly verb: 'sendevent' }>): string {
    const { core } = this.#options;
    const eventUuid = core.newUuid();
    const own: ReadonlySet<string> = new Set(['event-name', 'event-subclass', 'core-uuid', 'content-length', 'event-sequence']);
    const subclass = headers.find(([header]) => header.toLowerCase() === 'event-subclass')?.[1];
    const event = EVENT_NAMES.has(name) && name !== 'ALL' ? name : 'CUSTOM';
    core.bus.forward({
      name: event,
      // Without one nobody could have subscribed to it.
      subclass: event === 'CUSTOM' && typeof subclass === 'string' ? subclass : undefined,
      headers: [...headers.filter(([header]) => !own.has(header.toLowerCase())), ['Event-UUID', eventUuid]],
      body,
    });
    return `+OK ${eventUuid}`;
  }

  #background(line: string, jobUuid: string): string {
    const { core } = this.#options;
    runInBackground(core, line, jobUuid);
    return commandReply(`+OK Job-UUID: ${jobUuid}`, { 'Job-UUID': jobUuid });
  }

  #sendMessage(uuid: string, message: SendMessage): string {
    const { core, channel: own } = this.#options;
    const channel = uuid === '' || uuid === own?.uuid ? own : core.channels.get(uuid);
    if (channel === undefined || channel.ended) return `-ERR invalid session id [${uuid}]`;
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
