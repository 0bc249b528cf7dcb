/** E04, E05, E06: playing, collecting digits, DTMF events, as the unchanged drachtio-fsmrf sees them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import { differs, nothingLeft, openLab, recordSocket, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import { label, type Frame } from './freeswitch-raw-esl.ts';
import type { RtpPeer } from './freeswitch-rtp-peer.ts';
import { makeSounds, type Sounds } from './freeswitch-sounds.ts';

describe('media server and drachtio-fsmrf: playing and digits', { timeout: 90_000 }, () => {
  let lab: Lab;
  let sounds: Sounds;
  let peer: RtpPeer;
  let endpoint: LibraryEndpoint;
  let written: () => readonly Frame[];
  /** Frames written since the last call. */
  let seen = 0;
  const labels = (): readonly string[] => {
    const all = written();
    const fresh = all.slice(seen).map(label);
    seen = all.length;
    return fresh.filter((text) => text.includes(' ') || text === 'PLAYBACK_START');
  };

  before(async () => {
    [lab, sounds] = await Promise.all([openLab(), makeSounds()]);
    peer = await lab.peer();
    endpoint = await lab.endpoint(peer);
    peer.towards(endpoint);
    written = recordSocket(endpoint);
  });
  after(async () => {
    await endpoint.destroy();
    await nothingLeft(lab);
    await lab.close();
    await sounds.remove();
  });

  beforeEach(() => void labels());

  const playback = ['CHANNEL_EXECUTE playback', 'PLAYBACK_START', 'PLAYBACK_STOP done', 'CHANNEL_EXECUTE_COMPLETE playback'];

  it('E04: a file', async () => {
    assert.deepEqual(await endpoint.play(sounds.short), { playbackSeconds: '0', playbackMilliseconds: '200', playbackLastOffsetPos: '1600' });
    assert.deepEqual(labels(), playback);
  });

  it('E04: the name of what plays is in its events', async () => {
    const [started, stopped] = [once(endpoint, 'playback-start'), once(endpoint, 'playback-stop')];
    await endpoint.play(`{vol=2}${sounds.short}`);
    assert.deepEqual([await started, await stopped], [[{ file: `{vol=2}${sounds.short}` }], [{ file: `{vol=2}${sounds.short}` }]]);
    labels();
  });

  it('E04: silence and tones', async () => {
    assert.deepEqual(await endpoint.play('silence_stream://300'), { playbackSeconds: '0', playbackMilliseconds: '300', playbackLastOffsetPos: '2400' });
    assert.deepEqual(await endpoint.play('tone_stream://%(100,50,440);loops=2'), { playbackSeconds: '0', playbackMilliseconds: '300', playbackLastOffsetPos: '2400' });
    assert.deepEqual(labels(), [...playback, ...playback]);
  });

  it('E04: an offset in samples', async () => {
    assert.deepEqual(await endpoint.play({ file: sounds.short, seekOffset: 800 }), { playbackSeconds: '0', playbackMilliseconds: '100', playbackLastOffsetPos: '1600' });
    labels();
  });

  const list = ['CHANNEL_EXECUTE set', 'CHANNEL_EXECUTE_COMPLETE set', 'CHANNEL_EXECUTE playback', 'PLAYBACK_START', 'PLAYBACK_STOP done'];
  it('E04: a list; a missing file in it is skipped', async () => {
    await endpoint.play([sounds.short, sounds.short]);
    assert.deepEqual(labels(), [...list, 'PLAYBACK_START', 'PLAYBACK_STOP done', 'CHANNEL_EXECUTE_COMPLETE playback']);
    await endpoint.play([sounds.missing, sounds.short]);
    assert.deepEqual(labels(), [...list, 'CHANNEL_EXECUTE_COMPLETE playback']);
  });

  it('E04: file_string is one item', differs('list and file_string (F-17)'), async () => {
    assert.deepEqual(await endpoint.play(`file_string://${sounds.short}!${sounds.short}`), { playbackSeconds: '0', playbackMilliseconds: '400', playbackLastOffsetPos: '1600' });
    assert.deepEqual(labels(), playback);
  });

  it('E04: a missing file, and a name that means nothing, are FILE NOT FOUND without events of playing', async () => {
    await assert.rejects(endpoint.play(sounds.missing), /File Not Found/);
    await assert.rejects(endpoint.play('local_stream://moh'), /File Not Found/);
    assert.deepEqual(labels(), Array.from({ length: 2 }, () => ['CHANNEL_EXECUTE playback', 'CHANNEL_EXECUTE_COMPLETE playback']).flat());
  });

  it('E04: uuid_break ends a file: status break, FILE PLAYED', async () => {
    const played = endpoint.play(sounds.long);
    await once(endpoint, 'playback-start');
    assert.equal(await lab.ms.api(`uuid_break ${endpoint.uuid} all`), '+OK\n');
    const { playbackLastOffsetPos } = await played;
    assert.ok(Number(playbackLastOffsetPos) < 20 * 8_000);
    assert.deepEqual(labels(), ['CHANNEL_EXECUTE playback', 'PLAYBACK_START', 'PLAYBACK_STOP break', 'CHANNEL_EXECUTE_COMPLETE playback']);
  });

  it('E04, F-17: uuid_break without all goes on with the next file of a list', async () => {
    const played = endpoint.play([sounds.long, sounds.short]);
    await once(endpoint, 'playback-start');
    await endpoint.api('uuid_break', endpoint.uuid);
    assert.equal((await played).playbackMilliseconds, '200');
    assert.deepEqual(labels(), [
      ...list.slice(0, 4), 'PLAYBACK_STOP break', 'PLAYBACK_START', 'PLAYBACK_STOP done', 'CHANNEL_EXECUTE_COMPLETE playback',
    ]);
  });

  it('E04: uuid_break with nothing playing changes nothing of what plays next', async () => {
    assert.equal(await lab.ms.api(`uuid_break ${endpoint.uuid} all`), '+OK\n');
    assert.equal((await endpoint.play('silence_stream://100')).playbackMilliseconds, '100');
    labels();
  });

  it('E04, B.4.1: a second playback is nested in the first, and uuid_break all ends both', async () => {
    const outer = endpoint.play(sounds.long);
    await once(endpoint, 'playback-start');
    const inner = endpoint.play('silence_stream://100');
    await inner;
    const again = endpoint.play(sounds.long);
    await once(endpoint, 'playback-start');
    await lab.ms.api(`uuid_break ${endpoint.uuid} all`);
    await Promise.all([outer, again]);
    assert.deepEqual(labels(), [
      'CHANNEL_EXECUTE playback', 'PLAYBACK_START',
      ...playback,
      'CHANNEL_EXECUTE playback', 'PLAYBACK_START', 'PLAYBACK_STOP break', 'CHANNEL_EXECUTE_COMPLETE playback',
      'PLAYBACK_STOP break', 'CHANNEL_EXECUTE_COMPLETE playback',
    ]);
  });

  it('E04: uuid_broadcast plays on a channel that runs nothing', async () => {
    const stopped = once(endpoint, 'playback-stop');
    assert.equal(await lab.ms.api(`uuid_broadcast ${endpoint.uuid} ${sounds.short} aleg`), '+OK Message sent\n');
    assert.deepEqual(await stopped, [{ file: sounds.short }]);
    assert.equal(await lab.ms.api(`uuid_broadcast nosuch ${sounds.short} aleg`), '-ERR invalid uuid\n');
  });

  it('E06, F-23: one event for a key, with its length; it does not end a file', async () => {
    labels();
    const played = endpoint.play('silence_stream://600');
    const digit = once(endpoint, 'dtmf');
    peer.press('5', 100);
    const [key] = (await digit) as [Record<string, string>];
    assert.deepEqual([key.dtmf, key.duration, key.source], ['5', '800', 'RTP']);
    await played;
    assert.deepEqual(labels().filter((text) => text.startsWith('DTMF')), ['DTMF 5']);
    const short = once(endpoint, 'dtmf');
    peer.press('#', 40);
    assert.equal(((await short) as [Record<string, string>])[0].duration, '400');
  });

  it('playback_terminators: a list ends when the key goes down, before its event tells how long it was', differs('a key that ends a playback'), async () => {
    await endpoint.set('playback_terminators', 'any');
    labels();
    const digit = once(endpoint, 'dtmf');
    const played = endpoint.play('silence_stream://-1');
    await once(endpoint, 'playback-start');
    peer.hold('5');
    await played;
    peer.press('5', 400);
    await digit;
    assert.deepEqual(labels(), ['CHANNEL_EXECUTE playback', 'PLAYBACK_START', 'PLAYBACK_STOP break', 'CHANNEL_EXECUTE_COMPLETE playback', 'DTMF 5']);
    assert.equal(await lab.ms.api(`uuid_getvar ${endpoint.uuid} playback_terminator_used`), '5');
    await endpoint.set('playback_terminators', 'none');
    labels();
  });

  it('E06: uuid_recv_dtmf: as if the caller had pressed it, source APP', async () => {
    const digit = once(endpoint, 'dtmf');
    assert.equal(await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 7`), `+OK ${endpoint.uuid} received DTMF 7.\n`);
    assert.deepEqual(await digit, [{ dtmf: '7', duration: '2000', source: 'APP' }]);
    assert.equal(await lab.ms.api(`uuid_flush_dtmf ${endpoint.uuid}`), '+OK\n');
    labels();
  });

  const press = async (keys: string): Promise<string> => lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} ${keys}`);
  /** A FreeSWITCH listens for keys some frames after the prompt. */
  const collecting = async (): Promise<void> => {
    await once(endpoint, 'playback-stop');
    await peer.hears(10);
  };
  const defaults = { file: 'silence_stream://20', min: 1, max: 4, tries: 1, timeout: 5_000, terminators: '#' };
  const nothing = { playbackSeconds: '0', playbackMilliseconds: '20' };

  it('E05: digits and a terminator, after the prompt', async () => {
    const collected = endpoint.playCollect({ ...defaults, max: 8 });
    await collecting();
    await press('1234#');
    assert.deepEqual(await collected, { digits: '1234', invalidDigits: null, terminatorUsed: '#', ...nothing });
    assert.deepEqual(labels(), [
      'CHANNEL_EXECUTE play_and_get_digits', 'PLAYBACK_START', 'PLAYBACK_STOP done',
      'DTMF 1', 'DTMF 2', 'DTMF 3', 'DTMF 4', 'DTMF #', 'CHANNEL_EXECUTE_COMPLETE play_and_get_digits',
    ]);
  });

  it('E05: the exact length needs no terminator; RFC 4733 keys', async () => {
    const collected = endpoint.playCollect({ ...defaults, min: 4, max: 4 });
    await collecting();
    peer.press('5678');
    assert.equal((await collected).digits, '5678');
  });

  it('E05: a key during the prompt stops it and counts: the prompt ends before the application', async () => {
    labels();
    const collected = endpoint.playCollect({ ...defaults, file: sounds.long, max: 1 });
    await once(endpoint, 'playback-start');
    await press('4');
    assert.equal((await collected).digits, '4');
    assert.deepEqual(labels(), ['CHANNEL_EXECUTE play_and_get_digits', 'PLAYBACK_START', 'DTMF 4', 'PLAYBACK_STOP break', 'CHANNEL_EXECUTE_COMPLETE play_and_get_digits']);
  });

  it('E05: a wrong entry, then a right one: invalid digits are reported', differs('the first key after a prompt that is said again'), async () => {
    const collected = endpoint.playCollect({ ...defaults, min: 4, max: 4, tries: 2, regexp: '^1\\d{3}$', invalidFile: sounds.short });
    await collecting();
    await press('9999');
    // The invalid file, and then the prompt again.
    await once(endpoint, 'playback-stop');
    await collecting();
    await press('1999');
    const { digits, invalidDigits } = await collected;
    assert.deepEqual([digits, invalidDigits], ['1999', '9999']);
  });

  it('E05: # alone with min 0 is an answer without digits', async () => {
    const collected = endpoint.playCollect({ ...defaults, min: 0 });
    await collecting();
    await press('#');
    assert.equal((await collected).digits, null);
  });

  it('E05, F-17: a missing prompt ends it at once, after the invalid file', async () => {
    labels();
    const collected = await endpoint.playCollect({ ...defaults, file: sounds.missing, invalidFile: sounds.short });
    assert.equal(collected.digits, null);
    assert.deepEqual(labels(), ['CHANNEL_EXECUTE play_and_get_digits', 'PLAYBACK_START', 'PLAYBACK_STOP done', 'CHANNEL_EXECUTE_COMPLETE play_and_get_digits']);
  });

  it('E05: uuid_break ends the prompt only', async () => {
    const collected = endpoint.playCollect({ ...defaults, file: sounds.long, max: 1 });
    await once(endpoint, 'playback-start');
    await lab.ms.api(`uuid_break ${endpoint.uuid} all`);
    await collecting();
    await press('8');
    assert.equal((await collected).digits, '8');
  });

  it('E05: digits pressed while idle are not used', async () => {
    const dropped = lab.tap.events.length;
    await press('36');
    await lab.tap.event((event) => event['DTMF-Digit'] === '6', dropped);
    labels();
    const collected = endpoint.playCollect({ ...defaults, min: 2, max: 2 });
    await collecting();
    await press('12');
    assert.equal((await collected).digits, '12');
  });

  it('M-63: echo and delay_echo give the caller his voice back until they are broken off; keys pass', async () => {
    for (const [app, argument] of [['echo', ''], ['delay_echo', '60']] as const) {
      const echoed = endpoint.execute(app, argument);
      await lab.tap.event((event) => event['Event-Name'] === 'CHANNEL_EXECUTE' && event.Application === app);
      peer.speak();
      await peer.hears(20);
      const from = lab.tap.events.length;
      await press('5');
      assert.equal((await lab.tap.event((event) => event['Event-Name'] === 'DTMF', from))['DTMF-Digit'], '5');
      peer.silent();
      await lab.ms.api(`uuid_break ${endpoint.uuid}`);
      assert.equal((await echoed).getHeader('Application-Response'), '_none_');
    }
    for (const delay of ['0', '10001', 'x']) await endpoint.execute('delay_echo', delay);
  });

  it('M-63: echo ends with the call', async () => {
    const other = await lab.endpoint(await lab.peer());
    const echoed = other.execute('echo');
    await other.destroy();
    assert.equal((await echoed).getHeader('Application'), 'echo');
  });

  it('sleep waits; park and a join wait for ever, and still complete on hang-up (D-4)', differs('uuid_kill, endconf, BYE'), async () => {
    await endpoint.execute('sleep', '20');
    const other = await lab.endpoint();
    const [parked, destroyed] = [other.execute('park'), once(other, 'destroy')];
    await lab.ms.api(`uuid_kill ${other.uuid}`);
    assert.equal((await parked).getHeader('Application'), 'park');
    await destroyed;
  });

  it('E12: hang-up during a play: it stops and completes, before HANGUP', differs('uuid_kill, endconf, BYE'), async () => {
    const other = await lab.endpoint(await lab.peer());
    const otherFrames = recordSocket(other);
    const played = other.play(sounds.long);
    await once(other, 'playback-start');
    await other.destroy();
    assert.ok((await played).playbackMilliseconds !== null);
    assert.deepEqual(otherFrames().map(label).slice(-7), [
      'CHANNEL_EXECUTE hangup',
      'CHANNEL_EXECUTE_COMPLETE hangup',
      'PLAYBACK_STOP done',
      'CHANNEL_EXECUTE_COMPLETE playback',
      'CHANNEL_EXECUTE_COMPLETE socket',
      'CHANNEL_CALLSTATE HANGUP',
      'text/disconnect-notice',
    ]);
  });

  it('E12, E13: hang-up during playCollect resolves it without digits, by BYE and by uuid_kill', differs('uuid_kill, endconf, BYE'), async () => {
    for (const end of [(leg: LibraryEndpoint) => leg.dialog.destroy(), (leg: LibraryEndpoint) => lab.ms.api(`uuid_kill ${leg.uuid}`)]) {
      const other = await lab.endpoint(await lab.peer());
      const collected = other.playCollect({ ...defaults, file: sounds.long });
      await once(other, 'playback-start');
      await end(other);
      assert.equal((await collected).digits, null);
    }
  });
});
