/** What conference commands do to the sound: who hears whom, what is recorded, whom a call brings in. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { differs, openLab, PROFILE, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import type { Headers } from './freeswitch-raw-esl.ts';
import type { RtpPeer } from './freeswitch-rtp-peer.ts';
import { makeSounds, type Sounds } from './freeswitch-sounds.ts';

interface Person {
  readonly endpoint: LibraryEndpoint;
  readonly peer: RtpPeer;
  readonly id: number;
}

/** Packets of 20 ms that are listened to. */
const WHILE = 15;
/** A change needs its time to be heard: what is on the way, the talk detection's hangover. */
const LONG = 3_000;

describe('conference commands and the sound', { timeout: 60_000 }, () => {
  let lab: Lab;
  let sounds: Sounds;
  let mark = 0;
  const api = (command: string): Promise<string> => lab.ms.api(`conference ${command}`);
  const event = (action: string): Promise<Headers> => lab.tap.event((headers) => headers.Action === action, mark);
  const person = async (room: string, profile = 'default'): Promise<Person> => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    const { memberId } = await endpoint.join(room, { profile });
    peer.towards(endpoint);
    return { endpoint, peer, id: memberId };
  };
  /** Until the listener hears something, or nothing, for a while. */
  const hears = async ({ peer }: Person, something: boolean): Promise<void> => {
    const deadline = Date.now() + LONG;
    for (;;) {
      const loud = await peer.loudOf(WHILE);
      if (something ? loud === WHILE : loud === 0) return;
      assert.ok(Date.now() < deadline, something ? 'nothing is heard' : 'something is heard');
    }
  };

  before(async () => {
    [lab, sounds] = await Promise.all([openLab(), makeSounds()]);
  });
  afterEach(async () => {
    const { rows = [] } = JSON.parse(await lab.ms.api('show channels as json')) as { rows?: { uuid: string }[] };
    for (const { uuid } of rows) await lab.ms.api(`uuid_kill ${uuid}`);
    await lab.tap.api('status');
    mark = lab.tap.events.length;
  });
  after(async () => {
    await lab.close();
    await sounds.remove();
  });

  it('C.1 relate: nohear and nospeak are heard, clear is heard', async () => {
    const [speaker, near, far] = [await person('related'), await person('related'), await person('related')];
    speaker.peer.speak();
    await Promise.all([hears(near, true), hears(far, true)]);
    assert.equal(await api(`related relate ${near.id} ${speaker.id} nohear`), `+OK ${near.id}->${speaker.id} nohear set\n`);
    await Promise.all([hears(near, false), hears(far, true)]);
    await api(`related relate ${near.id} ${speaker.id} clear`);
    await api(`related relate ${speaker.id} ${far.id} nospeak`);
    await Promise.all([hears(near, true), hears(far, false)]);
    speaker.peer.silent();
  });

  it('C.1 hold: not heard; unhold undoes it', async () => {
    const [speaker, listener] = [await person('held'), await person('held')];
    speaker.peer.speak();
    await hears(listener, true);
    assert.equal(await api(`held hold ${speaker.id}`), `+OK hold ${speaker.id}\n`);
    await hears(listener, false);
    assert.match(await api('held list'), /;hold/);
    assert.equal(await api(`held unhold ${speaker.id}`), `+OK unhold ${speaker.id}\n`);
    await hears(listener, true);
    speaker.peer.silent();
  });

  it('C.1 deaf: hears nobody and is heard; undeaf undoes it', async () => {
    const [speaker, deaf] = [await person('deaf'), await person('deaf')];
    speaker.peer.speak();
    await hears(deaf, true);
    assert.equal(await api(`deaf deaf ${deaf.id}`), `+OK deaf ${deaf.id}\n`);
    await hears(deaf, false);
    speaker.peer.silent();
    deaf.peer.speak();
    await hears(speaker, true);
    deaf.peer.silent();
    assert.equal(await api(`deaf undeaf ${deaf.id}`), `+OK undeaf ${deaf.id}\n`);
    speaker.peer.speak();
    await hears(deaf, true);
    speaker.peer.silent();
  });

  it('C.1 hold: hears nothing but what is played to it; unhold undoes it', differs('a member on `hold`'), async () => {
    const [speaker, held] = [await person('held'), await person('held')];
    speaker.peer.speak();
    await hears(held, true);
    await api(`held hold ${held.id}`);
    await hears(held, false);
    await api(`held play ${sounds.long} ${held.id}`);
    await hears(held, true);
    await api(`held unhold ${held.id}`);
    await event('play-file-member-done');
    await hears(held, true);
    speaker.peer.silent();
  });

  it('C.1 play to a member: the others hear nothing; pause and resume are heard', async () => {
    const [one, other] = [await person('played'), await person('played')];
    await api(`played play ${sounds.long} ${one.id}`);
    await Promise.all([hears(one, true), hears(other, false)]);
    assert.equal(await api(`played pause_play ${one.id}`), '+OK Pause\n');
    await hears(one, false);
    assert.equal(await api(`played pause_play ${one.id}`), '+OK Resume\n');
    await hears(one, true);
    assert.match(await api(`played play_status ${one.id}`), new RegExp(`^\\+OK \\d+/\\d+ ${sounds.long}\n$`));
    assert.equal(await api(`played stop all ${one.id}`), '+OK Stopped 1 files.\n');
    await hears(one, false);
  });

  it('C.1 file_seek near the end: the file is soon over', async () => {
    await person('sought');
    await api(`sought play ${sounds.long}`);
    assert.equal(await api('sought file_seek 19900'), '+OK seek to position 159200\n');
    const done = await event('play-file-done');
    assert.ok(Number(done.milliseconds) < 5_000, done.milliseconds);
  });

  it('E09 record: what is said is in the file, and nothing of a pause', async () => {
    const [speaker] = [await person('recorded'), await person('recorded')];
    speaker.peer.speak();
    await event('start-talking');
    const path = join(sounds.folder, 'recorded.wav');
    assert.equal(await api(`recorded recording start ${path}`), `+OK Record file ${path}\n`);
    assert.equal((await event('start-recording')).Path, path);
    await speaker.peer.hears(25);
    await api(`recorded recording pause ${path}`);
    speaker.peer.silent();
    await event('stop-talking');
    await api(`recorded recording resume ${path}`);
    assert.match(await api(`recorded recording stop ${path}`), /^Stopped recording file /);
    const stopped = await event('stop-recording');
    const wave = await readFile(path);
    assert.deepEqual([wave.toString('latin1', 0, 4), wave.toString('latin1', 8, 16)], ['RIFF', 'WAVEfmt ']);
    assert.equal(Number(stopped['Record-File-Size']), wave.length);
    const samples = dataOf(wave);
    assert.equal(Number(stopped['Samples-Out']) * 2, samples.length);
    let loud = 0;
    for (let at = 0; at + 1 < samples.length; at += 2) if (Math.abs(samples.readInt16LE(at)) > 500) loud++;
    assert.ok(loud * 2 > samples.length / 4, `${loud} of ${samples.length / 2} samples are loud`);
    // Half a second and a little; the second of silence was left out.
    assert.ok(Number(stopped['Milliseconds-Elapsed']) < 1_000, stopped['Milliseconds-Elapsed']);
  });

  for (const [profile, rate] of [['default', '8000'], ['wideband', '16000'], ['cdquality', '48000']] as const) {
    it(`C.3 profile ${profile} mixes at ${rate} Hz: one hears the other`, async () => {
      const [speaker, listener] = [await person('rated', profile), await person('rated', profile)];
      assert.equal(await api('rated get rate'), rate);
      speaker.peer.speak();
      await hears(listener, true);
      speaker.peer.silent();
    });
  }

  it('C.1 dial: who answers is in the conference, past its lock; who does not is told by the cause', async () => {
    const host = await person('dialling');
    await api('dialling lock');
    const peer = await lab.peer();
    lab.srf.invite((request, response) => {
      if (request.uri.includes('busy')) response.send(486);
      else lab.srf.createUAS(request, response, { localSdp: peer.sdp() }).catch(() => undefined);
    });
    const to = (user: string): string => `sofia/${PROFILE}/${user}@${lab.sipServerAddress}`;
    assert.equal(await api(`dialling dial ${to('friend')} 100 Room`), '+OK Call Requested: result: [SUCCESS]\n');
    const added = await lab.tap.event((headers) => headers.Action === 'add-member' && headers['Conference-Size'] === '2', mark);
    assert.equal(added['Caller-Destination-Number'], 'friend');
    assert.equal(await api(`dialling dial ${to('busy')}`), '+OK Call Requested: result: [USER_BUSY]\n');
    const [, job] = /^\+OK Job-UUID: (\S+)\n$/.exec(await api(`dialling bgdial ${to('busy')}`)) ?? [];
    const result = await event('bgdial-result');
    assert.deepEqual([result['Job-UUID'], result.Result], [job, 'USER_BUSY']);
    await host.endpoint.destroy();
  });
});

/** The samples of a WAV file: FreeSWITCH writes a chunk about the file before them. */
function dataOf(wave: Buffer): Buffer {
  for (let at = 12; at + 8 <= wave.length; at += 8 + wave.readUInt32LE(at + 4)) {
    if (wave.toString('latin1', at, at + 4) === 'data') return wave.subarray(at + 8, at + 8 + wave.readUInt32LE(at + 4));
  }
  return assert.fail('no samples');
}
