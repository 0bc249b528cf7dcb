/** Spoiled SIP messages: a generator with a seed, so that a case that fails can be made again. */

/** Mulberry32: 32 bits of state, the same numbers from the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= n < sides. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }

  pick<T>(from: readonly T[]): T {
    const item = from[this.roll(from.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

/** What a message is about, so that the cases do not meet in one transaction. */
export interface Case {
  readonly number: number;
  readonly method: string;
  readonly port: number;
}

const SDP = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000'];
const NASTY = ['', ' ', '\t', '\0', '%', '%00', '%2', '%zz', '"', '\\', '<', '>', ';', ',', ':', '@', '[', ']', '[::1', '\r', '\n', '\r\n ', '\r\n\r\n', '\xff\xfe', 'é', '-1', '0', '4294967296', '99999999999999999999', '%s%n', '..', "'", '&', '|', '#'];

function lines({ number, method, port }: Case): string[] {
  return [
    `${method} sip:1000@vestibule.example SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-f${number};rport`,
    'Max-Forwards: 70',
    `From: "fuzz" <sip:fuzz@127.0.0.1:${port}>;tag=f${number}`,
    'To: <sip:1000@vestibule.example>',
    `Call-ID: fuzz-${number}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:fuzz@127.0.0.1:${port}>`,
    'Supported: 100rel, timer',
    'Session-Expires: 1800',
  ];
}

function assemble(head: readonly string[], body: string): Buffer {
  return Buffer.from([...head, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`, '', body].join('\r\n'), 'latin1');
}

function splice(dice: Dice, text: string, what: string): string {
  const at = dice.roll(text.length + 1);
  return text.slice(0, at) + what + text.slice(at + dice.roll(4));
}

function multipart(boundary: string, parts: readonly string[]): string {
  return `${parts.map((part) => `--${boundary}\r\nContent-Type: application/sdp\r\n\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
}

/** Spoils one thing each, named. */
const MUTATIONS: Readonly<Record<string, (dice: Dice, of: Case) => Buffer>> = {
  header: (dice, of) => {
    const head = lines(of);
    const at = dice.roll(head.length);
    return assemble(head.with(at, splice(dice, head[at] ?? '', dice.pick(NASTY))), SDP.join('\r\n'));
  },
  'long value': (dice, of) => {
    const head = lines(of);
    const at = dice.roll(head.length);
    return assemble(head.with(at, splice(dice, head[at] ?? '', dice.pick(['a', ';', '%41', '"', '<', ',', ' ']).repeat(1 << dice.roll(13)))), '');
  },
  'many headers': (dice, of) => assemble([...lines(of), ...new Array<string>(dice.roll(300)).fill(dice.pick(['X: y', 'Via: SIP/2.0/UDP a;branch=b', 'Record-Route: <sip:a;lr>', 'Require: 100rel', 'Contact: <sip:a@b>', ' folded']))], ''),
  'line gone or doubled': (dice, of) => {
    const head = lines(of);
    const at = dice.roll(head.length);
    return assemble(dice.roll(2) === 0 ? head.toSpliced(at, 1) : head.toSpliced(at, 0, head[at] ?? ''), SDP.join('\r\n'));
  },
  sdp: (dice, of) => {
    const at = dice.roll(SDP.length);
    return assemble([...lines(of), 'Content-Type: application/sdp'], SDP.with(at, splice(dice, SDP[at] ?? '', dice.pick(NASTY))).join('\r\n'));
  },
  // RFC 2046 §5.1.1 allows 70 characters; a longer one has crashed other stacks.
  multipart: (dice, of) => {
    const boundary = dice.pick(['a', '=', '-', '"', ' ']).repeat(1 + dice.roll(300));
    return assemble([...lines(of), `Content-Type: multipart/mixed;boundary="${boundary}"`], multipart(boundary, new Array<string>(dice.roll(20)).fill(SDP.join('\r\n'))));
  },
  via: (dice, of) => {
    const vias = new Array<string>(1 + dice.roll(80)).fill(`SIP/2.0/UDP ${dice.pick(['127.0.0.1', '[::1]', '[', 'a..b', '-', '256.1.1.1', 'x'.repeat(300)])}:${dice.pick(['5060', '0', '99999', '', '-1'])};branch=z9hG4bK${dice.roll(9)}`);
    return assemble(lines(of).with(1, `Via: ${vias.join(',')}`), '');
  },
  escapes: (dice, of) => {
    const escaped = Array.from({ length: 1 + dice.roll(200) }, () => dice.pick(['%00', '%0d%0a', '%25', '%', '%4', '%zz', '%C3%A9', '%FF'])).join('');
    return assemble(lines(of).with(0, `${of.method} sip:${escaped}@vestibule.example;p=${escaped}?h=${escaped} SIP/2.0`), '');
  },
  length: (dice, of) => Buffer.from([...lines(of), `Content-Length: ${dice.pick(['-1', '9', '99999999999', '1e3', '0x10', ' ', '3 3', '0'])}`, '', 'body'].join('\r\n'), 'latin1'),
  bytes: (dice, of) => {
    const bytes = assemble(lines(of), SDP.join('\r\n'));
    for (let count = 1 + dice.roll(20); count > 0; count -= 1) bytes[dice.roll(bytes.length)] = dice.roll(256);
    return bytes;
  },
  cut: (dice, of) => {
    const bytes = assemble(lines(of), SDP.join('\r\n'));
    return bytes.subarray(0, dice.roll(bytes.length));
  },
  noise: (dice) => Buffer.from(Array.from({ length: dice.roll(600) }, () => dice.roll(256))),
};

const METHODS = ['INVITE', 'INVITE', 'INVITE', 'OPTIONS', 'REGISTER', 'MESSAGE', 'BYE', 'CANCEL', 'ACK', 'PRACK', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'INFO', 'PUBLISH', 'FOO'];

export const mutations = Object.keys(MUTATIONS);

export function mutant(dice: Dice, number: number, port: number): { readonly name: string; readonly bytes: Buffer } {
  const name = dice.pick(mutations);
  const make = MUTATIONS[name];
  if (make === undefined) throw new Error(`no mutation ${name}`);
  return { name, bytes: make(dice, { number, method: dice.pick(METHODS), port }) };
}
