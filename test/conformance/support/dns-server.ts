/** A DNS server (RFC 1035) for tests: UDP on loopback, records from a table, everything else does not exist. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';

export type DnsRecord =
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: 'NAPTR'; readonly order: number; readonly preference: number; readonly flags: string; readonly service: string; readonly replacement: string };

const TYPES: Readonly<Record<DnsRecord['type'], number>> = { A: 1, SRV: 33, NAPTR: 35 };
const NOT_THERE = 3;

export class DnsServer {
  readonly #socket: Socket = createSocket('udp4');
  readonly #records: Readonly<Record<string, readonly DnsRecord[]>>;
  /** `SRV _sip._udp.example.com` and so on, as asked. */
  readonly asked: string[] = [];

  private constructor(records: Readonly<Record<string, readonly DnsRecord[]>>) {
    this.#records = records;
    this.#socket.on('message', (query, { port, address }) => this.#socket.send(this.#answer(query), port, address));
  }

  static async start(records: Readonly<Record<string, readonly DnsRecord[]>>): Promise<DnsServer> {
    const server = new DnsServer(records);
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    const known = this.#records[name];
    const found = (known ?? []).filter((record) => TYPES[record.type] === type);
    this.asked.push(`${Object.entries(TYPES).find(([, code]) => code === type)?.[0] ?? String(type)} ${name}`);
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | (known === undefined ? NOT_THERE : 0), 2);
    head.writeUInt16BE(found.length, 6);
    head.writeUInt16BE(0, 8);
    head.writeUInt16BE(0, 10);
    return Buffer.concat([head, query.subarray(12, at + 5), ...found.map((record) => resource(type, dataOf(record)))]);
  }
}

/** Its name is the one asked for, which stands at offset 12. */
function resource(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(record: DnsRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'SRV':
      return Buffer.concat([numbers(record.priority, record.weight, record.port), domain(record.target)]);
    case 'NAPTR':
      return Buffer.concat([numbers(record.order, record.preference), text(record.flags), text(record.service), text(''), domain(record.replacement)]);
  }
}

const numbers = (...values: readonly number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const domain = (name: string): Buffer => Buffer.concat([...name.split('.').filter((label) => label !== '').map(text), Buffer.from([0])]);
