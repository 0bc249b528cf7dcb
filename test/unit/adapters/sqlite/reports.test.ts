import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision } from '../../../../src/domain/decision.ts';
import type { RoomEvent } from '../../../../src/domain/events.ts';
import type { AuditEntry } from '../../../../src/ports/audit.ts';
import type { KeptCall, KeptConference } from '../../../../src/ports/live-state.ts';
import type { Recording } from '../../../../src/ports/recordings.ts';
import { codeOf, Folder, made, must, untold } from './fixture.ts';

describe('the audit log', () => {
  const entry = (at: number, actor: string, action = 'room.change', object = 'room:1'): AuditEntry => ({ at, actor, from: '192.0.2.1', action, object, before: { name: 'A' }, after: { name: 'B' } });

  it('is read newest first, by page and by who, what, on what and when', async (t) => {
    const { audit } = await new Folder(t).open();
    for (const each of [entry(1, 'user:a'), entry(2, 'user:b'), entry(3, 'user:a', 'user.add', 'user:c'), entry(4, 'local')]) must(await audit.add(each));
    const times = async (query: object) => must(await audit.list({ limit: 10, ...query })).items.map(({ at }) => at);
    assert.deepEqual([await times({}), await times({ actor: 'user:a' }), await times({ action: 'user.add' }), await times({ object: 'room:1' }), await times({ from: 2, to: 4 })], [[4, 3, 2, 1], [3, 1], [3], [4, 2, 1], [3, 2]]);
    const one = must(await audit.list({ limit: 3 }));
    must(await audit.add(entry(5, 'local')));
    assert.deepEqual(must(await audit.list({ limit: 3, after: one.next! })).items, [{ ...entry(1, 'user:a'), seq: 1 }]);
    assert.equal(must(await audit.prune(3, 9)), 2);
  });

  it('tells nothing from null', async (t) => {
    const { audit } = await new Folder(t).open();
    const { before, ...created } = entry(1, 'local');
    must(await audit.add({ ...created, after: null }));
    assert.deepEqual([before, must(await audit.list({ limit: 1 })).items[0]], [{ name: 'A' }, { ...created, after: null, seq: 1 }]);
  });
});

describe('webhooks', () => {
  const event = (roomId: string): RoomEvent => ({ type: 'conference.opened', at: 1, roomId, data: {} });

  it('begin after the newest event, and are changed by version', async (t) => {
    const folder = new Folder(t);
    const { webhooks, events } = await folder.open();
    must(await events.append([event('a'), event('a')]));
    const added = must(await webhooks.add({ url: 'https://example.com/hook', events: ['conference.opened'], rooms: ['a'], state: 'active' }, 'hush-hush-hush', untold));
    assert.deepEqual({ ...added, id: '' }, { id: '', url: 'https://example.com/hook', events: ['conference.opened'], rooms: ['a'], state: 'active', cursor: 2, failures: 0, createdAt: made, version: 1 });
    assert.deepEqual(must(await webhooks.all()), [added]);
    const paused = must(await webhooks.change(added.id, 1, { settings: { url: added.url, state: 'paused' }, secret: 'other-secret' }, untold));
    assert.deepEqual([paused.state, paused.events, paused.version, must(await webhooks.secret(added.id))], ['paused', undefined, 2, 'other-secret']);
    assert.equal(codeOf(await webhooks.change(added.id, 1, {}, untold)), 'version_conflict');
    assert.ok(!folder.bytes().includes('hush-hush-hush') && !folder.bytes().includes('other-secret'), 'no secret in clear in the files');
  });

  it('keep how far they are, and what was given up, with it', async (t) => {
    const { webhooks, events } = await new Folder(t).open();
    const { id } = must(await webhooks.add({ url: 'https://example.com', state: 'active' }, 'secret', untold));
    const stored = must(await events.append([event('a'), event('b'), event('c')]));
    must(await webhooks.progress(id, { cursor: 0, failures: 3, nextAttemptAt: 99 }, []));
    assert.deepEqual([must(await webhooks.byId(id))?.failures, must(await webhooks.byId(id))?.nextAttemptAt], [3, 99]);
    const dead = stored.map((each) => ({ ...each, at: 7, problem: 'HTTP 500' }));
    must(await webhooks.progress(id, { cursor: 3, failures: 0 }, dead));
    assert.deepEqual([must(await webhooks.byId(id))?.cursor, must(await webhooks.byId(id))?.nextAttemptAt], [3, undefined]);
    const one = must(await webhooks.deadLetters(id, { limit: 2 }));
    assert.deepEqual([...one.items, ...must(await webhooks.deadLetters(id, { limit: 2, after: one.next! })).items], dead);
    assert.deepEqual([must(await webhooks.dropDeadLetters(id, [1])), must(await webhooks.dropDeadLetters(id))], [1, 2]);
    must(await webhooks.progress(id, { cursor: 3, failures: 0 }, dead));
    assert.deepEqual([must(await webhooks.prune(7, 9)), must(await webhooks.prune(8, 2)), must(await webhooks.prune(8, 2))], [0, 2, 1]);
    must(await webhooks.progress('gone', { cursor: 1, failures: 0 }, dead));
    must(await webhooks.progress(id, { cursor: 3, failures: 0 }, dead));
    must(await webhooks.remove(id, untold));
    assert.deepEqual([codeOf(await webhooks.remove(id, untold)), codeOf(await webhooks.change(id, undefined, {}, untold)), must(await webhooks.deadLetters(id, { limit: 9 })).items, must(await webhooks.secret(id))], ['webhook_unknown', 'webhook_unknown', [], undefined]);
  });
});

describe('API keys', () => {
  it('are found by their hash until they expire or are revoked', async (t) => {
    const { apiKeys } = await new Folder(t).open();
    const added = must(await apiKeys.add({ id: 'k', name: 'Portal', prefix: 'vk_ab', scopes: ['rooms'], createdBy: 'user:alice', createdAt: 1, expiresAt: 100 }, 'hash', untold));
    assert.deepEqual([must(await apiKeys.byHash('hash', 99)), must(await apiKeys.byHash('hash', 100)), must(await apiKeys.byHash('x', 1))], [added, undefined, undefined]);
    must(await apiKeys.touch('k', 50));
    assert.deepEqual(must(await apiKeys.list({ limit: 9 })), { items: [{ ...added, lastUsedAt: 50 }] });
    must(await apiKeys.remove('k', untold));
    assert.deepEqual([codeOf(await apiKeys.remove('k', untold)), must(await apiKeys.byHash('hash', 1))], ['api_key_unknown', undefined]);
  });
});

describe('idempotency keys', () => {
  const request = { actor: 'user:alice', key: 'k', requestHash: 'h' };

  it('let a request be carried out once', async (t) => {
    const { idempotency } = await new Folder(t).open();
    const claim = async (change: object = {}, now = 1) => must(await idempotency.claim({ ...request, ...change }, now, now + 100));
    assert.deepEqual([await claim(), await claim(), await claim({ requestHash: 'other' }), await claim({ actor: 'user:bob' })].map(({ kind }) => kind), ['claimed', 'under_way', 'mismatch', 'claimed']);
    must(await idempotency.finish(request, { status: 201, body: '{}' }));
    must(await idempotency.release(request));
    assert.deepEqual(await claim(), { kind: 'answered', answer: { status: 201, body: '{}' } });
    assert.equal((await claim({}, 101)).kind, 'claimed', 'forgotten after its time');
  });

  it('are free again when nothing came of it, also by a crash', async (t) => {
    const { idempotency } = await new Folder(t).open();
    const claim = async () => must(await idempotency.claim(request, 1, 100)).kind;
    await claim();
    must(await idempotency.release(request));
    assert.equal(await claim(), 'claimed');
    must(await idempotency.releaseLeftOpen());
    assert.equal(await claim(), 'claimed');
    assert.equal(must(await idempotency.prune(100, 9)), 1);
  });
});

describe('decisions', () => {
  it('are kept in order, by call', async (t) => {
    const { decisions } = await new Folder(t).open();
    const decision = (callId: string, stage: Decision['stage'], at: number): Decision => ({ callId, at, stage, rule: 'both_pins', outcome: 'askPin', inputs: { open: true, source: '192.0.2.1', room: null } });
    must(await decisions.add([decision('a', 'arrival', 1), decision('b', 'arrival', 2), decision('a', 'pin', 3)]));
    assert.deepEqual(must(await decisions.ofCall('a')), [decision('a', 'arrival', 1), decision('a', 'pin', 3)]);
    assert.deepEqual([must(await decisions.prune(3, 9)), must(await decisions.ofCall('a')).length], [2, 1]);
  });
});

describe('recordings', () => {
  const recording = (id: string, change: Partial<Recording> = {}): Recording => ({ id, roomId: 'r', conferenceId: 'c', startedAt: 1, bytes: 0, path: `r/${id}.wav`, state: 'active', ...change });

  it('are listed newest first, changed, summed up and removed', async (t) => {
    const { recordings } = await new Folder(t).open();
    assert.equal(must(await recordings.totalBytes()), 0);
    for (const id of ['a', 'b', 'c']) must(await recordings.add(recording(id, { roomId: id === 'b' ? 's' : 'r' }), untold));
    const found = async (query: object) => must(await recordings.list({ limit: 9, ...query })).items.map(({ id }) => id);
    const done = must(await recordings.change('a', { state: 'complete', endedAt: 50, bytes: 4_000_000_000 }, untold));
    assert.deepEqual(done, recording('a', { state: 'complete', endedAt: 50, bytes: 4_000_000_000 }));
    must(await recordings.change('b', { bytes: 1 }, untold));
    assert.deepEqual([await found({}), await found({ room: 'r' }), await found({ state: 'complete' }), must(await recordings.totalBytes())], [['c', 'b', 'a'], ['c', 'a'], ['a'], 4_000_000_001]);
    assert.deepEqual([must(await recordings.endedBefore(50, 9)), must(await recordings.endedBefore(51, 9))], [[], [done]]);
    assert.deepEqual(must(await recordings.remove(['a', 'x'], untold)), [done]);
    assert.deepEqual([must(await recordings.byId('a')), codeOf(await recordings.change('a', { bytes: 2 }, untold))], [undefined, 'recording_unknown']);
  });
});

describe('live state', () => {
  const caller = { name: 'Ann', number: '17', uri: 'sip:17@example.com', source: { address: '192.0.2.1', port: 5060, transport: 'udp' } };
  const call = (callId: string, change: Partial<KeptCall> = {}): KeptCall => ({ callId, roomId: 'r', protocol: 'sip', protocolId: 'x', aliases: ['1000'], caller, since: 1, dialog: 'x;from-tag=y', endpoint: 'uuid', deadlines: { longest: 99 }, ...change });
  const state = { access: 'closed', lock: 'unlocked', guests: 'free', participants: [], guestsOnly: undefined, lone: 'off', schedule: undefined } as const;
  const conference: KeptConference = { roomId: 'r', record: { id: 'c', peak: 2 }, state: { ...state, guestsOnly: { cutAt: 1, warnings: [] }, schedule: { at: 'early', start: 1 } }, deadlines: { lone: 7 } };

  it('is there after a crash: the newest of each call and room', async (t) => {
    const folder = new Folder(t);
    const { live } = await folder.open();
    const inside = call('a', { endpoint: 'another' });
    must(await live.write([{ type: 'conference', conference: { ...conference, deadlines: {} } }, { type: 'call', call: call('a') }, { type: 'call', call: call('b') }, { type: 'call', call: inside }, { type: 'callGone', callId: 'b' }, { type: 'conference', conference }]));
    const again = await folder.open();
    assert.deepEqual(must(await again.live.read()), { conferences: [conference], calls: [inside] });
    must(await live.write([{ type: 'conferenceGone', roomId: 'r' }]));
    must(await live.clear());
    assert.deepEqual(must(await again.live.read()), { conferences: [], calls: [] });
  });
});

describe('call records', () => {
  it('are listed newest first and filtered, and pages stay as they are when calls come in', async (t) => {
    const { cdr } = await new Folder(t).open();
    const call = (id: string, at: number) => ({ type: 'callOpened', id, at, protocol: 'sip', callId: `${id}@x`, caller: `sip:${id}@example.com`, alias: '1' }) as const;
    must(await cdr.write([call('a', 1), call('b', 2), call('c', 2), call('d', 3), { type: 'callAdmitted', id: 'a', roomId: 'r', role: 'host', rule: 'host_pin' }, { type: 'callAnswered', id: 'a', at: 2 }, { type: 'callJoined', id: 'a', at: 3, conferenceId: 'k' }, { type: 'callClosed', id: 'a', at: 9, reason: 'caller_hung_up', cause: 'BYE', fault: 'caller' }, { type: 'conferenceOpened', id: 'k', roomId: 'r', at: 3 }]));
    const found = async (query: object) => must(await cdr.calls({ limit: 9, ...query })).items.map(({ id }) => id);
    assert.deepEqual([await found({}), await found({ room: 'r' }), await found({ conference: 'k' }), await found({ from: 2, to: 3 }), await found({ state: 'open' }), await found({ state: 'ended' }), await found({ caller: 'B@EX' })], [['d', 'c', 'b', 'a'], ['a'], ['a'], ['c', 'b'], ['d', 'c', 'b'], ['a'], ['b']]);
    const one = must(await cdr.calls({ limit: 2 }));
    must(await cdr.write([call('e', 4)]));
    assert.deepEqual(must(await cdr.calls({ limit: 2, after: one.next! })).items.map(({ id }) => id), ['b', 'a']);
    assert.deepEqual(must(await cdr.call('a')), { id: 'a', protocol: 'sip', callId: 'a@x', caller: 'sip:a@example.com', alias: '1', startedAt: 1, roomId: 'r', conferenceId: 'k', role: 'host', rule: 'host_pin', answeredAt: 2, joinedAt: 3, end: { at: 9, reason: 'caller_hung_up', cause: 'BYE', fault: 'caller' } });
    assert.deepEqual([must(await cdr.conferences({ limit: 9, room: 'r' })).items, must(await cdr.conferences({ limit: 9, state: 'ended' })).items, must(await cdr.call('x'))], [[{ id: 'k', roomId: 'r', startedAt: 3 }], [], undefined]);
    assert.deepEqual([must(await cdr.prune(10, 9)), await found({})], [1, ['e', 'd', 'c', 'b']]);
  });
});
