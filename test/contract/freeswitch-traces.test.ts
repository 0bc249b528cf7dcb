/** E01 to E06, E12 to E14: every kind of event in the recordings of a real FreeSWITCH, header by header, against ours. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { deviations, kindOf, readGolden, readPlain, type Golden } from './freeswitch-golden.ts';
import { nothingLeft, openLab, ours, recordSocket, type Lab } from './freeswitch-lab.ts';
import type { Headers } from './freeswitch-raw-esl.ts';
import { makeSounds, type Sounds } from './freeswitch-sounds.ts';

/** What is knowingly otherwise, as differences-freeswitch.md has it, or belongs to another server and another call. */
const KNOWN: readonly (readonly [kind: RegExp, deviation: RegExp, row: string])[] = [
  [/./, /^missing Event-Calling-(File|Function|Line-Number)$/, 'Event-Calling-File, -Function, -Line-Number'],
  [/./, /^value (FreeSWITCH-(Hostname|Switchname|IPv6|Version)|Event-Sequence)/, 'its own name and version'],
  [/^DTMF$/, /^extra DTMF-(SSRC|Timestamp)$/, 'DTMF events'],
  [/^HEARTBEAT$/, /^value (Up-Time|Uptime-msec|Session-|Max-Sessions|Idle-CPU)/, 'other figures'],
  [/^CHANNEL_EXECUTE/, /^value Application(-Data)?:/, 'another application'],
  [/^PLAYBACK/, /^value Playback-File-Path/, 'another file'],
];

/** Of a FreeSWITCH that is not the recorded one, what belongs to the moment. */
const OF_THE_MOMENT: typeof KNOWN = [
  [/^CHANNEL_DATA$/, /^value Event-Calling-(File|Function|Line-Number)/, 'comes from uuid_dump here'],
  [/^DTMF$/, /^value Channel-Read-Codec-(Name: L16|Bit-Rate: 128000)$/, 'Channel-Read-Codec-* while a file plays'],
];

/** Variables each call of the recordings has that mean nothing here. */
const VARIABLES_LEFT_OUT =
  /^variable_(DP_MATCH|ep_codec_string|rtp_use_codec_string|rtp_use_codec_channels|rtp_last_audio_codec_string|rtp_audio_recv_pt|rtp_use_timer_name|rtp_use_ssrc|original_(read|write)_(codec|rate)|(remote_)?(video|text|audio)_media_flow|current_loop|total_loops|.*video.*)$/;

describe('E01-E06, E12-E14: events as the real FreeSWITCH writes them', { timeout: 60_000 }, () => {
  const recorded = readGolden();
  let lab: Lab;
  let sounds: Sounds;
  /** Ours, of one call that does what the recorded ones did. */
  const present = new Map<string, Headers[]>();

  before(async () => {
    [lab, sounds] = await Promise.all([openLab({ limits: { heartbeatMs: 200 } }), makeSounds()]);
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    peer.towards(endpoint);
    const written = recordSocket(endpoint);
    await endpoint.set('foo', 'bar');
    const dump = readPlain(await lab.ms.api(`uuid_dump ${endpoint.uuid}`));
    await endpoint.set({ a: '1', b: 'x y' });
    await endpoint.export('exp', '1');
    await endpoint.play(sounds.short);
    await endpoint.play('tone_stream://%(60,0,440)');
    const digit = once(endpoint, 'dtmf');
    peer.press('5');
    await digit;
    await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 7`);
    const collected = endpoint.playCollect({ file: 'silence_stream://20', min: 1, max: 1, tries: 1, timeout: 5_000 });
    await once(endpoint, 'playback-stop');
    await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 1`);
    await collected;
    await endpoint.execute('record', `${join(sounds.folder, 'golden.wav')} 1`);
    for (const app of ['start_dtmf', 'stop_dtmf']) await endpoint.execute(app);
    await endpoint.modify(peer.sdp({ direction: 'sendonly', version: 2 }));
    await endpoint.modify(peer.sdp({ version: 3 }));
    await lab.tap.event((event) => event['Event-Name'] === 'HEARTBEAT');
    await endpoint.destroy();
    await nothingLeft(lab);
    const own = written().flatMap(({ headers, body }) => (headers['Content-Type'] === 'text/event-json' ? [JSON.parse(body) as Headers] : []));
    const heartbeat = lab.tap.events.filter((event) => event['Event-Name'] === 'HEARTBEAT');
    for (const event of [...own, ...heartbeat, dump]) present.set(kindOf(event), [...(present.get(kindOf(event)) ?? []), event]);
  });
  after(async () => {
    await lab.close();
    await sounds.remove();
  });

  const allowed = 'skip' in ours ? [...KNOWN, ...OF_THE_MOMENT] : KNOWN;
  const known = (kind: string, deviation: string): boolean => allowed.some(([kinds, deviations]) => kinds.test(kind) && deviations.test(deviation));

  for (const [kind, golden] of recorded) {
    it(`${kind}: the headers of ${golden.count} recorded events, their order and values`, () => {
      const events = present.get(kind);
      assert.ok(events !== undefined, `no ${kind} of ours`);
      const found = events.flatMap((event) => deviations(event, comparable(kind, golden)));
      assert.deepEqual([...new Set(found)].filter((deviation) => !deviation.includes('variable_') && !known(kind, deviation)), []);
    });
  }

  for (const kind of ['CHANNEL_DATA', 'CHANNEL_EXECUTE', 'CHANNEL_EXECUTE_COMPLETE', 'PLAYBACK_START', 'PLAYBACK_STOP']) {
    it(`${kind}: every variable that all recorded calls have`, () => {
      const golden = recorded.get(kind);
      assert.ok(golden !== undefined);
      const wanted = [...golden.always].filter((name) => name.startsWith('variable_') && !VARIABLES_LEFT_OUT.test(name));
      assert.ok(wanted.length > 40, String(wanted.length));
      for (const event of present.get(kind) ?? []) assert.deepEqual(wanted.filter((name) => !Object.hasOwn(event, name)), []);
    });
  }

  it('no difference is known that is none any more', ours, () => {
    const all = [...recorded].flatMap(([kind, golden]) => (present.get(kind) ?? []).flatMap((event) => deviations(event, comparable(kind, golden)).map((deviation) => [kind, deviation] as const)));
    for (const [kinds, deviations, row] of KNOWN) assert.ok(all.some(([kind, deviation]) => kinds.test(kind) && deviations.test(deviation)), row);
  });
});

/** uuid_dump is CHANNEL_DATA without what belongs to the answer to `connect`. */
function comparable(kind: string, golden: Golden): Golden {
  if (kind !== 'CHANNEL_DATA') return golden;
  const ofConnect = /^(Channel-(Direction|Logical-Direction|Dialplan|Caller-ID-Name|Orig-Caller-ID-Name|Network-Addr|Destination-Number|Unique-ID|Source|Context|Channel-Name|Profile-.*|Channel-.*-Time|Hangup-Time|Screen-Bit|Privacy-.*|Channel-Last-Hold|Channel-Hold-Accum)|Content-Type|Reply-Text|Socket-Mode|Control)$/;
  return { ...golden, always: new Set([...golden.always].filter((name) => !ofConnect.test(name))) };
}
