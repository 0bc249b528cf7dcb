/** C.5: what a controller asks of one channel, and of two: keys, hold, recordings, bridges, timeouts, outgoing calls. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { differs, nothingLeft, openLab, PROFILE, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import { eventLabel } from './freeswitch-raw-esl.ts';
import type { RtpPeer } from './freeswitch-rtp-peer.ts';
import { makeSounds, type Sounds } from './freeswitch-sounds.ts';

describe('media server: channels', { timeout: 90_000 }, () => {
  let lab: Lab;
  let sounds: Sounds;
  before(async () => {
    [lab, sounds] = await Promise.all([openLab(), makeSounds()]);
  });
  after(async () => {
    await lab.close();
    await sounds.remove();
  });

  /** A call with a far end that can be heard and spoken to. */
  const call = async (): Promise<{ readonly endpoint: LibraryEndpoint; readonly peer: RtpPeer }> => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    peer.towards(endpoint);
    return { endpoint, peer };
  };
  /** Events of one channel heard by the tap from `from` on. */
  const labelsOf = (uuid: string, from: number): readonly string[] =>
    lab.tap.events.slice(from).flatMap((event) => (event['Unique-ID'] === uuid ? [eventLabel(event)] : []));
  const heard = (name: string, uuid: string, from: number): Promise<Readonly<Record<string, string>>> =>
    lab.tap.event((event) => event['Event-Name'] === name && event['Unique-ID'] === uuid, from);

  it('a call from CHANNEL_CREATE to CHANNEL_DESTROY', differs('the events of a call from its beginning to its end'), async () => {
    const from = lab.tap.events.length;
    const { endpoint } = await call();
    await endpoint.destroy();
    await heard('CHANNEL_DESTROY', endpoint.uuid, from);
    assert.deepEqual(labelsOf(endpoint.uuid, from), [
      'CHANNEL_CREATE', 'CHANNEL_CALLSTATE RINGING', 'CHANNEL_STATE', 'CHANNEL_STATE', 'CHANNEL_STATE',
      'CHANNEL_CALLSTATE ACTIVE', 'CODEC', 'CHANNEL_ANSWER', 'CHANNEL_EXECUTE socket',
      'CHANNEL_EXECUTE hangup', 'CHANNEL_EXECUTE_COMPLETE hangup', 'CHANNEL_EXECUTE_COMPLETE socket',
      'CHANNEL_CALLSTATE HANGUP', 'CHANNEL_HANGUP', 'CHANNEL_STATE',
      'CHANNEL_HANGUP_COMPLETE', 'CHANNEL_STATE', 'CHANNEL_DESTROY',
    ]);
    const complete = await heard('CHANNEL_HANGUP_COMPLETE', endpoint.uuid, from);
    assert.equal(complete.variable_hangup_cause, 'NORMAL_CLEARING');
    assert.match(complete.variable_rtp_audio_in_packet_count ?? '', /^\d+$/);
  });

  const replies: readonly (readonly [command: string, reply: string | RegExp])[] = [
    ['uuid_send_dtmf {a} 12@100', '+OK {a} sent DTMF 12@100.\n'],
    ['uuid_send_dtmf {a} x', '-ERR Operation failed\n'],
    ['uuid_send_dtmf nosuch 1', '-ERR Cannot locate session!\n'],
    ['uuid_setvar_multi {a} q=1;r=2', '+OK\n'],
    ['uuid_getvar {a} r', '2'],
    ['uuid_getvar {a} nosuch', '_undef_'],
    ['uuid_setvar {a} r', '+OK\n'],
    ['uuid_getvar {a} r', '_undef_'],
    ['uuid_dump {a} xml', /^<event>\n {2}<headers>\n {4}<Event-Name>CHANNEL_DATA<\/Event-Name>\n[^]*<variable_q>1<\/variable_q>\n[^]*<\/event>\n$/],
    ['uuid_dump {a} json', /^\{"Event-Name":"CHANNEL_DATA",[^]*"variable_q":"1"[^]*\}$/],
    ['uuid_dump {a} plain', /\nvariable_q: \[1\]\n/],
    ['uuid_audio {a} start read mute 1', '+OK\n'],
    ['uuid_audio {a} start write level 2', '+OK\n'],
    ['uuid_audio {a} stop', '+OK\n'],
    ['uuid_audio {a} start both mute 1', '-USAGE: <uuid> [start [read|write] [mute|level <level>]|stop]\n'],
    ['uuid_jitterbuffer {a} 60:120', '+OK Success\n'],
    ['uuid_debug_media {a} both on', '+OK Success\n'],
    ['uuid_media {a}', '-ERR Operation failed\n'],
    ['uuid_buglist {a}', '<media-bugs>\n</media-bugs>\n'],
    ['uuid_session_heartbeat {a} off', '+OK\n'],
    ['uuid_record nosuch start x', '-ERR Cannot locate session!\n'],
    ['uuid_record {a} stop /nosuch.wav', '-ERR Cannot stop record session!\n'],
    ['uuid_displace {a} stop /nosuch.wav', '-ERR Cannot stop displace session!\n'],
    ['uuid_bridge {a} nosuch', '-ERR Invalid uuid\n'],
    ['uuid_send_info {a} hello', '+OK Success\n'],
    ['uuid_send_info {a} application json {"a":1}', '+OK Success\n'],
    ['uuid_send_message {a} hello', '+OK Success\n'],
    ['show channels count as json', '{"row_count":1,"rows":[]}'],
    ['show channels like nosuch', '\n0 total.\n'],
    ['show channels as xml', /^<result row_count="1">\n {2}<row row_id="1">\n {4}<uuid>{a}<\/uuid>\n/],
    ['show channels as delim |', /^uuid\|direction\|created\|/],
    ['show calls count', '\n1 total.\n'],
    ['show bridged_calls count', '\n0 total.\n'],
    ['show nosuch', /^-USAGE: codec\|endpoint\|[^]*\|status\n$/],
    ['uptime', /^\d+\n$/],
    ['strepoch 1970-01-02T00:00:00Z', '86400'],
    ['create_uuid', /^[-0-9a-f]{36}$/],
    ['msleep 5', '+OK'],
    ['reloadxml', '+OK [Success]\n'],
    ['global_setvar x=1', '+OK'],
    ['global_getvar x', '1'],
    ['fsctl sps 50', '+OK sessions per second: 50\n'],
    ['fsctl sps 1000', '+OK sessions per second: 1000\n'],
    ['fsctl max_sessions', /^\+OK max sessions: \d+\n$/],
    ['echo a  b', 'a  b'],
    ['originate', /^-USAGE: /],
    ['sched_hangup +60 nosuch', '-ERR No such channel!\n'],
  ];
  it('C.5: replies', async () => {
    const { endpoint } = await call();
    // A FreeSWITCH writes its table of channels a little later.
    while ((await lab.tap.api('show channels count')) !== '\n1 total.\n');
    for (const [command, reply] of replies) {
      const fill = (text: string): string => text.replaceAll('{a}', endpoint.uuid);
      const present = await lab.tap.api(fill(command));
      if (typeof reply === 'string') assert.equal(present, fill(reply), command);
      else assert.match(present, new RegExp(fill(reply.source)), command);
    }
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('C.5: uuid_hold of nobody, a bridge to oneself', differs('`uuid_hold` of a channel that is not there'), async () => {
    const { endpoint } = await call();
    assert.equal(await lab.tap.api('uuid_hold nosuch'), '-ERR Operation failed\n');
    assert.equal(await lab.tap.api(`uuid_bridge ${endpoint.uuid} ${endpoint.uuid}`), '-ERR Invalid uuid\n');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('E06: send_dtmf and uuid_send_dtmf press keys towards the far end', async () => {
    const { endpoint, peer } = await call();
    await endpoint.execute('send_dtmf', '12@60');
    await peer.pressed('12');
    await lab.ms.api(`uuid_send_dtmf ${endpoint.uuid} #@60`);
    await peer.pressed('12#');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('E06, F-23: tones in the audio count after start_dtmf only', async () => {
    const { endpoint, peer } = await call();
    const from = lab.tap.events.length;
    await peer.dial('4');
    await endpoint.execute('start_dtmf');
    await peer.dial('5');
    const key = await heard('DTMF', endpoint.uuid, from);
    assert.deepEqual([key['DTMF-Digit'], key['DTMF-Source']], ['5', 'INBAND_AUDIO']);
    await endpoint.execute('stop_dtmf');
    await peer.dial('6');
    await endpoint.api('uuid_exists', endpoint.uuid);
    assert.equal(labelsOf(endpoint.uuid, from).filter((label) => label.startsWith('DTMF')).length, 1);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('keys pass through a bridge', async () => {
    const [alice, bob] = [await call(), await call()];
    await lab.ms.api(`uuid_bridge ${alice.endpoint.uuid} ${bob.endpoint.uuid}`);
    alice.peer.press('7');
    await bob.peer.pressed('7');
    await Promise.all([alice, bob].map(({ endpoint }) => endpoint.destroy()));
    await nothingLeft(lab);
  });

  it('uuid_hold, uuid_media_reneg: a re-INVITE to the application, HELD and ACTIVE', async () => {
    const { endpoint, peer } = await call();
    const from = lab.tap.events.length;
    const offers: string[] = [];
    endpoint.dialog.on('modify', (request: { readonly body: string }, response: { send(status: number, options: object): void }) => {
      const direction = /a=(sendonly|sendrecv)/.exec(request.body)?.[1] ?? 'sendrecv';
      offers.push(direction);
      response.send(200, { body: peer.sdp({ direction: direction === 'sendonly' ? 'recvonly' : 'sendrecv', version: offers.length + 1 }) });
    });
    assert.equal(await lab.ms.api(`uuid_hold ${endpoint.uuid}`), '+OK Success\n');
    await heard('CHANNEL_HOLD', endpoint.uuid, from);
    assert.equal(await lab.ms.api(`uuid_hold off ${endpoint.uuid}`), '+OK Success\n');
    await heard('CHANNEL_UNHOLD', endpoint.uuid, from);
    await lab.tap.event((event) => event['Unique-ID'] === endpoint.uuid && event['Channel-Call-State'] === 'ACTIVE' && event['Event-Name'] === 'CHANNEL_CALLSTATE', from);
    assert.equal(await lab.ms.api(`uuid_media_reneg ${endpoint.uuid}`), '+OK Success\n');
    while (offers.length < 3) await once(endpoint.dialog, 'modify');
    assert.deepEqual(offers, ['sendonly', 'sendrecv', 'sendrecv']);
    await peer.hears(3);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('uuid_record: RECORD_START, the file, RECORD_STOP with its length', async () => {
    const { endpoint, peer } = await call();
    const from = lab.tap.events.length;
    const path = join(sounds.folder, 'session.wav');
    peer.speak();
    assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} start ${path}`), '+OK Success\n');
    await heard('RECORD_START', endpoint.uuid, from);
    if (lab.own.mediaServer !== undefined) assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} start ${path}`), '-ERR Cannot record session!\n');
    assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} mask ${path}`), '+OK Success\n');
    assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} unmask ${path}`), '+OK Success\n');
    await peer.hears(10);
    assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} stop ${path}`), '+OK Success\n');
    const stopped = await heard('RECORD_STOP', endpoint.uuid, from);
    assert.equal(stopped['Record-File-Path'], path);
    assert.ok(Number(stopped.variable_record_ms) > 0);
    const file = await readFile(path);
    assert.deepEqual([file.toString('latin1', 0, 4), String(file.length)], ['RIFF', stopped.variable_record_file_size]);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('E04: record ends at its limit and tells how long it was', differs('`record` with a limit'), async () => {
    const { endpoint, peer } = await call();
    peer.speak();
    const done = await endpoint.execute('record', `${join(sounds.folder, 'record.wav')} 1`);
    assert.deepEqual([done.getHeader('Application-Response'), done.getHeader('variable_record_seconds')], ['_none_', '1']);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('F-16: record into a file that cannot be written completes with an error, and the call stays', differs('`record` into a file that cannot be written (F-16)'), async () => {
    const { endpoint } = await call();
    const done = await endpoint.execute('record', '/nosuchdir/x.wav 1');
    assert.equal(done.getHeader('Application-Response'), '-ERR cannot record');
    assert.equal(await lab.ms.api(`uuid_exists ${endpoint.uuid}`), 'true');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('uuid_bridge: the two hear each other; uuid_transfer -both parts and parks them', async () => {
    const [alice, bob] = [await call(), await call()];
    const from = lab.tap.events.length;
    assert.equal(await lab.ms.api(`uuid_bridge ${alice.endpoint.uuid} ${bob.endpoint.uuid}`), `+OK ${bob.endpoint.uuid}\n`);
    const bridged = await lab.tap.event((event) => event['Event-Name'] === 'CHANNEL_BRIDGE', from);
    assert.deepEqual([bridged['Bridge-A-Unique-ID'], bridged['Bridge-B-Unique-ID']], [alice.endpoint.uuid, bob.endpoint.uuid]);
    alice.peer.speak();
    while ((await bob.peer.loudOf(5)) === 0);
    while (!(await lab.ms.api('show bridged_calls count')).endsWith('\n1 total.\n'));
    assert.equal(await lab.ms.api(`uuid_transfer ${alice.endpoint.uuid} -both park inline`), '+OK\n');
    await lab.tap.event((event) => event['Event-Name'] === 'CHANNEL_UNBRIDGE', from);
    for (const { endpoint } of [alice, bob]) await heard('CHANNEL_PARK', endpoint.uuid, from);
    // Both are of use again.
    await Promise.all([alice, bob].map(({ endpoint }) => endpoint.play('silence_stream://20')));
    await Promise.all([alice, bob].map(({ endpoint }) => endpoint.destroy()));
    await nothingLeft(lab);
  });

  it('a bridge ends with one of the two; the other is parked', differs('the other one of a bridge that ended'), async () => {
    const [alice, bob] = [await call(), await call()];
    await lab.ms.api(`uuid_bridge ${alice.endpoint.uuid} ${bob.endpoint.uuid}`);
    const from = lab.tap.events.length;
    await alice.endpoint.destroy();
    await heard('CHANNEL_PARK', bob.endpoint.uuid, from);
    await bob.endpoint.destroy();
    await nothingLeft(lab);
  });

  for (const variable of ['media_timeout', 'rtp_timeout_sec']) {
    it(`E14, F-14: ${variable} set on a running call counts at once: MEDIA_TIMEOUT, BYE with cause 804`, differs('media_timeout, rtp_timeout_sec set on a running call (F-14)'), async () => {
      const { endpoint } = await call();
      const bye = once(endpoint.dialog, 'destroy') as Promise<[{ get(name: string): string }]>;
      const gone = once(endpoint, 'destroy');
      await endpoint.set(variable, variable === 'media_timeout' ? '100' : '1');
      assert.deepEqual(await gone, [{ reason: 'MEDIA_TIMEOUT' }]);
      assert.equal((await bye)[0].get('Reason'), 'SIP;cause=804;text="MEDIA_TIMEOUT"');
      await nothingLeft(lab);
    });
  }

  it('sched_hangup and its command: ALLOTTED_TIMEOUT', async () => {
    const { endpoint } = await call();
    const gone = once(endpoint, 'destroy');
    await endpoint.execute('sched_hangup', '+0');
    assert.deepEqual(await gone, [{ reason: 'ALLOTTED_TIMEOUT' }]);
    await nothingLeft(lab);
  });

  it('SESSION_HEARTBEAT comes every second until it is switched off', async () => {
    const { endpoint } = await call();
    const from = lab.tap.events.length;
    await lab.ms.api(`uuid_session_heartbeat ${endpoint.uuid} 1`);
    await heard('SESSION_HEARTBEAT', endpoint.uuid, from);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('uuid_displace plays over what is heard, and stops', async () => {
    const { endpoint, peer } = await call();
    assert.equal(await lab.ms.api(`uuid_displace ${endpoint.uuid} start ${sounds.long}`), '+OK Success\n');
    while ((await peer.loudOf(3)) === 0);
    assert.equal(await lab.ms.api(`uuid_displace ${endpoint.uuid} stop ${sounds.long}`), '+OK Success\n');
    while ((await peer.loudOf(3)) !== 0);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('endless_playback and loop_playback: again and again, until broken or so many times', differs('`endless_playback` and `loop_playback` of silence'), async () => {
    const { endpoint } = await call();
    const endless = endpoint.execute('endless_playback', 'silence_stream://40');
    for (let times = 0; times < 3; times++) await once(endpoint, 'playback-start');
    await lab.ms.api(`uuid_break ${endpoint.uuid} all`);
    assert.equal((await endless).getHeader('Application-Response'), 'FILE PLAYED');
    const from = lab.tap.events.length;
    await endpoint.execute('loop_playback', '+2 silence_stream://40');
    await endpoint.api('uuid_exists', endpoint.uuid);
    assert.equal(labelsOf(endpoint.uuid, from).filter((label) => label === 'PLAYBACK_START').length, 2);
    await endpoint.execute('endless_playback', sounds.missing);
    await endpoint.execute('gentones', '%(20,0,440)|2');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('read: digits into a variable, one try', async () => {
    const { endpoint } = await call();
    const done = endpoint.execute('read', `1 4 silence_stream://20 answer 2000 #`);
    await once(endpoint, 'playback-stop');
    await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 42#`);
    assert.equal((await done).getHeader('variable_answer'), '42');
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('event: an event of the client\'s own, with the channel\'s headers', async () => {
    const { endpoint } = await call();
    const from = lab.tap.events.length;
    await endpoint.execute('event', 'Event-Name=CUSTOM,Event-Subclass=my::event,Colour=blue');
    const event = await lab.tap.event((candidate) => candidate['Event-Subclass'] === 'my::event', from);
    assert.deepEqual([event.Colour, event['Unique-ID']], ['blue', endpoint.uuid]);
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('originate: a call out to a SIP URI, parked, and hung up by the far end', async () => {
    const peer = await lab.peer();
    lab.srf.invite((request: unknown, response: unknown) => {
      lab.srf.createUAS(request as never, response as never, { localSdp: peer.sdp() }).catch(() => undefined);
    });
    const from = lab.tap.events.length;
    const reply = await lab.ms.api(`originate {origination_caller_id_number=77,sip_h_X-Room=9,send_silence_when_idle=-1}sofia/${PROFILE}/bob@${lab.sipServerAddress} &park()`);
    const [, uuid = ''] = /^\+OK ([-0-9a-f]{36})\n$/.exec(reply) ?? [];
    assert.notEqual(uuid, '', reply);
    await heard('CHANNEL_PARK', uuid, from);
    assert.equal(await lab.ms.api(`uuid_getvar ${uuid} direction`), 'outbound');
    await peer.hears(3);
    assert.equal(await lab.ms.api(`uuid_kill ${uuid}`), '+OK\n');
    await heard('CHANNEL_DESTROY', uuid, from);
    await nothingLeft(lab);
  });

  it('originate: nobody there, and one that never answers', async () => {
    assert.match(await lab.ms.api(`originate sofia/${PROFILE}/bob@127.0.0.1:9 &park()`), /^-ERR [A-Z_]+\n$/);
    const silent = await lab.peer();
    assert.equal(await lab.ms.api(`originate {originate_timeout=1}sofia/${PROFILE}/bob@127.0.0.1:${silent.port} &park()`), '-ERR NO_ANSWER\n');
    await nothingLeft(lab);
  });
});
