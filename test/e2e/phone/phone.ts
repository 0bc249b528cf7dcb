/**
 * A telephone: one SIP user agent over UDP with one call at a time and real RTP. Small on purpose; baresip and sipp stand
 * beside it. It waits for conditions, never for times: every wait has a deadline and says what it waited for.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { audible, frameSounds, frameTone, heardAmplitude, PhoneMedia, telephoneEventType, type DigitTimes, type Heard } from './media.ts';
import { header, parseSip, tagOf, uriOf, type SipMessage } from './sip-message.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface CallTimes {
  invite: number;
  /** First 1xx. */
  trying: number | undefined;
  final: number | undefined;
  ack: number | undefined;
}

interface Pending {
  readonly branch: string;
  readonly method: string;
  readonly settle: (response: SipMessage) => void;
  readonly onProvisional: (response: SipMessage) => void;
  readonly cancelTimers: () => void;
}

export interface DialOptions {
  /** Instead of the phone's own offer; empty: no body. */
  readonly offer?: string;
  readonly headers?: readonly string[];
  /** Never acknowledge the answer. */
  readonly noAck?: boolean;
  /** Our answer to an offer that came with the 200 (RFC 3261 §13.2.1). */
  readonly ackBody?: string;
  readonly onProvisional?: (response: SipMessage) => void;
  readonly deadlineMs?: number;
}

const t1 = 500;
let counter = 0;
const unique = (): string => `${process.pid.toString(36)}${(counter++).toString(36)}${Math.random().toString(36).slice(2, 10)}`;

export class Phone {
  readonly name: string;
  readonly media: PhoneMedia;
  readonly #socket: Socket;
  readonly #target: Target;
  readonly #host: string;
  readonly #pending = new Map<string, Pending>();
  #callId = '';
  #localTag = '';
  #remoteTag = '';
  #remoteUri = '';
  #alias = '';
  #cseq = 0;
  #inviteBranch = '';
  #ack: string | undefined;
  #up = false;
  #ended: SipMessage | undefined;
  readonly #endWaiters: ((bye: SipMessage) => void)[] = [];
  /** Requests sent again for want of an answer: 0 on loopback unless the program is late. */
  retransmissions = 0;
  times: CallTimes = { invite: 0, trying: undefined, final: undefined, ack: undefined };
  answer: SipMessage | undefined;

  private constructor(name: string, target: Target, host: string, socket: Socket, media: PhoneMedia) {
    this.name = name;
    this.media = media;
    this.#socket = socket;
    this.#target = target;
    this.#host = host;
    socket.on('message', (data) => this.#receive(data.toString('latin1')));
  }

  static async open(name: string, target: Target, host = '127.0.0.1'): Promise<Phone> {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Phone(name, target, host, socket, await PhoneMedia.open(host));
  }

  /** The plain offer of a telephone: G.711 and telephone-event. */
  offer(direction = 'sendrecv', payloadTypes = '0 8'): string {
    return sdp(this.#host, [
      `m=audio ${this.media.port} RTP/AVP ${payloadTypes} ${telephoneEventType}`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      `a=rtpmap:${telephoneEventType} telephone-event/8000`,
      `a=fmtp:${telephoneEventType} 0-15`,
      'a=ptime:20',
      `a=${direction}`,
    ]);
  }

  /** Sends the INVITE and answers the final response; a 200 is acknowledged and its media connected. */
  async dial(alias: string, options: DialOptions = {}): Promise<SipMessage> {
    this.#callId = `${unique()}@${this.#host}`;
    this.#localTag = unique();
    this.#remoteTag = '';
    this.#alias = alias;
    this.#remoteUri = `sip:${alias}@${inUri(this.#target.host)}:${this.#target.port}`;
    this.#cseq = 1;
    this.#ended = undefined;
    this.#inviteBranch = `z9hG4bK${unique()}`;
    this.times = { invite: performance.now(), trying: undefined, final: undefined, ack: undefined };
    const response = await this.#transact('INVITE', this.#inviteBranch, options.offer ?? this.offer(), {
      ...options,
      onProvisional: (provisional) => {
        this.times.trying ??= performance.now();
        options.onProvisional?.(provisional);
      },
    });
    this.times.final = performance.now();
    this.answer = response;
    if (response.status >= 200 && response.status < 300) this.#established(response, options);
    return response;
  }

  /** The answer's status, or an error that names the phone: for tests that need the call up. */
  async call(alias: string, options: DialOptions = {}): Promise<void> {
    const response = await this.dial(alias, options);
    if (response.status !== 200) throw new Error(`${this.name}: ${alias} answered ${response.status} ${response.reason}`);
  }

  /** CANCEL of the INVITE under way (RFC 3261 §9.1: same branch); the dial itself then ends with 487. */
  async cancel(): Promise<SipMessage> {
    return this.#transact('CANCEL', this.#inviteBranch, '', {});
  }

  async hangUp(): Promise<SipMessage> {
    this.#up = false;
    return this.request('BYE');
  }

  /** A request inside the call. */
  async request(method: string, headers: readonly string[] = [], body = ''): Promise<SipMessage> {
    this.#cseq += 1;
    const branch = `z9hG4bK${unique()}`;
    const response = await this.#transact(method, branch, body, { headers });
    if (method === 'INVITE' && response.status < 300) this.#established(response, {});
    return response;
  }

  /** A new offer in the call, e.g. hold with direction `sendonly`. */
  async reinvite(direction: string): Promise<SipMessage> {
    return this.request('INVITE', [], this.offer(direction));
  }

  /** A key by SIP INFO. */
  async info(digit: string, type: 'application/dtmf-relay' | 'application/dtmf'): Promise<SipMessage> {
    const body = type === 'application/dtmf' ? digit : `Signal=${digit}\r\nDuration=160\r\n`;
    return this.request('INFO', [`Content-Type: ${type}`], body);
  }

  press(digits: string): Promise<DigitTimes> {
    return this.media.press(digits);
  }

  /** Settles with the far end's BYE. */
  async ended(deadlineMs = 30_000): Promise<SipMessage> {
    if (this.#ended !== undefined) return this.#ended;
    return deadline(`${this.name} to be hung up`, deadlineMs, (resolve) => {
      this.#endWaiters.push(resolve);
      return () => undefined;
    });
  }

  /** Answered, and hung up by neither side. */
  get isUp(): boolean {
    return this.#up;
  }

  /** The next frame for which `test` holds. */
  async frame(what: string, test: (frame: Heard) => boolean, deadlineMs = 15_000): Promise<Heard> {
    return deadline(`${this.name}: ${what}`, deadlineMs, (resolve) =>
      this.media.watch((frame) => {
        if (test(frame)) resolve(frame);
      }),
    );
  }

  /** The tone in ten frames running: speech and music do not hold one that long. */
  async hears(hz: number, deadlineMs = 15_000): Promise<void> {
    await this.frame(`to hear ${hz} Hz`, run(10, (frame) => frameTone(frame, hz) > heardAmplitude), deadlineMs);
  }

  async hearsNot(hz: number, deadlineMs = 15_000): Promise<void> {
    await this.frame(`not to hear ${hz} Hz any more`, run(10, (frame) => frameTone(frame, hz) < audible), deadlineMs);
  }

  /** Hears at least `frames` frames of sound, running or not: a prompt. */
  async hearsSound(what: string, frames = 25, deadlineMs = 15_000): Promise<void> {
    let sounding = 0;
    await this.frame(
      `to hear ${what}`,
      (frame) => {
        if (frameSounds(frame)) sounding += 1;
        return sounding >= frames;
      },
      deadlineMs,
    );
  }

  /** Half a second without any sound: prompts are over. */
  async quiet(deadlineMs = 15_000): Promise<void> {
    await this.frame('it to be quiet', run(25, (frame) => !frameSounds(frame)), deadlineMs);
  }

  /** From now on no sound may come; the returned function ends the watch and throws if one did. */
  staysQuiet(): () => void {
    let sounding = 0;
    const stop = this.media.watch((frame) => {
      if (frameSounds(frame)) sounding += 1;
    });
    return () => {
      stop();
      if (sounding > 0) throw new Error(`${this.name} heard sound in ${sounding} frames`);
    };
  }

  close(): void {
    for (const pending of this.#pending.values()) pending.cancelTimers();
    this.media.close();
    this.#socket.close();
  }

  #established(response: SipMessage, { noAck, ackBody }: DialOptions): void {
    this.#up = true;
    this.#remoteTag = tagOf(header(response, 'to'));
    this.#remoteUri = uriOf(header(response, 'contact'));
    const far = farMedia(response.body);
    if (far !== undefined) this.media.connect(far.address, far.port, far.eventType);
    if (noAck === true) return;
    // RFC 3261 §13.2.2.4: the ACK of a 2xx is a request of its own, and is sent again for every 2xx that comes again.
    this.#ack = this.#compose('ACK', `z9hG4bK${unique()}`, ackBody ?? '', []);
    this.times.ack = performance.now();
    this.#transmit(this.#ack);
  }

  #transact(method: string, branch: string, body: string, options: DialOptions): Promise<SipMessage> {
    const text = this.#compose(method, branch, body, options.headers ?? []);
    return deadline(`${this.name}: a final response to ${method}`, options.deadlineMs ?? 32_000, (resolve) => {
      let wait = t1;
      const again = (): void => {
        this.retransmissions += 1;
        this.#transmit(text);
        wait = method === 'INVITE' ? wait * 2 : Math.min(wait * 2, 4000);
        timer = setTimeout(again, wait);
      };
      let timer = setTimeout(again, wait);
      const key = `${branch} ${method}`;
      const done = (): void => {
        clearTimeout(timer);
        this.#pending.delete(key);
      };
      this.#pending.set(key, {
        branch,
        method,
        settle: (response) => {
          done();
          if (method === 'INVITE' && response.status >= 300) this.#transmit(this.#compose('ACK', branch, '', [], header(response, 'to')));
          resolve(response);
        },
        onProvisional: (response) => {
          // RFC 3261 §17.1.1.2: an INVITE is not sent again once a provisional response came.
          if (method === 'INVITE') clearTimeout(timer);
          options.onProvisional?.(response);
        },
        cancelTimers: done,
      });
      this.#transmit(text);
      return done;
    });
  }

  #compose(method: string, branch: string, body: string, headers: readonly string[], to?: string): string {
    const local = `${inUri(this.#host)}:${this.#socket.address().port}`;
    const remoteTag = this.#remoteTag === '' ? '' : `;tag=${this.#remoteTag}`;
    const type = body.startsWith('v=0') ? ['Content-Type: application/sdp'] : [];
    return [
      `${method} ${this.#remoteUri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${local};branch=${branch};rport`,
      'Max-Forwards: 70',
      `From: "${this.name}" <sip:${this.name}@${local}>;tag=${this.#localTag}`,
      `To: ${to ?? `<sip:${this.#alias}@${inUri(this.#target.host)}>${remoteTag}`}`,
      `Call-ID: ${this.#callId}`,
      `CSeq: ${this.#cseq} ${method}`,
      `Contact: <sip:${this.name}@${local}>`,
      ...headers,
      ...type,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
  }

  #transmit(text: string): void {
    this.#socket.send(text, this.#target.port, this.#target.host);
  }

  #receive(text: string): void {
    const message = parseSip(text);
    if (message === undefined) return;
    if (message.status === 0) {
      this.#handleRequest(message);
      return;
    }
    const branch = /branch=([^;,\s]+)/.exec(header(message, 'via'))?.[1] ?? '';
    const pending = this.#pending.get(`${branch} ${message.method}`);
    if (pending === undefined) {
      if (message.method === 'INVITE' && message.status < 300 && message.status >= 200 && this.#ack !== undefined) this.#transmit(this.#ack);
      return;
    }
    if (message.status < 200) pending.onProvisional(message);
    else pending.settle(message);
  }

  #handleRequest(request: SipMessage): void {
    if (request.method === 'ACK') return;
    const known = header(request, 'call-id') === this.#callId;
    const vias = (request.headers.get('via') ?? []).map((via) => `Via: ${via}`);
    this.#transmit(
      [
        known ? 'SIP/2.0 200 OK' : 'SIP/2.0 481 Call/Transaction Does Not Exist',
        ...vias,
        ...['from', 'to', 'call-id', 'cseq'].map((name) => `${name}: ${header(request, name)}`),
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    if (!known || request.method !== 'BYE') return;
    this.#up = false;
    this.#ended = request;
    for (const waiter of this.#endWaiters.splice(0)) waiter(request);
  }
}

/** A session description with the given media section; lines of later media come after the first. */
/** RFC 3261 §25.1: IPv6reference. */
const inUri = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

export function sdp(host: string, media: readonly string[]): string {
  const address = `IN ${isIPv6(host) ? 'IP6' : 'IP4'} ${host}`;
  return ['v=0', `o=phone 1 1 ${address}`, 's=-', `c=${address}`, 't=0 0', ...media, ''].join('\r\n');
}

function farMedia(body: string): { readonly address: string; readonly port: number; readonly eventType: number } | undefined {
  const port = /^m=audio ([1-9]\d*) /m.exec(body)?.[1];
  const address = /^c=IN IP[46] (\S+)/m.exec(body)?.[1];
  const eventType = /^a=rtpmap:(\d+) telephone-event/im.exec(body)?.[1];
  if (port === undefined || address === undefined) return undefined;
  return { port: Number(port), address, eventType: Number(eventType ?? telephoneEventType) };
}

/** `count` in a row. */
function run(count: number, test: (frame: Heard) => boolean): (frame: Heard) => boolean {
  let matched = 0;
  return (frame) => {
    matched = test(frame) ? matched + 1 : 0;
    return matched >= count;
  };
}

/** A promise that settles when `start`'s callback is called, or fails after `ms` saying what was awaited. */
function deadline<T>(what: string, ms: number, start: (resolve: (value: T) => void) => () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`waited ${ms} ms for ${what}`));
    }, ms);
    stop = start((value) => {
      clearTimeout(timer);
      stop();
      resolve(value);
    });
  });
}
