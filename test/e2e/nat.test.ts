import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Program } from './harness/program.ts';
import { withPhones } from './harness/session.ts';
import { addUser, credentials, nonceOf } from './harness/users.ts';

/** A telephone behind a NAT: its contact is an address nobody outside can reach. */
class HiddenPhone {
  readonly #socket: Socket;
  readonly #program: Program;
  readonly #received: string[] = [];
  #cseq = 0;

  private constructor(socket: Socket, program: Program) {
    this.#socket = socket;
    this.#program = program;
    socket.on('message', (data) => void this.#received.push(data.toString('latin1')));
  }

  static async open(program: Program): Promise<HiddenPhone> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new HiddenPhone(socket, program);
  }

  async register(more: readonly string[]): Promise<string> {
    this.#cseq += 1;
    this.send(
      'REGISTER sip:vestibule SIP/2.0',
      `Via: SIP/2.0/UDP 10.255.255.1:5060;branch=z9hG4bK-hidden-${this.#cseq};rport`,
      'Max-Forwards: 70',
      'From: <sip:hidden@vestibule>;tag=1',
      'To: <sip:hidden@vestibule>',
      'Call-ID: hidden',
      `CSeq: ${this.#cseq} REGISTER`,
      'Contact: <sip:hidden@10.255.255.1:5060>',
      ...more,
    );
    return this.next();
  }

  send(...lines: readonly string[]): void {
    this.#socket.send([...lines, 'Content-Length: 0', '', ''].join('\r\n'), this.#program.sip.port, this.#program.sip.host);
  }

  async next(): Promise<string> {
    while (this.#received.length === 0) await once(this.#socket, 'message');
    return this.#received.shift() ?? '';
  }

  close(): void {
    this.#socket.close();
  }
}

const header = (message: string, name: string): string => new RegExp(`^${name}: *(.*?)\\r?$`, 'mi').exec(message)?.[1] ?? '';

describe('a telephone behind a NAT', () => {
  let program: Program;
  before(async () => {
    program = await Program.start();
    await addUser(program, 'hidden');
    await addUser(program, 'alice');
  });
  after(() => program.stop());

  it('RFC 8760 §2.3: is challenged for SHA-256 and then MD5, each in a header of its own; registers by SHA-256 and is called the way it came', () =>
    withPhones(program, async (phones) => {
      const hidden = await HiddenPhone.open(program);
      try {
        const challenge = await hidden.register([]);
        assert.match(challenge, /^SIP\/2\.0 401 /);
        const offered = challenge.split('\r\n').filter((line) => /^WWW-Authenticate:/i.test(line));
        assert.deepEqual(offered.map((line) => /algorithm=([^,]+)/.exec(line)?.[1]), ['SHA-256', 'MD5']);
        const registered = await hidden.register([`Authorization: ${credentials('hidden', 'REGISTER', 'sip:vestibule', nonceOf(challenge))}`]);
        assert.match(registered, /^SIP\/2\.0 200 /);
        assert.match(header(registered, 'Contact'), /^<sip:hidden@10\.255\.255\.1:5060>;expires=3600$/);

        const caller = await phones.phone('caller');
        const asked = await caller.dial('hidden');
        assert.equal(asked.status, 407);
        const [first = ''] = asked.headers.get('proxy-authenticate') ?? [];
        const calling = caller.dial('hidden', { headers: [`Proxy-Authorization: ${credentials('alice', 'INVITE', 'sip:hidden@vestibule', nonceOf(first))}`] });
        const invite = await hidden.next();
        assert.match(invite, /^INVITE sip:hidden@10\.255\.255\.1:5060 SIP/);
        assert.match(header(invite, 'From'), /<sip:alice@/);
        assert.equal(header(invite, 'Max-Forwards'), '69');
        hidden.send('SIP/2.0 486 Busy Here', ...['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${header(invite, name)}`), `To: ${header(invite, 'To')};tag=h`);
        assert.equal((await calling).status, 486);
      } finally {
        hidden.close();
      }
    }));
});
