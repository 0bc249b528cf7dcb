import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CdrRecord } from '../../src/ports/cdr.ts';
import type { Recording } from '../../src/ports/recordings.ts';
import { codeOf, must } from './house.ts';
import { OperationsHouse } from './operations-house.ts';

const at = Date.UTC(2026, 0, 1);
const untold = () => ({ events: [] });

describe('records of calls and conferences (COD-29), why (N-02)', () => {
  let house: OperationsHouse;
  let bearer: string;

  const call = (id: string, caller: string, startedAt: number): readonly CdrRecord[] => [
    { type: 'callOpened', id, at: startedAt, protocol: 'sip', callId: `${id}@x`, caller, alias: '2000' },
    { type: 'callAnswered', id, at: startedAt + 100 },
    { type: 'callAdmitted', id, roomId: 'r1', role: 'host', rule: 'host_pin' },
    { type: 'callJoined', id, at: startedAt + 5_000, conferenceId: 'k1' },
    { type: 'callClosed', id, at: startedAt + 65_000, reason: 'caller_hung_up', cause: 'BYE', fault: 'none' },
  ];

  before(async () => {
    house = await OperationsHouse.open();
    bearer = await house.api.signedIn('root', 'administrator');
    must(
      await house.api.stores.cdr.write([
        { type: 'conferenceOpened', id: 'k1', roomId: 'r1', at },
        ...call('a', 'sip:alice@example.com', at),
        ...call('b', '=HYPERLINK("http://evil")', at + 1_000),
        { type: 'callOpened', id: 'c', at: at + 2_000, protocol: 'sip', callId: 'c@x', caller: '+49301,"x"', alias: '@SUM(A1)' },
        { type: 'conferenceClosed', id: 'k1', at: at + 70_000, reason: 'emptied', peakParticipants: 2 },
      ]),
    );
  });
  after(() => house.close());

  it('pages, newest first, with filters', async () => {
    const page = (await house.api.ask('GET', '/api/v1/cdr/calls?limit=2', { bearer })).body as { items: { id: string }[]; next: string };
    assert.deepEqual(page.items.map(({ id }) => id), ['c', 'b']);
    const rest = (await house.api.ask('GET', `/api/v1/cdr/calls?limit=2&after=${encodeURIComponent(page.next)}`, { bearer })).body as { items: object[]; next?: string };
    assert.deepEqual(rest, {
      items: [
        { id: 'a', state: 'ended', protocol: 'sip', protocolId: 'a@x', caller: 'sip:alice@example.com', alias: '2000', startedAt: '2026-01-01T00:00:00.000Z', room: 'r1', conference: 'k1', role: 'moderator', rule: 'host_pin', answeredAt: '2026-01-01T00:00:00.100Z', joinedAt: '2026-01-01T00:00:05.000Z', endedAt: '2026-01-01T00:01:05.000Z', reason: 'caller_hung_up', cause: 'BYE', fault: 'none', durationSeconds: 65 },
      ],
    });
    const active = (await house.api.ask('GET', '/api/v1/calls', { bearer })).body as { items: { id: string }[] };
    assert.deepEqual(active.items.map(({ id }) => id), ['c']);
    const conferences = (await house.api.ask('GET', '/api/v1/cdr/conferences', { bearer })).body;
    assert.deepEqual(conferences, { items: [{ id: 'k1', state: 'ended', room: 'r1', startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:01:10.000Z', reason: 'emptied', durationSeconds: 70, peakParticipants: 2 }] });
  });

  it('CSV: RFC 4180 quoting, and no cell that a spreadsheet calculates', async () => {
    const reply = await house.api.ask('GET', '/api/v1/cdr/calls.csv', { bearer });
    assert.match(reply.headers.get('content-type') ?? '', /^text\/csv/);
    const [header, ...lines] = reply.text.split('\r\n');
    assert.equal(header?.split(',').slice(0, 6).join(','), 'id,state,protocol,protocolId,caller,alias');
    assert.equal(lines.filter((line) => line !== '').length, 3);
    assert.match(reply.text, /"'=HYPERLINK\(""http:\/\/evil""\)"/);
    assert.match(reply.text, /"'\+49301,""x""",'@SUM\(A1\)/);
    assert.doesNotMatch(reply.text, /(^|,|\n)"?[=@]/);
    assert.match((await house.api.ask('GET', '/api/v1/cdr/conferences.csv', { bearer })).text, /^id,state,room,/);
  });

  it('a CSV of more than one page is complete', async () => {
    must(await house.api.stores.cdr.write(Array.from({ length: 450 }, (_, index): CdrRecord => ({ type: 'callOpened', id: `m${index}`, at: at + 100_000 + index, protocol: 'sip', callId: 'x', caller: 'many', alias: '1' }))));
    const lines = (await house.api.ask('GET', '/api/v1/cdr/calls.csv?caller=many', { bearer })).text.split('\r\n');
    assert.equal(new Set(lines.filter((line) => line.startsWith('m'))).size, 450);
  });

  it('GET /calls/{id}/explain: kept decisions and those just made, once each, in order', async () => {
    const decision = (n: number, stage: 'arrival' | 'pin') => ({ callId: 'a', at: at + n, stage, rule: 'both_pins', outcome: 'askPin', inputs: { room: 'r1', hostPin: true } }) as const;
    must(await house.api.stores.decisions.add([decision(1, 'arrival')]));
    house.live.decided.push(decision(1, 'arrival'), decision(2, 'pin'));
    const reply = await house.api.ask('GET', '/api/v1/calls/a/explain', { bearer });
    assert.deepEqual(reply.body, {
      items: [
        { at: '2026-01-01T00:00:00.001Z', stage: 'arrival', rule: 'both_pins', outcome: 'askPin', inputs: { room: 'r1', hostPin: true } },
        { at: '2026-01-01T00:00:00.002Z', stage: 'pin', rule: 'both_pins', outcome: 'askPin', inputs: { room: 'r1', hostPin: true } },
      ],
    });
    assert.equal(codeOf(await house.api.ask('GET', '/api/v1/calls/none/explain', { bearer })), 'call_unknown');
    assert.deepEqual((await house.api.ask('GET', '/api/v1/calls/b/explain', { bearer })).body, { items: [] });
  });

  it('GET /calls/{id} has endpoint and media while it goes on', async () => {
    house.live.endpoints.set('c', { uri: 'sip:c', source: { address: '192.0.2.1', port: 5060, transport: 'udp' }, protocolId: 'c@x', encrypted: true, dtmf: [] });
    const reply = (await house.api.ask('GET', '/api/v1/calls/c', { bearer })).body as { endpoint: { encrypted: boolean }; statistics: { packetsLost: number } };
    assert.deepEqual([reply.endpoint.encrypted, reply.statistics.packetsLost], [true, 1]);
  });
});

describe('recordings by REST', () => {
  let house: OperationsHouse;
  let room: string;

  before(async () => {
    house = await OperationsHouse.open();
    room = (await house.room({ aliases: ['1'] })).id;
  });
  after(() => house.close());

  async function record(id: string, bytes: string, more: Partial<Recording> = {}): Promise<void> {
    mkdirSync(join(house.recordings, 'r'), { recursive: true });
    writeFileSync(join(house.recordings, 'r', `${id}.wav`), bytes);
    must(await house.api.stores.recordings.add({ id, roomId: room, conferenceId: 'k', startedAt: at, endedAt: at + 1, bytes: bytes.length, path: `r/${id}.wav`, state: 'complete', ...more }, untold));
  }

  const media = (id: string, bearer: string, headers: Readonly<Record<string, string>> = {}) => house.api.ask('GET', `/api/v1/rooms/${room}/recordings/${id}/media`, { bearer, headers });

  it('whole and by range (RFC 9110 §14)', async () => {
    await record('one', '0123456789');
    const bearer = await house.api.signedIn('root', 'administrator');
    const whole = await media('one', bearer);
    assert.deepEqual([whole.status, whole.text, whole.headers.get('content-length'), whole.headers.get('accept-ranges'), whole.headers.get('content-type')], [200, '0123456789', '10', 'bytes', 'audio/wav']);
    const rows = [
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=4-2', 200, '0123456789', null],
      ['bytes=0-1,4-5', 200, '0123456789', null],
      ['lines=1-2', 200, '0123456789', null],
    ] as const;
    for (const [range, status, text, contentRange] of rows) {
      const reply = await media('one', bearer, { range });
      assert.deepEqual([reply.status, reply.text, reply.headers.get('content-range')], [status, text, contentRange], range);
    }
    const beyond = await media('one', bearer, { range: 'bytes=10-' });
    assert.deepEqual([beyond.status, codeOf(beyond), beyond.headers.get('content-range')], [416, 'range_unsatisfiable', 'bytes */10']);
  });

  it('canRetrieveRecordings and canDeleteRecordings are asked for, one by one', async () => {
    await record('two', 'x');
    const speaker = await house.api.token({ kind: 'link', room, role: 'speaker' });
    const moderator = await house.api.token({ kind: 'link', room, role: 'moderator' });
    const path = `/api/v1/rooms/${room}/recordings/two`;
    assert.equal((await media('two', speaker)).status, 200);
    assert.equal(codeOf(await house.api.ask('DELETE', path, { bearer: speaker })), 'not_permitted');
    assert.equal(codeOf(await house.api.ask('GET', '/api/v1/recordings', { bearer: moderator })), 'not_permitted');
    assert.equal((await house.api.ask('DELETE', path, { bearer: moderator })).status, 204);
    assert.equal(existsSync(join(house.recordings, 'r', 'two.wav')), false);
    assert.equal(codeOf(await media('two', speaker)), 'recording_unknown');
  });

  it('one that is being made is neither sent nor deleted; one of another room is unknown here', async () => {
    await record('three', 'x', { state: 'active' });
    await record('four', 'x', { roomId: 'gone' });
    const bearer = await house.api.signedIn('root2', 'administrator');
    assert.equal(codeOf(await media('three', bearer)), 'recording_under_way');
    assert.equal(codeOf(await house.api.ask('DELETE', `/api/v1/rooms/${room}/recordings/three`, { bearer })), 'recording_under_way');
    assert.equal(codeOf(await media('four', bearer)), 'recording_unknown');
    assert.equal((await house.api.ask('GET', '/api/v1/recordings/four/media', { bearer })).text, 'x');
  });

  it('a path that leads out of the folder is no file', async () => {
    await record('five', 'x', { path: '../five.wav' });
    const bearer = await house.api.signedIn('root3', 'administrator');
    assert.equal(codeOf(await media('five', bearer)), 'recording_file_missing');
  });
});

describe('/metrics', () => {
  it('tells figures to the addresses allowed and to keys with system:read, and counts what happened', async () => {
    const house = await OperationsHouse.open();
    const { metrics } = house;
    metrics.call({ type: 'callOpened', id: 'a', at, protocol: 'sip', callId: 'x', caller: 'sip:secret-caller@example.com', alias: '1' });
    metrics.call({ type: 'callJoined', id: 'a', at: at + 3_000, conferenceId: 'k' });
    metrics.call({ type: 'callClosed', id: 'a', at: at + 4_000, reason: 'kicked', cause: '', fault: '' });
    metrics.decision({ callId: 'a', at, stage: 'pin', rule: 'wrong_pin', outcome: 'wrong', inputs: {} });
    await house.api.ask('GET', '/healthz');
    await house.api.ask('GET', '/no/such/path/of/ours');
    const { text, status } = await house.api.ask('GET', '/metrics');
    assert.equal(status, 200);
    for (const line of ['vestibule_calls_total 1', 'vestibule_calls_ended_total{reason="kicked"} 1', 'vestibule_pin_entries_total{outcome="wrong"} 1', 'vestibule_call_setup_seconds_bucket{le="5"} 1', 'vestibule_event_lag_seconds 0', 'vestibule_http_request_seconds_count{route="/healthz",method="GET",status="2xx"} 1', 'vestibule_http_request_seconds_count{route="none",method="GET",status="4xx"} 1'])
      assert.ok(text.split('\n').some((each) => each === line), `${line}\n${text.split('\n').filter((each) => each.startsWith('vestibule')).join('\n')}`);
    assert.doesNotMatch(text, /secret-caller|no\/such/);
    house.metricsClients.clear();
    assert.equal(codeOf(await house.api.ask('GET', '/metrics')), 'not_permitted');
    assert.equal((await house.api.ask('GET', '/metrics', { bearer: await house.api.signedIn('root', 'administrator') })).status, 200);
    assert.equal((await house.api.ask('GET', '/metrics', { bearer: await house.api.signedIn('vera', 'full_control') })).status, 403);
    await house.close();
  });
});
