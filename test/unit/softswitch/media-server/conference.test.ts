/** What a conference does by itself and tells the engine: flags, sounds, music, PINs, the clock (C.1, C.3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberState } from '../../../../src/softswitch/engine/api.ts';
import { ConferenceBench } from './conference-bench.ts';

/** Lets promises of the engine settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const file = (path: string): object => ({ kind: 'file', path });

describe('flags and variables of a join, C.3', () => {
  it('mute, deaf, levels by variable reach the mixer; the profile gives the rate, the INVITE the place', () => {
    const bench = new ConferenceBench({ loud: { rate: '16000', 'energy-level': '300', 'auto-gain-level': '700' } });
    const channel = bench.join('room@loud++flags{mute|deaf}', { conference_join_volume_in: '2', conference_join_volume_out: '-9', conference_join_energy_level: '250', 'sip_h_X-Vestibule-Place': 'tower' });
    assert.deepEqual(bench.tellings('createConference'), [[bench.conference('room').uuid, { rate: 16_000 }, 'tower']]);
    assert.deepEqual(bench.tellings('join'), [
      [bench.conference('room').uuid, channel.uuid, { speak: false, hear: false, hold: false, volumeIn: 2, volumeOut: 0, energyLevel: 250, agcLevel: 700 }],
    ]);
  });

  it('audio-always: everyone is mixed', () => {
    const bench = new ConferenceBench();
    bench.join('room++flags{audio-always}');
    assert.equal((bench.tellings('join')[0]?.[2] as { readonly energyLevel: number }).energyLevel, 0);
  });

  it('wait-mod: nobody is heard before a moderator comes', async () => {
    const bench = new ConferenceBench();
    bench.join('room++flags{wait-mod}');
    assert.deepEqual(bench.tellings('join').map(([, , state]) => (state as { readonly speak: boolean }).speak), [false]);
    assert.equal(await bench.api('room get wait_mod'), 'true');
    bench.join('room++flags{moderator}');
    assert.ok(bench.tellings('setMember').every(([, state]) => (state as { readonly speak: boolean }).speak));
    assert.equal(await bench.api('room get wait_mod'), '-ERR no reply\n');
  });

  it('dist-dtmf: keys go to the others, but to those with skip-dtmf', () => {
    const bench = new ConferenceBench();
    const [sender, listener] = [bench.join('room++flags{dist-dtmf}'), bench.join('room')];
    bench.join('room++flags{skip-dtmf}');
    sender.digit({ digit: '5', duration: 800, source: 'RTP' });
    listener.digit({ digit: '6', duration: 800, source: 'RTP' });
    assert.deepEqual(bench.tellings('sendDtmf'), [[listener.uuid, '5', 250]]);
  });

  it('conference_max_members of the first one counts', async () => {
    const bench = new ConferenceBench();
    bench.join('room', { conference_max_members: '1' });
    assert.equal(bench.join('room').pendingApps, 0);
    assert.equal(await bench.api('room count'), '1');
  });

  it('conference_enforce_security=false passes a lock', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room lock');
    bench.join('room');
    bench.join('room', { conference_enforce_security: 'false' });
    assert.equal(await bench.api('room count'), '2');
  });

  it('suppress-events: what a profile does not want to tell is not told', async () => {
    const bench = new ConferenceBench({ quiet: { 'suppress-events': 'lock,floor-change' } });
    bench.join('room@quiet');
    await bench.api('room lock');
    await bench.api('room unlock');
    assert.deepEqual(bench.actions(), ['conference-create', 'add-member', 'unlock']);
  });
});

describe('the clock of a conference', () => {
  it('conference-heartbeat every period, no more after the end', () => {
    const bench = new ConferenceBench({ beating: { 'heartbeat-period-sec': '30' } });
    const channel = bench.join('room@beating');
    bench.actions();
    bench.clock.advance(65_000);
    assert.deepEqual(bench.actions(), ['conference-heartbeat', 'conference-heartbeat']);
    channel.hangup('NORMAL_CLEARING');
    bench.actions();
    bench.clock.advance(100_000);
    assert.deepEqual(bench.actions(), []);
    assert.equal(bench.clock.pending, 0);
  });

  it('terminate-on-silence: nobody talks for so long: the conference ends', () => {
    const bench = new ConferenceBench({ impatient: { 'terminate-on-silence': '60' } });
    const [one, two] = [bench.join('room@impatient'), bench.join('room@impatient')];
    bench.clock.advance(50_000);
    bench.talking(one, true);
    bench.clock.advance(100_000);
    bench.talking(one, false);
    bench.clock.advance(59_000);
    assert.equal(bench.core.conferences.size, 1);
    bench.clock.advance(1_000);
    assert.deepEqual([bench.core.conferences.size, one.hangupCause, two.hangupCause], [0, 'NORMAL_CLEARING', 'NORMAL_CLEARING']);
  });

  it('a talker who is muted counts as silent from then on', async () => {
    const bench = new ConferenceBench({ impatient: { 'terminate-on-silence': '60' } });
    const one = bench.join('room@impatient');
    bench.join('room@impatient');
    bench.talking(one, true);
    await bench.api('room mute all');
    bench.clock.advance(60_000);
    assert.equal(bench.core.conferences.size, 0);
  });

  it('mandatory_member_endconf: the end comes with the grace time, which can be changed', async () => {
    const bench = new ConferenceBench();
    const host = bench.join('room++flags{mandatory_member_endconf}', { conference_endconference_grace_time: '10' });
    const guest = bench.join('room');
    assert.equal(await bench.api('room set endconference_grace_time 20'), '10');
    host.hangup('NORMAL_CLEARING');
    bench.clock.advance(19_000);
    assert.equal(guest.ended, false);
    bench.clock.advance(1_000);
    assert.equal(guest.ended, true);
  });

  it('hangup_after_conference=false: the end sets a member free', () => {
    const bench = new ConferenceBench();
    const host = bench.join('room++flags{endconf}');
    const [guest, other] = [bench.join('room', { hangup_after_conference: 'false' }), bench.join('room')];
    host.hangup('NORMAL_CLEARING');
    assert.deepEqual([guest.ended, guest.pendingApps, other.ended], [false, 0, true]);
  });
});

describe('sounds and music', () => {
  const sounds = { 'enter-sound': 'in.wav', 'exit-sound': 'out.wav', 'alone-sound': 'alone.wav', 'muted-sound': 'muted.wav', 'is-locked-sound': 'locked.wav', 'kicked-sound': 'bye.wav' };

  it('enter-sound from the second on, alone-sound for the first and the last, exit-sound', async () => {
    const bench = new ConferenceBench({ loud: sounds });
    bench.join('room@loud');
    assert.deepEqual(bench.plays.map(({ source }) => source), [file('/sounds/alone.wav')]);
    bench.plays = [];
    const second = bench.join('room@loud');
    bench.join('room@loud', { conference_silent_entry: 'true' }).hangup('NORMAL_CLEARING');
    await bench.api('room enter_sound off');
    bench.join('room@loud').hangup('NORMAL_CLEARING');
    second.hangup('NORMAL_CLEARING');
    assert.deepEqual(bench.plays.map(({ source }) => source), ['in', 'out', 'out', 'alone'].map((name) => file(`/sounds/${name}.wav`)));
  });

  it('muted-sound to the muted one, not when it is to be quiet; is-locked-sound to all', async () => {
    const bench = new ConferenceBench({ loud: { 'muted-sound': 'muted.wav', 'is-locked-sound': 'locked.wav' } });
    const channel = bench.join('room@loud');
    await bench.api('room mute all quiet');
    await bench.api('room mute all');
    await bench.api('room lock');
    assert.deepEqual(bench.plays.map(({ source, leg }) => [source, leg]), [[file('/sounds/muted.wav'), channel.uuid], [file('/sounds/locked.wav'), undefined]]);
  });

  it('kick with a sound: the application ends when it has been heard', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    bench.join('room');
    await bench.api(`room kick ${channel.memberId ?? 0} farewell.wav`);
    assert.deepEqual(bench.tellings('play').map(([leg, , sources]) => [leg, sources]), [[channel.uuid, [file('/sounds/farewell.wav')]]]);
    assert.deepEqual([channel.pendingApps, channel.member], [1, undefined]);
    bench.heard();
    assert.equal(channel.pendingApps, 0);
  });

  it('music on hold while one is alone; it begins anew, and stops when another comes', async () => {
    const bench = new ConferenceBench({ music: { 'moh-sound': 'moh.wav' } });
    bench.join('room@music');
    assert.deepEqual(bench.plays.map(({ source, async }) => [source, async]), [[file('/sounds/moh.wav'), true]]);
    bench.played();
    assert.equal(bench.plays.length, 1);
    const second = bench.join('room@music');
    await settled();
    assert.equal(bench.plays.length, 0);
    second.hangup('NORMAL_CLEARING');
    assert.equal(bench.plays.length, 1);
  });

  it('moh off, on, another file, reset', async () => {
    const bench = new ConferenceBench({ music: { 'moh-sound': 'moh.wav' } });
    bench.join('room@music');
    const after = async (command: string): Promise<readonly unknown[]> => {
      assert.equal(await bench.api(`room moh ${command}`), '+OK moh\n');
      await settled();
      return bench.plays.map(({ source }) => source);
    };
    assert.deepEqual(await after('off'), []);
    assert.deepEqual(await after('on'), [file('/sounds/moh.wav')]);
    assert.deepEqual(await after('other.wav'), [file('/sounds/other.wav')]);
    assert.deepEqual(await after('reset'), [file('/sounds/moh.wav')]);
    assert.deepEqual(await after('toggle'), []);
    assert.equal(await bench.api('room moh'), '-ERR invalid moh param\n');
  });

  it('nomoh: no music for that member', () => {
    const bench = new ConferenceBench({ music: { 'moh-sound': 'moh.wav' } });
    bench.join('room@music++flags{nomoh}');
    assert.equal(bench.plays.length, 0);
  });

  it('a music that cannot be played is tried again after two seconds, and not in between', () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room', { conference_moh_sound: 'missing.wav' });
    bench.played('not_found', 0);
    assert.equal(bench.plays.length, 0);
    bench.clock.advance(2_000);
    assert.equal(bench.plays.length, 1);
    bench.played('not_found', 0);
    channel.hangup('NORMAL_CLEARING');
    assert.equal(bench.clock.pending, 0);
  });

  it('a perpetual sound plays whoever is there', () => {
    const bench = new ConferenceBench();
    bench.join('room', { conference_perpetual_sound: 'hum.wav' });
    bench.join('room');
    bench.played();
    assert.deepEqual(bench.plays.map(({ source, async }) => [source, async]), [[file('/sounds/hum.wav'), true]]);
  });

  it('hold with files: a member that leaves between two of them is played nothing more', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    const channel = bench.join('room');
    await bench.api(`room hold ${channel.member?.id} file_string://a.wav!b.wav`);
    bench.played();
    channel.hangup('NORMAL_CLEARING');
    assert.deepEqual(bench.conference('room').plays.ids, []);
  });

  it('hold with a file: again and again until unhold', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    const id = channel.memberId ?? 0;
    assert.equal(await bench.api(`room hold ${id} hold.wav`), `+OK hold ${id}\n`);
    assert.equal((bench.tellings('setMember').at(-1)?.[1] as { readonly hold: boolean }).hold, true);
    bench.played();
    assert.deepEqual(bench.plays.map(({ source, leg }) => [source, leg]), [[file('/sounds/hold.wav'), channel.uuid]]);
    assert.match(await bench.api('room list'), /;hold\|floor;0;0;100\n$/);
    assert.equal(await bench.api(`room unhold ${id}`), `+OK unhold ${id}\n`);
    await settled();
    assert.equal(bench.plays.length, 0);
    assert.equal((bench.tellings('setMember').at(-1)?.[1] as { readonly hold: boolean }).hold, false);
  });
});

describe('what a command tells the engine', () => {
  it('play to a member in place of the conference (nomux)', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    await bench.api(`room play tone_stream://%(100,0,440) ${channel.memberId ?? 0} nomux`);
    assert.equal((bench.tellings('setMember').at(-1)?.[1] as { readonly hear: boolean }).hear, false);
    bench.played();
    assert.equal((bench.tellings('setMember').at(-1)?.[1] as { readonly hear: boolean }).hear, true);
  });

  it('a name of several sources is one file: told once, with all of it', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room play tone_stream://%(100,0,440);%(100,0,880)');
    bench.actions();
    bench.played('done', 800);
    assert.deepEqual(bench.actions(), []);
    bench.played('done', 800);
    assert.deepEqual(bench.events.map(({ Action, samples }) => [Action, samples]), [['play-file-done', '1600']]);
  });

  it('vol= of a file is its volume step, to all and to one; events have it in the name', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    bench.actions();
    for (const [name, volume] of [['{vol=-2}', -2], ['{x=1,vol=9}', 4], ['{volume=3}', 0], ['{vol=x}', 0], ['', 0]] as const) {
      for (const target of ['', ` ${channel.memberId ?? 0}`]) {
        await bench.api(`room play ${name}silence_stream://50${target}`);
        assert.equal(bench.plays.at(-1)?.volume, volume, name);
        assert.equal(bench.events.at(-1)?.File, `${name}silence_stream://50`);
      }
    }
  });

  it('pause, seek, volume and status of what sounds', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    const uuid = bench.conference('room').uuid;
    assert.equal(await bench.api('room pause_play'), '-ERR no reply\n');
    await bench.api('room play silence_stream://3000');
    assert.deepEqual([await bench.api('room pause_play'), await bench.api('room pause_play')], ['+OK Pause\n', '+OK Resume\n']);
    assert.equal(await bench.api('room file_seek +500'), '+OK seek to position 24000\n');
    assert.equal(await bench.api('room file_seek -'), '+OK seek to position 12000\n');
    assert.equal(await bench.api('room file_seek 100'), '+OK seek to position 800\n');
    assert.equal(await bench.api('room file-vol 9'), '+OK volume changed\n');
    assert.equal(await bench.api('room play_status'), '+OK 2500/3000 silence_stream://3000\n');
    assert.deepEqual(bench.tellings('adjustConferencePlay').map(([conference, change, leg]) => [conference === uuid, change, leg]), [
      [true, { paused: true }, undefined],
      [true, { paused: false }, undefined],
      [true, { positionMs: 3_000 }, undefined],
      [true, { positionMs: 1_500 }, undefined],
      [true, { positionMs: 100 }, undefined],
      [true, { volume: 4 }, undefined],
    ]);
  });

  it('auto-energy and max-energy: of the profile or by command, they reach the mixer; what it makes of a level is answered', async () => {
    const bench = new ConferenceBench({ strict: { 'energy-level': '0', 'auto-energy-level': '600', 'auto-energy-seconds': '2', 'max-energy-level': '5000', 'max-energy-level-mute-ms': '400', 'max-energy-hit-trigger': '3' } });
    const channel = bench.join('room@strict');
    const id = channel.memberId ?? 0;
    const rules = (states: readonly unknown[]): unknown => {
      const { energyLevel, autoEnergy, maxEnergy } = states.at(-1) as MemberState;
      return { energyLevel, autoEnergy, maxEnergy };
    };
    assert.deepEqual(rules(bench.tellings('join')[0] ?? []), { energyLevel: 300, autoEnergy: { most: 600, least: 300, quietMs: 2_000 }, maxEnergy: { level: 5_000, muteMs: 400, hits: 3 } });
    await bench.api(`room auto-energy ${id} 900`);
    assert.equal(await bench.api(`room max-energy ${id} 4000:200:1`), `${id} = Max-Energy: 300 Energy: 4000 Max-Energy-Mute: 200ms Max-Energy-Hit-Trigger 1\n`);
    assert.deepEqual(rules(bench.tellings('setMember').at(-1) ?? []), { energyLevel: 300, autoEnergy: { most: 900, least: 300, quietMs: 2_000 }, maxEnergy: { level: 4_000, muteMs: 200, hits: 1 } });
    // More than the bound ends it.
    assert.equal(await bench.api(`room energy ${id} 1000`), `Energy ${id} = 1000\nAuto-Energy level exceeded, Auto-Energy mode disabled\n`);
    await bench.api(`room max-energy ${id} 0`);
    assert.equal(await bench.api(`room max-energy ${id} 900`), `-ERR ${id} Max-Energy cannot exceed energy level.\n${id} = Max-Energy: 1000 Energy: 0 Max-Energy-Mute: 200ms Max-Energy-Hit-Trigger 1\n`);
    assert.deepEqual(rules(bench.tellings('setMember').at(-1) ?? []), { energyLevel: 1_000, autoEnergy: undefined, maxEnergy: undefined });
  });

  it('relate: nospeak and nohear, both ways, listed, cleared, forgotten with the member', async () => {
    const bench = new ConferenceBench();
    const [a, b] = [bench.join('room'), bench.join('room')];
    const [one, two] = [a.memberId ?? 0, b.memberId ?? 0];
    const heard = (): readonly unknown[] => bench.tellings('relate').map(([, listener, speaker, hears]) => [listener === a.uuid ? 'a' : 'b', speaker === a.uuid ? 'a' : 'b', hears]);
    assert.equal(await bench.api('room relate'), '+OK No relationships\n');
    assert.equal(await bench.api(`room relate ${one} ${two} nospeak`), `+OK ${one}->${two} nospeak set\n`);
    assert.deepEqual(heard(), [['a', 'b', true], ['b', 'a', false]]);
    assert.equal(await bench.api(`room relate ${two} ${one} nohear`), `+OK ${two}->${one} nohear set\n`);
    assert.equal(await bench.api(`room relate ${one},${two}`), `${one} -> ${two} NOSPEAK HEAR NOSENDVIDEO \n${two} -> ${one} SPEAK NOHEAR NOSENDVIDEO \n`);
    assert.equal(await bench.api(`room relate ${one} ${two} clear`), `+OK relationship ${one}->${two} cleared.\n`);
    // The other's wish still holds.
    assert.deepEqual(heard().at(-1), ['b', 'a', false]);
    a.hangup('NORMAL_CLEARING');
    assert.equal(await bench.api('room relate'), '+OK No relationships\n');
    assert.equal(await bench.api(`room relate ${two} ${two} nohear`), `+OK ${two}->${two} nohear set\n`);
    assert.equal(await bench.api(`room relate ${two}`), `${two} -> ${two} SPEAK NOHEAR NOSENDVIDEO \n`);
    assert.equal(await bench.api(`room relate ${two} 0 clear`), `+OK relationship ${two}->0 cleared.\n`);
    assert.equal(await bench.api('room relate'), '+OK No relationships\n');
    assert.equal(await bench.api(`room relate ${two} 999 nohear`), `-ERR relationship ${two}->999 not found.\n`);
  });

  it('dtmf goes out as keys; `tag` and `gettag` find members', async () => {
    const bench = new ConferenceBench();
    const [a, b] = [bench.join('room'), bench.join('room')];
    await bench.api(`room dtmf ${a.memberId ?? 0} 12#`);
    assert.deepEqual(bench.tellings('sendDtmf'), [[a.uuid, '12#', 250]]);
    assert.equal(await bench.api(`room dtmf ${a.memberId ?? 0} x`), '-ERR Invalid input!\n');
    assert.equal(await bench.api(`room tag ${a.memberId ?? 0} blue`), `+OK tag ${a.memberId ?? 0}\n`);
    assert.deepEqual([await bench.api('room gettag blue'), await bench.api('room gettag blue nomatch')], [String(a.memberId), String(b.memberId)]);
  });

  it('E20: kick all: all are told before the first one goes; endconf among them ends the rest once', async () => {
    const bench = new ConferenceBench();
    const [a, b] = [bench.join('room++flags{endconf}'), bench.join('room')];
    bench.actions();
    assert.equal(await bench.api('room kick all'), `+OK kicked ${b.memberId ?? 0}\n+OK kicked ${a.memberId ?? 0}\n`);
    assert.deepEqual(bench.actions(), ['kick-member', 'kick-member', 'del-member', 'floor-change', 'del-member', 'conference-destroy']);
    assert.deepEqual([a.pendingApps, b.pendingApps, a.ended, b.ended], [0, 0, false, false]);
  });

  it('targets: by variable, the youngest, all but moderators', async () => {
    const bench = new ConferenceBench();
    const [a, b] = [bench.join('room++flags{moderator}', { colour: 'red' }), bench.join('room')];
    assert.equal(await bench.api('room deaf colour=red'), `+OK deaf ${a.memberId ?? 0}\n`);
    assert.equal(await bench.api('room deaf colour=blue'), '-ERR Non-Existant member\n');
    assert.equal(await bench.api('room undeaf last'), `+OK undeaf ${b.memberId ?? 0}\n`);
    assert.equal(await bench.api('room deaf non_moderator'), `+OK deaf ${b.memberId ?? 0}\nSkipping moderator (member id ${a.memberId ?? 0}).\n`);
  });
});

describe('recording', () => {
  it('told when the engine has begun and ended; the conference waits for its recordings', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    assert.equal(await bench.api('room record a.wav'), '+OK Record file a.wav\n');
    assert.equal(await bench.api('room record /sounds/a.wav'), '-ERR file [/sounds/a.wav] is already being used for recording.\n');
    assert.deepEqual(bench.tellings('record').map(([, from, path]) => [from, path]), [[{ conference: bench.conference('room').uuid }, '/sounds/a.wav']]);
    assert.deepEqual(bench.actions().slice(-1), ['floor-change']);
    bench.recorded('started');
    channel.hangup('NORMAL_CLEARING');
    assert.deepEqual(bench.actions(), ['start-recording', 'floor-change', 'del-member']);
    bench.recorded('stopped');
    assert.deepEqual(bench.events.map(({ Action, Path, 'Milliseconds-Elapsed': ms, 'Record-File-Size': bytes, 'Other-Recordings': others }) => [Action, Path, ms, bytes, others]), [
      ['stop-recording', 'a.wav', '2000', '32044', 'false'],
      ['conference-destroy', undefined, undefined, undefined, undefined],
    ]);
    assert.equal(bench.core.recordings.size, 0);
  });

  it('an engine that never says the end keeps a conference two seconds', async () => {
    const bench = new ConferenceBench();
    const channel = bench.join('room');
    await bench.api('room record a.wav');
    channel.hangup('NORMAL_CLEARING');
    assert.ok(!bench.actions().includes('conference-destroy'));
    bench.clock.advance(2_000);
    assert.deepEqual(bench.actions(), ['stop-recording', 'conference-destroy']);
    assert.deepEqual([bench.core.recordings.size, bench.clock.pending], [0, 0]);
  });

  it('a file that cannot be written any more: stop-recording with Error', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room record /full/a.wav');
    bench.recorded('started');
    bench.recorded('failed');
    const told = bench.events.at(-1);
    assert.deepEqual([told?.Action, told?.Path, told?.Error], ['stop-recording', '/full/a.wav', 'File could not be written']);
    assert.equal(bench.core.recordings.size, 0);
  });

  it('a file that cannot be opened: start-recording with Error', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room record /nowhere/a.wav');
    bench.recorded('failed');
    assert.equal(bench.events.at(-1)?.Error, 'File could not be opened for recording');
    assert.equal(await bench.api('room chkrecord'), '-ERR Conference is not being recorded.\n');
  });

  it('json_list and xml_list show it, paused or not', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room record a&b.wav');
    await bench.api('room pause a&b.wav');
    const [listed] = JSON.parse(await bench.api('room json_list')) as { readonly recording: boolean; readonly members: readonly Headers[] }[];
    assert.deepEqual([listed?.recording, listed?.members[0]], [true, { type: 'recording_node', record_path: 'a&b.wav', status: 'paused', join_time: 0 }]);
    assert.match(await bench.api('room xml_list'), / recording="true" .*<member type="recording_node">\n {8}<record_path status="paused">a&#38;b\.wav<\/record_path>\n {8}<join_time type="UNIX-epoch">0<\/join_time>\n/s);
    assert.match(await bench.api('list'), /\|enter_sound\|recording\|json_status\)\n/);
  });

  it('auto-record: from the participants wanted on, once, its name kept in its folder', async () => {
    const bench = new ConferenceBench({ rec: { 'auto-record': '/rec/${conference_name}.wav', 'min-required-recording-participants': '2' } });
    bench.join('../x@rec');
    assert.deepEqual(bench.tellings('record'), []);
    bench.join('../x@rec');
    bench.join('../x@rec');
    assert.deepEqual(bench.tellings('record').map(([, , path]) => path), ['/rec/__x.wav']);
    assert.equal(await bench.api('../x norecord all'), 'Stopped AUTO recording file /rec/__x.wav (Auto Recording Now Disabled)\n+OK Stopped recording 1 file\n');
  });
});

type Headers = Readonly<Record<string, unknown>>;

describe('PINs, F-18', () => {
  const profiles = { guarded: { pin: '1234', 'moderator-pin': '98765', 'pin-sound': 'pin.wav', 'bad-pin-sound': 'bad.wav', 'pin-retries': '2' } };
  const press = (channel: { digit(info: { readonly digit: string; readonly duration: number; readonly source: 'RTP' }): void }, keys: string): void => {
    for (const digit of keys) channel.digit({ digit, duration: 800, source: 'RTP' });
  };
  const asked = (bench: ConferenceBench): readonly unknown[] => bench.tellings('play').flatMap(([, , sources]) => sources);

  it('asked, answered, let in; nothing of it is in a variable or a log', () => {
    const bench = new ConferenceBench(profiles);
    const channel = bench.join('room@guarded');
    assert.deepEqual(asked(bench), [file('/sounds/pin.wav')]);
    bench.heard();
    press(channel, '1234#');
    assert.equal(channel.member?.flags.moderator, false);
    assert.ok(![...channel.variables.values(), ...bench.logged].some((value) => value.includes('1234')));
    assert.ok(!bench.events.some((event) => Object.entries(event).some(([name, value]) => name !== 'DTMF-Digit' && value.includes('1234'))));
  });

  it('the moderator\'s PIN makes a moderator', () => {
    const bench = new ConferenceBench(profiles);
    const channel = bench.join('room@guarded');
    press(channel, '9');
    bench.heard();
    press(channel, '8765');
    assert.equal(channel.member?.flags.moderator, true);
  });

  it('wrong twice: told so, then the application is over', () => {
    const bench = new ConferenceBench(profiles);
    const channel = bench.join('room@guarded');
    for (const wrong of ['1111#', '2222#']) {
      bench.heard();
      press(channel, wrong);
      bench.heard();
    }
    assert.deepEqual(asked(bench), ['pin', 'bad', 'pin', 'bad'].map((name) => file(`/sounds/${name}.wav`)));
    assert.deepEqual([channel.pendingApps, channel.ended, bench.core.conferences.size], [0, false, 0]);
  });

  it('nothing pressed counts as wrong after ten seconds', () => {
    const bench = new ConferenceBench(profiles);
    const channel = bench.join('room@guarded');
    bench.heard();
    bench.clock.advance(10_000);
    assert.equal(channel.pendingApps, 1);
    bench.heard();
    assert.deepEqual(asked(bench).length, 3);
  });

  it('a prompt that is missing ends the call, as having none', () => {
    const bench = new ConferenceBench({ ...profiles, bare: { pin: '1' } });
    const channel = bench.join('room@guarded');
    bench.heard(false);
    assert.equal(channel.hangupCause, 'DESTINATION_OUT_OF_ORDER');
    assert.equal(bench.join('room@bare').hangupCause, 'DESTINATION_OUT_OF_ORDER');
  });

  it('supplied_pin, also as a URI parameter; a caller who hangs up while being asked leaves nothing', () => {
    const bench = new ConferenceBench(profiles);
    assert.notEqual(bench.join('room@guarded', { supplied_pin: '1234' }).member, undefined);
    assert.notEqual(bench.join('room@guarded', { supplied_pin: 'X-ConfPin=1234;x' }).member, undefined);
    const channel = bench.join('room@guarded');
    channel.hangup('NORMAL_CLEARING');
    assert.deepEqual([channel.pendingApps, bench.core.plays.size], [0, 0]);
  });

  it('a moderator PIN alone lets nobody else in (E08); nopin leaves it', async () => {
    const bench = new ConferenceBench();
    bench.join('room');
    await bench.api('room pin 1');
    await bench.api('room pin mod 9');
    await bench.api('room nopin');
    assert.equal(bench.join('room').hangupCause, 'DESTINATION_OUT_OF_ORDER');
    assert.equal(bench.join('room', { supplied_pin: '9' }).member?.flags.moderator, true);
  });
});
