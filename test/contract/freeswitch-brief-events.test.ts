/** The row "an INVITE with `X-Vestibule-Events: brief`": short events, with which the library does all that it does with full ones. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { nothingLeft, openLab, ours, recordSocket, type Lab } from './freeswitch-lab.ts';
import type { Headers } from './freeswitch-raw-esl.ts';

describe('brief events', { timeout: 30_000, ...ours }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab.close());

  it('name the server, the channel and what happened, and nothing else', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.ms.createEndpoint({ remoteSdp: peer.sdp(), headers: { 'X-Vestibule-Events': 'brief' } });
    assert.deepEqual([endpoint.local.mediaIp, endpoint.remote.sdp, endpoint.dtmfType], ['127.0.0.1', peer.sdp(), 'rfc2833']);
    assert.match(endpoint.local.sdp, /^v=0\r\n/);
    const written = recordSocket(endpoint);
    await endpoint.api('uuid_setvar_multi', [endpoint.uuid, 'a=1;b=2']);
    await endpoint.play('silence_stream://20');
    const digit = once(endpoint, 'dtmf');
    await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 7`);
    await digit;
    const { memberId } = await endpoint.join('brief');
    assert.ok(memberId > 0);
    await endpoint.destroy();
    await nothingLeft(lab);
    const events = written().flatMap(({ headers, body }) => (headers['Content-Type'] === 'text/event-json' ? [JSON.parse(body) as Headers] : []));
    const frame = ['Event-Name', 'Core-UUID', 'Unique-ID', 'Channel-Call-State'];
    const names = (name: string, action?: string): readonly string[] => Object.keys(events.find((event) => event['Event-Name'] === name && event.Action === action) ?? {});
    assert.deepEqual(names('DTMF'), [...frame, 'DTMF-Digit', 'DTMF-Duration', 'DTMF-Source']);
    assert.deepEqual(names('PLAYBACK_STOP'), [...frame, 'Playback-File-Path', 'Playback-Status']);
    assert.deepEqual(names('CHANNEL_EXECUTE_COMPLETE'), [...frame, 'Application', 'Application-Data', 'Application-Response', 'Application-UUID']);
    assert.ok(['Event-Subclass', ...frame, 'Conference-Name', 'Conference-Unique-ID', 'Member-ID', 'Action'].every((name) => names('CUSTOM', 'add-member').includes(name)));
    assert.ok(events.every((event) => Object.keys(event).every((name) => !/^(variable_|Caller-|Event-Date|FreeSWITCH-)/.test(name))));
    assert.equal(events.find((event) => event['Channel-Call-State'] === 'HANGUP')?.['Hangup-Cause'], 'NORMAL_CLEARING');
  });

  it('leave out of the channel nothing but its events', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.ms.createEndpoint({ remoteSdp: peer.sdp(), headers: { 'X-Vestibule-Events': 'brief' } });
    const variables = await endpoint.getChannelVariables(false);
    assert.equal(variables['variable_sip_h_X-Vestibule-Events'], 'brief');
    assert.equal(variables['Caller-Unique-ID'], endpoint.uuid);
    await endpoint.destroy();
    await nothingLeft(lab);
  });
});
