/** E02, E03, E12, E13: endpoints, their media and their ends, as the unchanged drachtio-fsmrf sees them. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { differs, nothingLeft, openLab, ours, recordSocket, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import { frames, label } from './freeswitch-raw-esl.ts';
import { RtpPeer } from './freeswitch-rtp-peer.ts';

/** The Reason header of the BYE the media server sends, as the application gets it. */
async function reasonOfBye(endpoint: LibraryEndpoint): Promise<string> {
  const [bye] = (await once(endpoint.dialog, 'destroy')) as [{ get(name: string): string }];
  return bye.get('Reason');
}

describe('media server and drachtio-fsmrf: endpoints', { timeout: 60_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(async () => {
    await lab.close();
  });

  it('E01, D-6: mrf.connect finds the SIP address in `sofia status`', ours, () => {
    assert.equal(lab.ms.sip.ipv4.udp.address, lab.mediaServer.sipAddress);
  });

  it('E02: an offer is answered as FreeSWITCH answers it, and CHANNEL_DATA tells both sides', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    const { local, remote } = endpoint;
    assert.equal(endpoint.connected, true);
    assert.equal(endpoint.dtmfType, 'rfc2833');
    assert.equal(remote.sdp, peer.sdp());
    assert.deepEqual([local.mediaIp, remote.mediaPort], ['127.0.0.1', String(peer.port)]);
    assert.equal(
      local.sdp.replace(/FreeSWITCH \d+ \d+/, 'FreeSWITCH # #'),
      `v=0\r\no=FreeSWITCH # # IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${local.mediaPort} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n`,
    );
    await peer.hears(5);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('E02: endpoint.destroy: hangup completes, then socket, then HANGUP, then the notice; the cause is in each', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const written = recordSocket(endpoint);
    const reason = reasonOfBye(endpoint);
    await endpoint.destroy();
    await written.closed;
    await nothingLeft(lab);
    const last = written().slice(-6);
    assert.deepEqual(last.map(label), [
      'command/reply',
      'CHANNEL_EXECUTE hangup',
      'CHANNEL_EXECUTE_COMPLETE hangup',
      'CHANNEL_EXECUTE_COMPLETE socket',
      'CHANNEL_CALLSTATE HANGUP',
      'text/disconnect-notice',
    ]);
    for (const frame of last.slice(2, 5)) assert.match(frame.body, /"Hangup-Cause":"NORMAL_CLEARING"/);
    assert.equal(last[5]?.headers['Controlled-Session-UUID'], endpoint.uuid);
    assert.equal(await reason, 'Q.850;cause=16;text="NORMAL_CLEARING"');
  });

  it('E02: set, multiset, export, mute; uuid_getvar, uuid_setvar, uuid_dump with media statistics', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    const { uuid } = endpoint;
    await endpoint.set('foo', 'bar');
    await endpoint.set({ a: '1', b: 'x y', c: "it's" });
    await endpoint.export('exp', '1');
    assert.equal((await endpoint.mute()).getHeader('Application-Data'), 'read true');
    assert.equal((await endpoint.unmute()).getHeader('Application'), 'set_mute');
    const api = (command: string): Promise<string> => lab.ms.api(command);
    assert.deepEqual(
      await Promise.all(['foo', 'a', 'b', 'c', 'exp', 'nosuchvar'].map((name) => api(`uuid_getvar ${uuid} ${name}`))),
      ['bar', '1', 'x y', "it's", '1', '_undef_'],
    );
    assert.equal(await api(`uuid_setvar ${uuid} foo baz qux`), '+OK\n');
    assert.equal(await api(`uuid_setvar_multi ${uuid} a=1;b=2`), '+OK\n');
    assert.equal(await api(`uuid_getvar ${uuid} foo`), 'baz qux');
    assert.equal(await api(`uuid_exists ${uuid}`), 'true');
    peer.towards(endpoint).speak();
    await peer.hears(20);
    peer.silent();
    const variables = await endpoint.getChannelVariables(true);
    assert.ok(Number(variables.variable_rtp_audio_in_packet_count) > 0);
    assert.ok(Number(variables.variable_rtp_audio_out_packet_count) > 0);
    assert.equal(variables['Channel-Call-State'], 'ACTIVE');
    const dump = JSON.parse(await api(`uuid_dump ${uuid} json`)) as Record<string, string>;
    assert.deepEqual([dump['Unique-ID'], dump.variable_foo, dump.variable_switch_r_sdp], [uuid, 'baz qux', peer.sdp()]);
    assert.match(await api(`uuid_dump ${uuid}`), /\nvariable_foo: baz%20qux\n/);
    assert.match(await api(`uuid_dump ${uuid} plain`), /\nvariable_foo: \[baz qux\]\n/);
    await endpoint.destroy();
  });

  it('D-7: a stray % in a header and in a variable reaches the library', async () => {
    const endpoint = (await (lab.ms as unknown as { createEndpoint(options: object): Promise<LibraryEndpoint> }).createEndpoint({
      remoteSdp: (await lab.peer()).sdp(),
      headers: { 'X-Room': '100%zz' },
    })) satisfies LibraryEndpoint;
    await endpoint.set('percent', '50% of %');
    const variables = await endpoint.getChannelVariables(false);
    assert.equal(variables['variable_sip_h_X-Room'], '100%zz');
    assert.equal(variables.variable_percent, '50% of %');
    await endpoint.destroy();
  });

  it('E02: no common codec in the first offer is 488', async () => {
    const peer = await lab.peer();
    const failure = lab.ms.createEndpoint({ remoteSdp: peer.sdp({ formats: '18', attributes: [] }) });
    await assert.rejects(failure, (error: { status?: number }) => error.status === 488);
    await nothingLeft(lab);
  });

  it('an offer that is no SDP, or whose c= is a name, is refused and leaves nothing', differs('an offer that is no SDP'), async () => {
    const named = (await lab.peer()).sdp().replace('c=IN IP4 127.0.0.1', 'c=IN IP4 phone.example.com');
    for (const remoteSdp of ['v=0\r\nm=audio x RTP/AVP 0\r\n', named]) {
      await assert.rejects(lab.ms.createEndpoint({ remoteSdp }), (error: { status?: number }) => error.status === 400);
    }
    await nothingLeft(lab);
  });

  it('F-1, A.9.1: createEndpoint without SDP is offered one plain line; its own address as answer sends nothing to it', async () => {
    const endpoint = await lab.endpoint();
    assert.match(endpoint.local.sdp, /m=audio \d+ RTP\/AVP [\d ]+\r\n/);
    assert.equal(endpoint.local.sdp.match(/m=/g)?.length, 1);
    const variables = await endpoint.getChannelVariables(true);
    assert.equal(variables.variable_rtp_audio_out_packet_count, 0);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('F-12: applications run on a 3PCC leg too, also in a conference', differs('applications on a 3PCC leg in a conference (F-12)'), async () => {
    const endpoint = await lab.endpoint();
    await endpoint.join('threepcc');
    await endpoint.set('foo', 'bar');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  const holds: readonly (readonly [offered: string, answered: string])[] = [
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['inactive', 'inactive'],
    ['recvonly', 'sendonly'],
  ];
  it('E03, F-22: re-INVITE: hold directions, new port, PCMA; the version grows only with a change', differs('hold: `recvonly` offered (F-22)'), async () => {
    const endpoint = await lab.endpoint();
    const states: string[] = [];
    endpoint.on('channelCallState', ({ state }: { state: string }) => states.push(state));
    const peer = await lab.peer();
    for (const [offered, answered] of holds) {
      const answer = await endpoint.modify(peer.sdp({ direction: offered }));
      assert.match(answer, new RegExp(`a=${answered}\\r\\n`), offered);
    }
    assert.deepEqual(states, ['HELD', 'UNHELD', 'ACTIVE']);
    const before = await endpoint.modify(peer.sdp({ direction: 'sendrecv' }));
    const same = await endpoint.modify(peer.sdp({ direction: 'sendrecv', version: 2 }));
    assert.equal(same, before);
    await peer.hears(3);
    const moved = await lab.peer();
    await endpoint.modify(moved.sdp());
    await moved.hears(3);
    const pcma = await endpoint.modify(moved.sdp({ formats: '8 101', attributes: ['rtpmap:8 PCMA/8000', 'rtpmap:101 telephone-event/8000'] }));
    assert.match(pcma, /m=audio \d+ RTP\/AVP 8 101\r\n/);
    await endpoint.destroy();
  });

  it('RFC 3264 §8.4: c=0.0.0.0 is hold: nothing is sent, our address stays', differs('`c=0.0.0.0` in a re-INVITE'), async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    const held = once(endpoint, 'channelCallState');
    const answer = await endpoint.modify(peer.sdp({ version: 2 }).replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0'));
    assert.match(answer, /c=IN IP4 127\.0\.0\.1\r\n[^]*a=recvonly\r\n/);
    assert.deepEqual(await held, [{ state: 'HELD' }]);
    await endpoint.modify(peer.sdp({ version: 3 }));
    await peer.hears(3);
    await endpoint.destroy();
  });

  it('F-22, D-1: no common codec in a re-INVITE is 200 with m=audio 0, and the call can go on', differs('re-INVITE without a common codec'), async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    assert.match(await endpoint.modify(peer.sdp({ formats: '18', attributes: [], version: 2 })), /m=audio 0 RTP\/AVP 18\r\n/);
    assert.match(await endpoint.modify(peer.sdp({ version: 3 })), /m=audio [1-9]\d* RTP\/AVP 0 101\r\n/);
    await peer.hears(3);
    await endpoint.destroy();
  });

  it('E03: INFO and OPTIONS in the dialog are 200; OPTIONS outside too', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const info = await endpoint.request({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body: 'Signal=5\r\nDuration=160\r\n' });
    assert.equal(info.status, 200);
    assert.equal((await endpoint.request({ method: 'OPTIONS' })).status, 200);
    await endpoint.destroy();
  });

  it('E06, F-23: INFO digits count when the call has no telephone-event', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer, peer.sdp({ formats: '0', attributes: [] }));
    assert.equal(endpoint.dtmfType, 'info');
    const digit = once(endpoint, 'dtmf');
    await endpoint.request({ method: 'INFO', headers: { 'Content-Type': 'application/dtmf-relay' }, body: 'Signal=5\r\nDuration=160\r\n' });
    assert.deepEqual(await digit, [{ dtmf: '5', duration: '1280', source: 'ENDPOINT' }]);
    await endpoint.destroy();
  });

  it('E12: BYE from the far end ends the channel, tells HANGUP and leaves nothing', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const destroyed = once(endpoint, 'destroy');
    await endpoint.dialog.destroy();
    assert.deepEqual(await destroyed, [{ reason: 'NORMAL_CLEARING' }]);
    await nothingLeft(lab);
  });

  const kills: readonly (readonly [argument: string, cause: string, reason: string])[] = [
    ['', 'NORMAL_CLEARING', 'Q.850;cause=16;text="NORMAL_CLEARING"'],
    [' USER_BUSY', 'USER_BUSY', 'Q.850;cause=17;text="USER_BUSY"'],
    [' NORMAL_TEMPORARY_FAILURE', 'NORMAL_TEMPORARY_FAILURE', 'Q.850;cause=41;text="NORMAL_TEMPORARY_FAILURE"'],
    [' MEDIA_TIMEOUT', 'MEDIA_TIMEOUT', 'SIP;cause=804;text="MEDIA_TIMEOUT"'],
    [' 17', 'USER_BUSY', 'Q.850;cause=17;text="USER_BUSY"'],
    [' bogus_cause', 'NORMAL_CLEARING', 'Q.850;cause=16;text="NORMAL_CLEARING"'],
  ];
  for (const [argument, cause, reason] of kills) {
    it(`E13, F-13: uuid_kill${argument} always tells HANGUP ${cause}`, async () => {
      const endpoint = await lab.endpoint(await lab.peer());
      const [destroyed, bye] = [once(endpoint, 'destroy'), reasonOfBye(endpoint)];
      assert.equal(await lab.ms.api(`uuid_kill ${endpoint.uuid}${argument}`), '+OK\n');
      // A FreeSWITCH may close the socket before it has told the cause (F-13).
      if (lab.own.mediaServer !== undefined) assert.deepEqual(await destroyed, [{ reason: cause }]);
      assert.equal(await bye, reason);
      await nothingLeft(lab);
      assert.equal(await lab.ms.api(`uuid_kill ${endpoint.uuid}`), '-ERR No such channel!\n');
    });
  }

  it('E13: the hangup application takes a cause', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const destroyed = once(endpoint, 'destroy');
    await endpoint.execute('hangup', 'USER_BUSY');
    assert.deepEqual(await destroyed, [{ reason: 'USER_BUSY' }]);
  });

  it('D-4: an application the server does not know completes and the channel stays', differs('unknown application'), async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    assert.equal((await endpoint.execute('nosuchapp', 'x')).getHeader('Application-Response'), '-ERR Invalid Application');
    assert.equal(endpoint.connected, true);
    await endpoint.destroy();
  });

  it('D-37, D-40: a channel whose event socket dies while it is parked is hung up', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const bye = once(endpoint.dialog, 'destroy');
    endpoint.conn?.socket.destroy();
    await bye;
    await nothingLeft(lab);
  });

  it('F-15: in a conference it lives on until its dialog ends', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    await endpoint.join('orphan');
    const { dialog, uuid } = endpoint;
    const gone = once(endpoint, 'destroy');
    endpoint.conn?.socket.destroy();
    await gone;
    assert.equal(await lab.ms.api('conference orphan count'), '1');
    assert.equal(await lab.ms.api(`uuid_exists ${uuid}`), 'true');
    await dialog.destroy();
    await nothingLeft(lab);
  });

  it('F-15: and is hung up when it leaves the conference', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const { memberId } = await endpoint.join('orphan2');
    const gone = once(endpoint, 'destroy');
    endpoint.conn?.socket.destroy();
    await gone;
    const bye = once(endpoint.dialog, 'destroy');
    assert.equal(await lab.ms.api(`conference orphan2 kick ${memberId}`), `+OK kicked ${memberId}\n`);
    await bye;
    await nothingLeft(lab);
  });

  it('E02: show channels', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    // A FreeSWITCH writes its table a little later than the call begins and ends.
    while ((await lab.ms.api('show channels count')) !== '\n1 total.\n');
    const { row_count: count, rows } = JSON.parse(await lab.ms.api('show channels as json')) as { row_count: number; rows: Record<string, string>[] };
    assert.equal(count, 1);
    assert.deepEqual(
      [rows[0]?.uuid, rows[0]?.state, rows[0]?.application, rows[0]?.read_codec, rows[0]?.callstate, rows[0]?.dest],
      [endpoint.uuid, 'CS_EXECUTE', 'socket', 'PCMU', 'ACTIVE', 'drachtio'],
    );
    const [columns, line] = (await lab.ms.api('show channels')).split('\n');
    assert.equal(columns?.split(',').length, line?.split(',').length);
    await endpoint.destroy();
    await nothingLeft(lab);
    assert.equal(await lab.ms.api('show channels as json'), '{"row_count": 0}\n');
    assert.equal(await lab.ms.api('show channels as xml'), '<result row_count="0"/>\n');
    assert.equal(await lab.ms.api('show channels count'), '\n0 total.\n');
  });
});

describe('media server: limits', { timeout: 30_000, ...ours }, () => {
  it('503 at capacity, and calls in progress are untouched', async () => {
    const lab = await openLab({ limits: { channels: 1 } });
    const endpoint = await lab.endpoint(await lab.peer());
    await assert.rejects(lab.endpoint(await lab.peer()), (error: { status?: number }) => error.status === 503);
    await endpoint.set('still', 'here');
    await endpoint.destroy();
    await nothingLeft(lab);
    await lab.close();
  });

  it('a client that accepts the outbound socket and says nothing loses the call after the deadline', async () => {
    const lab = await openLab({ limits: { eslHandshakeMs: 150 } });
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const peer = await RtpPeer.open();
    const { port } = silent.address() as AddressInfo;
    const dialog = await createCall(lab, peer, `127.0.0.1:${port}`);
    const [bye] = (await once(dialog, 'destroy')) as [{ get(name: string): string }];
    assert.equal(bye.get('Reason'), 'Q.850;cause=16;text="NORMAL_CLEARING"');
    await nothingLeft(lab);
    peer.close();
    silent.close();
    await lab.close();
  });

  it('a refused outbound socket ends the call; a call without X-esl-outbound is 404', async () => {
    const lab = await openLab();
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const peer = await RtpPeer.open();
    const dialog = await createCall(lab, peer, `127.0.0.1:${port}`);
    await once(dialog, 'destroy');
    await nothingLeft(lab);
    await assert.rejects(createCall(lab, peer, 'example.com:80'), (error: { status?: number }) => error.status === 404);
    peer.close();
    await lab.close();
  });

  it('CANCEL while a call is being set up: 487, and its ports are closed', async () => {
    let answer: (address: string) => void = () => undefined;
    const asked = new EventEmitter();
    const lab = await openLab({
      rtpAddress: () => {
        setImmediate(() => asked.emit('asked'));
        return new Promise((resolve) => (answer = resolve));
      },
    });
    const peer = await RtpPeer.open();
    const [waiting, call] = [once(asked, 'asked'), new EventEmitter()];
    const rejected = assert.rejects(
      createCall(lab, peer, '127.0.0.1:9', { cbRequest: (_error: unknown, request: object) => call.emit('request', request) }),
      (error: { status?: number }) => error.status === 487,
    );
    const [request] = (await once(call, 'request')) as [{ cancel(): void }];
    await waiting;
    request.cancel();
    await rejected;
    answer('127.0.0.1');
    await nothingLeft(lab);
    peer.close();
    await lab.close();
  });

  it('a body that is no SDP is 415; a failing look-up of the local address is 500 and leaves no port open', async () => {
    const lab = await openLab({ rtpAddress: () => Promise.reject(new Error('no route')) });
    const peer = await RtpPeer.open();
    await assert.rejects(createCall(lab, peer, '127.0.0.1:9', {}, { 'Content-Type': 'text/plain' }), (error: { status?: number }) => error.status === 415);
    await assert.rejects(createCall(lab, peer, '127.0.0.1:9'), (error: { status?: number }) => error.status === 500);
    await nothingLeft(lab);
    peer.close();
    await lab.close();
  });

  it('E01, F-24: HEARTBEAT on the server\'s own clock feeds ms.maxSessions', async () => {
    const lab = await openLab({ limits: { heartbeatMs: 30, channels: 77 } });
    await lab.tap.event((event) => event['Event-Name'] === 'HEARTBEAT');
    await lab.ms.api('status');
    assert.equal(lab.ms.maxSessions, 77);
    await lab.close();
  });

  it('stop: every call gets HANGUP and BYE, every client a goodbye', async () => {
    const lab = await openLab();
    const endpoint = await lab.endpoint(await lab.peer());
    const [destroyed, bye] = [once(endpoint, 'destroy'), reasonOfBye(endpoint)];
    let goodbye = '';
    lab.tap.socket.on('data', (bytes: Buffer) => (goodbye += bytes.toString()));
    await lab.mediaServer.stop();
    assert.deepEqual(await destroyed, [{ reason: 'MANAGER_REQUEST' }]);
    assert.equal(await bye, 'SIP;cause=503;text="MANAGER_REQUEST"');
    await lab.tap.closed();
    assert.equal(frames(goodbye).at(-1)?.headers['Content-Type'], 'text/disconnect-notice');
    await lab.close();
  });
});

/** A call to the media server without drachtio-fsmrf. */
async function createCall(lab: Lab, peer: RtpPeer, control: string, callbacks: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<NodeJS.EventEmitter> {
  const srf = lab.srf as unknown as { createUAC(uri: string, options: object, callbacks: object): Promise<NodeJS.EventEmitter> };
  const options = { localSdp: peer.sdp(), headers: { 'User-Agent': 'drachtio-fsmrf:none', 'X-esl-outbound': control, ...headers } };
  return srf.createUAC(`sip:drachtio@${lab.ms.sip.ipv4.udp.address}`, options, callbacks);
}
