import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RoomEvent } from '../../src/domain/events.ts';
import { FakeClock, settle } from '../fakes/clock.ts';
import { codeOf, must } from '../http/house.ts';
import { OperationsHouse } from '../http/operations-house.ts';

interface Got {
  readonly body: { readonly id: number; readonly seq?: number; readonly type: string };
  readonly text: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** A receiver of webhooks on a real socket, that can be killed and started again on its port. */
class Receiver {
  readonly got: Got[] = [];
  answer = 200;
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (text += chunk));
      request.on('end', () => {
        if (this.answer < 300) this.got.push({ text, body: JSON.parse(text) as Got['body'], headers: request.headers as Got['headers'] });
        response.writeHead(this.answer).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }
}

describe('webhooks (OVD-12, PXD-33, N-16)', () => {
  let clock: FakeClock;
  let house: OperationsHouse;
  let receiver: Receiver;
  let bearer: string;
  let room: string;

  beforeEach(async () => {
    clock = new FakeClock();
    house = await OperationsHouse.open({ scheduler: clock });
    receiver = new Receiver();
    await receiver.start();
    bearer = await house.api.signedIn('root', 'administrator');
    room = (await house.room({ aliases: ['1'] })).id;
  });
  afterEach(async () => {
    await house.close();
    await receiver.kill();
  });

  const make = async (more: object = {}): Promise<{ readonly id: string; readonly secret: string }> => {
    const reply = await house.api.ask('POST', '/api/v1/webhooks', { bearer, body: { url: receiver.url, ...more } });
    assert.equal(reply.status, 201, reply.text);
    const { webhook, secret } = reply.body as { webhook: { id: string }; secret: string };
    return { id: webhook.id, secret };
  };

  const happen = async (count: number, roomId = room): Promise<void> => {
    await house.happen(...Array.from({ length: count }, (_, index): RoomEvent => ({ type: 'participant.renamed', at: clock.now(), roomId, callId: 'c1', data: { name: `n${index}` } })));
    await clock.advance(10);
  };

  const until = async (reached: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await reached())) await settle();
  };

  const kept = async (id: string) => must(await house.api.stores.webhooks.byId(id));

  it('sends each event once, in order, signed over timestamp and body', async () => {
    const { secret } = await make();
    await happen(5);
    await until(() => receiver.got.length >= 5);
    assert.deepEqual(receiver.got.map(({ body }) => body.seq), [1, 2, 3, 4, 5]);
    for (const { text, headers } of receiver.got) {
      assert.equal(headers['x-timestamp'], String(clock.now()));
      assert.equal(headers['x-signature'], createHmac('sha256', secret).update(`${headers['x-timestamp'] ?? ''}.${text}`).digest('hex'));
    }
  });

  it('a receiver that was down for five minutes gets everything, in order, once it is back', async () => {
    const { id } = await make();
    await happen(3);
    await until(() => receiver.got.length >= 3);
    await receiver.kill();
    const downAt = clock.now();
    while (clock.now() < downAt + 300_000) {
      await happen(1);
      await until(async () => ((await kept(id))?.nextAttemptAt ?? 0) > clock.now());
      await clock.advance(((await kept(id))?.nextAttemptAt ?? 0) - clock.now());
    }
    const happened = 3 + must(await house.api.stores.events.afterInRoom(room, 3, 1_000)).length;
    await receiver.start();
    await until(async () => {
      await clock.advance(1_000);
      return receiver.got.length >= happened;
    });
    assert.deepEqual(receiver.got.map(({ body }) => body.seq), Array.from({ length: happened }, (_, index) => index + 1));
    assert.ok(happened >= 10, `${happened} events while it was down`);
  });

  it('waits longer after each failure, up to a bound: 1, 2, 4, ... 60 s', async () => {
    const { id } = await make();
    receiver.answer = 500;
    await happen(1);
    const waits: number[] = [];
    for (let tries = 1; tries <= 8; tries++) {
      await until(async () => (await kept(id))?.failures === tries);
      const wait = ((await kept(id))?.nextAttemptAt ?? 0) - clock.now();
      waits.push(wait);
      await clock.advance(wait);
    }
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('gives an event up after its tries, keeps it as a dead letter, and goes on with the next', async () => {
    const { id } = await make();
    receiver.answer = 500;
    await happen(2);
    await until(async () => {
      await clock.advance(60_000);
      return must(await house.api.stores.webhooks.deadLetters(id, { limit: 10 })).items.length > 0;
    });
    receiver.answer = 200;
    await until(async () => {
      await clock.advance(60_000);
      return receiver.got.length > 0;
    });
    assert.equal(receiver.got[0]?.body.seq, 2);
    const letters = await house.api.ask('GET', `/api/v1/webhooks/${id}/dead-letters`, { bearer });
    assert.deepEqual((letters.body as { items: { seq: number; problem: string }[] }).items.map(({ seq, problem }) => [seq, problem]), [[1, 'answered 500']]);
    assert.equal((await house.api.ask('DELETE', `/api/v1/webhooks/${id}/dead-letters`, { bearer })).status, 204);
  });

  it('sends again from an event on (replay)', async () => {
    const { id } = await make();
    await happen(4);
    await until(() => receiver.got.length >= 4);
    const second = receiver.got[1]?.body.id ?? 0;
    assert.equal((await house.api.ask('POST', `/api/v1/webhooks/${id}/replay`, { bearer, body: { after: second } })).status, 202);
    await until(() => receiver.got.length >= 6);
    assert.deepEqual(receiver.got.map(({ body }) => body.seq), [1, 2, 3, 4, 3, 4]);
  });

  it('only the types and rooms asked for; paused, nothing; then what happened meanwhile', async () => {
    const other = (await house.room({ aliases: ['2'] })).id;
    const { id } = await make({ rooms: [other], events: ['participant.renamed'] });
    await happen(2);
    await happen(1, other);
    await house.happen({ type: 'conference.opened', at: clock.now(), roomId: other, data: {} });
    await clock.advance(10);
    await until(() => receiver.got.length >= 1);
    assert.equal((await house.api.ask('PATCH', `/api/v1/webhooks/${id}`, { bearer, body: { state: 'paused' } })).status, 200);
    await happen(2, other);
    await settle();
    assert.deepEqual(receiver.got.map(({ body }) => body.type), ['participant.renamed']);
    await house.api.ask('PATCH', `/api/v1/webhooks/${id}`, { bearer, body: { state: 'active' } });
    await until(() => receiver.got.length >= 3);
    assert.equal(receiver.got.length, 3);
  });

  it('a test call tells what came of it', async () => {
    const { id } = await make();
    assert.deepEqual((await house.api.ask('POST', `/api/v1/webhooks/${id}/test`, { bearer })).body, { outcome: 'delivered', status: 200 });
    assert.equal(receiver.got[0]?.body.type, 'webhook.test');
    receiver.answer = 503;
    assert.deepEqual((await house.api.ask('POST', `/api/v1/webhooks/${id}/test`, { bearer })).body, { outcome: 'failed', status: 503, problem: 'answered 503' });
  });

  it('the secret is shown once, and is neither in the audit log nor in what is answered later', async () => {
    const { id } = await make({ secret: 'a-secret-of-sixteen' });
    const seen = [(await house.api.ask('GET', `/api/v1/webhooks/${id}`, { bearer })).text, (await house.api.ask('GET', '/api/v1/webhooks', { bearer })).text, (await house.api.ask('GET', '/api/v1/audit', { bearer })).text, house.api.log.join('')];
    for (const text of seen) assert.doesNotMatch(text, /a-secret-of-sixteen/);
  });

  it('refuses addresses that are not http or https, and unknown types, with the field', async () => {
    for (const url of ['ftp://example.com/x', 'file:///etc/passwd', 'nonsense', 'http://user:pass@example.com/']) assert.equal(codeOf(await house.api.ask('POST', '/api/v1/webhooks', { bearer, body: { url } })), 'webhook_url_invalid', url);
    assert.equal(codeOf(await house.api.ask('POST', '/api/v1/webhooks', { bearer, body: { url: receiver.url, events: ['room.exploded'] } })), 'event_type_unknown');
  });
});

describe('webhooks to addresses inside', () => {
  it('are refused where the configuration does not allow them, by name as by address', async () => {
    const house = await OperationsHouse.open({ privateAddresses: 'refused' });
    const bearer = await house.api.signedIn('root', 'administrator');
    for (const url of ['http://127.0.0.1:1/', 'http://localhost:1/', 'http://[::1]:1/', 'http://[::ffff:10.0.0.1]:1/', 'http://169.254.169.254/', 'http://10.1.2.3/', 'http://0x7f000001:1/']) {
      const made = await house.api.ask('POST', '/api/v1/webhooks', { bearer, body: { url } });
      const { id } = (made.body as { webhook: { id: string } }).webhook;
      const tested = await house.api.ask('POST', `/api/v1/webhooks/${id}/test`, { bearer });
      assert.match(tested.text, /private address/, url);
    }
    await house.close();
  });
});
