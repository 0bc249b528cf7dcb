/** The SIP side of the crowd: as little of a user agent as a load needs, many calls over one socket. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Target } from '../../e2e/phone/phone.ts';
import { header, parseSip, uriOf, type SipMessage } from '../../e2e/phone/sip-message.ts';

const t1 = 500;
const giveUpMs = 32_000;

export interface Answered {
  readonly inviteMs: number;
  readonly rtp: Target;
}

interface Call {
  readonly id: string;
  readonly uri: string;
  readonly from: string;
  to: string;
  target: string;
  cseq: number;
  settle: ((response: SipMessage) => void) | undefined;
  method: string;
  ack: string | undefined;
}

export class Caller {
  readonly #socket: Socket;
  readonly #server: Target;
  readonly #contact: string;
  readonly #calls = new Map<string, Call>();
  #made = 0;
  /** Requests sent again for want of an answer. */
  retransmissions = 0;
  /** Calls the other side ended. */
  lost = 0;

  private constructor(socket: Socket, server: Target) {
    this.#socket = socket;
    this.#server = server;
    this.#contact = `${socket.address().address}:${socket.address().port}`;
    socket.on('message', (bytes) => this.#receive(bytes.toString('latin1')));
  }

  static async open(server: Target, host: string): Promise<Caller> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 8 << 20 });
    socket.bind(0, host);
    await once(socket, 'listening');
    return new Caller(socket, server);
  }

  /** Calls `alias` from RTP port `port`; rejects when it is refused or not answered. */
  async invite(alias: string, port: number, host: string): Promise<Answered & { readonly hangUp: () => Promise<void> }> {
    const number = this.#made++;
    const id = `crowd-${process.pid}-${number}`;
    const call: Call = { id, uri: `sip:${alias}@${this.#server.host}:${this.#server.port}`, from: `<sip:${number}@${this.#contact}>;tag=${number}`, to: '', target: '', cseq: 0, settle: undefined, method: '', ack: undefined };
    call.to = `<${call.uri}>`;
    call.target = call.uri;
    this.#calls.set(id, call);
    const sdp = ['v=0', `o=- ${number} 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', `m=audio ${port} RTP/AVP 0 101`, 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=ptime:20', ''].join('\r\n');
    const sentAt = performance.now();
    const answer = await this.#request(call, 'INVITE', sdp);
    const inviteMs = performance.now() - sentAt;
    if (answer.status >= 300) {
      this.#send(this.#render(call, 'ACK', call.cseq, ''));
      this.#calls.delete(id);
      throw new Error(`${alias} answered ${answer.status}`);
    }
    call.to = header(answer, 'to');
    call.target = uriOf(header(answer, 'contact')) || call.uri;
    call.ack = this.#render(call, 'ACK', call.cseq, '');
    this.#send(call.ack);
    const address = /^c=IN IP4 (\S+)/m.exec(answer.body)?.[1] ?? this.#server.host;
    const rtpPort = Number(/^m=audio (\d+)/m.exec(answer.body)?.[1]);
    const hangUp = async (): Promise<void> => {
      if (!this.#calls.has(id)) return;
      await this.#request(call, 'BYE', '').catch(() => undefined);
      this.#calls.delete(id);
    };
    return { inviteMs, rtp: { host: address, port: rtpPort }, hangUp };
  }

  close(): void {
    this.#socket.close();
  }

  #request(call: Call, method: string, body: string): Promise<SipMessage> {
    call.cseq++;
    call.method = method;
    const text = this.#render(call, method, call.cseq, body);
    return new Promise((resolve, reject) => {
      let wait = t1;
      let retransmit: NodeJS.Timeout;
      const end = (): void => {
        clearTimeout(retransmit);
        clearTimeout(deadline);
        call.settle = undefined;
      };
      const again = (): void => {
        this.retransmissions++;
        this.#send(text);
        wait *= 2;
        retransmit = setTimeout(again, wait);
      };
      retransmit = setTimeout(again, wait);
      const deadline = setTimeout(() => {
        end();
        this.#calls.delete(call.id);
        reject(new Error(`${method} ${call.uri}: no answer`));
      }, giveUpMs);
      call.settle = (response) => {
        // A provisional answer ends the repetition (RFC 3261 §17.1.1.2).
        clearTimeout(retransmit);
        if (response.status < 200) return;
        end();
        resolve(response);
      };
      this.#send(text);
    });
  }

  #render(call: Call, method: string, cseq: number, body: string): string {
    return [
      `${method} ${method === 'INVITE' ? call.uri : call.target} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.#contact};rport;branch=z9hG4bK${call.id}-${cseq}${method === 'ACK' ? 'a' : ''}`,
      'Max-Forwards: 70',
      `From: ${call.from}`,
      `To: ${call.to}`,
      `Call-ID: ${call.id}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.#contact}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  #send(text: string): void {
    this.#socket.send(text, this.#server.port, this.#server.host);
  }

  #receive(text: string): void {
    const message = parseSip(text);
    if (message === undefined) return;
    const call = this.#calls.get(header(message, 'call-id'));
    if (message.status > 0) {
      if (call === undefined) return;
      if (message.method === call.method && call.settle !== undefined) call.settle(message);
      // The 200 was repeated: our ACK was lost.
      else if (message.method === 'INVITE' && message.status >= 200 && call.ack !== undefined) this.#send(call.ack);
      return;
    }
    if (message.method === 'ACK') return;
    this.#respond(message, call === undefined ? '481 Gone' : message.method === 'INVITE' ? '488 Not Here' : '200 OK');
    if (message.method !== 'BYE' || call === undefined) return;
    this.lost++;
    this.#calls.delete(call.id);
  }

  #respond(request: SipMessage, status: string): void {
    const kept = ['via', 'from', 'to', 'call-id', 'cseq'].map((name) => `${name}: ${header(request, name)}`);
    this.#send([`SIP/2.0 ${status}`, ...kept, 'Content-Length: 0', '', ''].join('\r\n'));
  }
}
