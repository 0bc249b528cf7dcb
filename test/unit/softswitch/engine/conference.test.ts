import assert from 'node:assert/strict';
import { after, afterEach, describe, it } from 'node:test';
import { aLaw, encodeG711, muLaw } from '../../../../src/protocol/g711/g711.ts';
import type { AudioSource } from '../../../../src/softswitch/engine/api.ts';
import { sine, toneLevel } from '../../../audio.ts';
import { Bench, isGone, isSilence, isThere, Lab, member } from './engine-lab.ts';
import type { Line } from './engine-lab.ts';

const tone = (hz: number, ms = 60_000): AudioSource => ({ kind: 'tone', hz: [hz], onMs: ms, offMs: 0, loops: 1 });

describe('conference', () => {
  const bench = new Bench(42_400, 42_799);
  const { engine } = bench;
  const lab = new Lab(bench);
  afterEach(() => lab.clear());
  after(() => engine.stop());

  /** What each of them hears of each tone, after what was asked for has come through. */
  async function hearing(lines: readonly Line[], tones: readonly number[]): Promise<string[]> {
    await Promise.all(lines.map(({ phone }) => phone.receive(8)));
    const heard = await lab.undisturbed(() => Promise.all(lines.map(({ phone }) => phone.hear(20))));
    return heard.map((samples) =>
      tones
        .map((hz) => toneLevel(samples, 8000, hz))
        .map((level) => (isThere(level) ? 'x' : isGone(level) ? '-' : level.toFixed(1)))
        .join(''),
    );
  }

  for (const rate of [16_000, 48_000] as const) {
    it(`mixes at ${rate} Hz: everybody hears the others and not himself, plays and a leg's own play too`, async () => {
      const { conference, members } = await lab.room([440, 770, 1130], rate);
      engine.playToConference(conference, 'all', tone(1490));
      assert.deepEqual(await hearing(members, [440, 770, 1130, 1490]), ['-xxx', 'x-xx', 'xx-x']);
      const own = await lab.line({ law: aLaw });
      engine.play(own.leg, 'own', [tone(2000)]);
      await bench.event('playStarted');
      engine.join(conference, own.leg, member);
      assert.deepEqual(await hearing([own], [440, 2000]), ['-x']);
      engine.breakPlay(own.leg, true);
      assert.deepEqual(await hearing([own], [440, 770, 1130, 1490, 2000]), ['xxxx-']);
    });
  }

  it('below its energy level a member is not mixed; with level 0 it always is', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    // -20 dBFS of a sine are an energy of 2086.
    engine.setMember(a.leg, { ...member, energyLevel: 3000 });
    await bench.event('talking', (event) => event.leg === a.leg && !event.talking);
    assert.deepEqual(await hearing(members, [440, 770]), ['-x', '--']);
    bench.events.length = 0;
    engine.setMember(a.leg, { ...member, energyLevel: 3000, volumeIn: 2 });
    const louder = await bench.event('talking', (event) => event.leg === a.leg && event.talking);
    assert.ok(louder.energy > 4000, 'its volume counts');
    engine.setMember(a.leg, { ...member, energyLevel: 0 });
    a.phone.talk(440, a.port, -60);
    await b.phone.receive(10);
    const level = toneLevel(await lab.undisturbed(() => b.phone.hear(20)), 8000, 440);
    assert.ok(level > -63 && level < -57, `${level}`);
  });

  it('the first word is heard from its first frame on', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    a.phone.hush();
    b.phone.hush();
    await Promise.all(members.map(({ leg }) => bench.event('talking', (event) => event.leg === leg && !event.talking)));
    const quiet = b.phone.packets.length;
    a.phone.talk(440, a.port);
    await b.phone.receive(30);
    const heard = b.phone.packets.slice(quiet).flatMap(({ samples }) => [...samples]);
    // The voice begins at a zero of its sine: the first sample that is not silence is hardly louder than it.
    const onset = heard.findIndex((sample) => Math.abs(sample) > 8);
    assert.ok(onset >= 0 && Math.abs(heard[onset]!) < 1200, `begins with ${heard[onset]!}`);
    assert.ok(heard.slice(onset, onset + 160).some((sample) => sample > 3000), 'in full from the first frame');
  });

  it('a word that begins late in a frame, too soft for its mean, is heard', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    a.phone.hush();
    b.phone.hush();
    await Promise.all(members.map(({ leg }) => bench.event('talking', (event) => event.leg === leg && !event.talking)));
    const quiet = b.phone.packets.length;
    const frame = new Int16Array(160);
    frame.set(sine(8000, 1000, 2.5, -30), 140);
    const payload = new Uint8Array(160);
    encodeG711(muLaw, frame, payload);
    a.phone.sendRtp(payload, a.port);
    await b.phone.receive(15);
    assert.ok(b.phone.packets.slice(quiet).some(({ samples }) => samples.some((sample) => sample > 500)));
  });

  it('relate: who is not to hear one hears all others, until it is taken back or one of them leaves', async () => {
    const { conference, members } = await lab.room([440, 770, 1130]);
    const [a, b, c] = members as [Line, Line, Line];
    engine.relate(conference, a.leg, b.leg, false);
    engine.relate(conference, c.leg, a.leg, false);
    engine.relate(conference, c.leg, b.leg, false);
    engine.relate(conference, c.leg, 'nobody', false);
    // To oneself it changes nothing.
    engine.relate(conference, a.leg, a.leg, false);
    assert.deepEqual(await hearing(members, [440, 770, 1130]), ['--x', 'x-x', '---']);
    engine.relate(conference, c.leg, a.leg, true);
    engine.leave(b.leg);
    // Nothing of its last frame stays: over and over it would sound at multiples of 50 Hz.
    assert.deepEqual(await hearing([a, c], [440, 750, 770, 800, 1130]), ['----x', 'x----']);
    engine.join(conference, b.leg, member);
    assert.deepEqual(await hearing(members, [440, 770, 1130]), ['-xx', 'x-x', 'xx-']);
  });

  it('hold: neither hears nor is heard, told as the end of its talk; what is played to it alone sounds', async () => {
    const { conference, members } = await lab.room([440, 770]);
    const [a] = members as [Line, Line];
    engine.setMember(a.leg, { ...member, hold: true });
    const stopped = await bench.event('talking', (event) => event.leg === a.leg && !event.talking);
    assert.ok(stopped.energy > 1500, 'told at once, not after 800 ms of silence');
    engine.playToConference(conference, 'moh', tone(1490), { leg: a.leg });
    assert.deepEqual(await hearing(members, [440, 770, 1490]), ['--x', '---']);
    bench.events.length = 0;
    engine.setMember(a.leg, member);
    await bench.event('talking', (event) => event.leg === a.leg && event.talking);
    assert.deepEqual(await hearing(members, [440, 770, 1490]), ['-xx', 'x--']);
  });

  it('max-energy: who is too loud is muted for a while; auto-energy: the level is told as it changes', async () => {
    const { members } = await lab.room([440, 770]);
    const [a] = members as [Line, Line];
    // -20 dBFS of a sine are an energy of 2086.
    engine.setMember(a.leg, { ...member, maxEnergy: { level: 1900, muteMs: 60_000, hits: 3 }, energyLevel: 200, autoEnergy: { most: 1500, least: 50, quietMs: 20 } });
    assert.deepEqual(await hearing(members, [440, 770]), ['-x', '--']);
    a.phone.hush();
    const { level } = await bench.event('energyLevel', (event) => event.leg === a.leg);
    // A talk of more than 2 s sets it, a shorter one lets it sink.
    assert.ok(level === 1500 || level === 100, `${level}`);
  });

  it('AGC: a soft voice is brought towards the target', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    engine.setMember(a.leg, { ...member, agcLevel: 8000 });
    let level = -20;
    for (let i = 0; i < 100 && level < -17; i++) level = toneLevel(await b.phone.hear(20), 8000, 440);
    assert.ok(level >= -17);
    engine.setMember(a.leg, member);
    await b.phone.receive(8);
    assert.ok(Math.abs(toneLevel(await lab.undisturbed(() => b.phone.hear(20)), 8000, 440) + 20) < 0.7);
  });

  it('async plays sound beside the queue; each way to stop them meets its own', async () => {
    const { conference, members } = await lab.room([440]);
    const [a] = members as [Line];
    engine.playToConference(conference, 'queue', tone(770));
    engine.playToConference(conference, 'beside', tone(1130), { async: true });
    engine.playToConference(conference, 'next', tone(1490));
    assert.deepEqual(await hearing([a], [770, 1130, 1490]), ['xx-']);
    assert.equal(await engine.stopConferencePlay(conference, 'async'), 1);
    assert.equal(await engine.stopConferencePlay(conference, 'current'), 1);
    assert.deepEqual(await hearing([a], [770, 1130, 1490]), ['--x']);
    assert.equal(await engine.stopConferencePlay(conference, 'last'), 1);
    assert.equal(await engine.stopConferencePlay(conference, 'all'), 0);
    const told = bench.events.filter((event) => event.type === 'conferencePlay').map(({ play, what }) => `${play} ${what}`);
    assert.deepEqual(told, ['queue started', 'beside started', 'beside broken', 'queue broken', 'next started', 'next broken']);
  });

  it('a play is paused, moved and made softer; its position is told', async () => {
    const { conference, members } = await lab.room([440]);
    const [a] = members as [Line];
    assert.equal(await engine.conferencePlayStatus(conference), undefined);
    engine.playToConference(conference, 'p', tone(770));
    await bench.event('conferencePlay', ({ what }) => what === 'started');
    engine.adjustConferencePlay(conference, { paused: true });
    const paused = await engine.conferencePlayStatus(conference);
    await a.phone.receive(5);
    assert.ok(isSilence(await a.phone.hear(10)));
    assert.deepEqual(await engine.conferencePlayStatus(conference), paused);
    assert.equal(paused?.lengthMs, 60_000);
    engine.adjustConferencePlay(conference, { paused: false, positionMs: 30_000, volume: -3 });
    await a.phone.receive(5);
    const status = await engine.conferencePlayStatus(conference);
    assert.ok(status !== undefined && status.positionMs >= 30_000 && status.positionMs < 40_000);
    // -12 dBFS by 0.4 is -20 dBFS.
    assert.ok(Math.abs(toneLevel(await a.phone.hear(20), 8000, 770) + 20) < 0.7);
    engine.adjustConferencePlay(conference, { positionMs: 59_900 });
    assert.equal((await bench.event('conferencePlay', ({ what }) => what === 'done')).play, 'p');
    assert.equal(await engine.conferencePlayStatus('nowhere'), undefined);
  });

  it('an empty conference plays all the same, and rests when that is over', async () => {
    const conference = lab.emptyRoom();
    engine.playToConference(conference, 'p', tone(440, 100));
    assert.equal((await bench.event('conferencePlay', ({ what }) => what === 'done')).samples, 800);
    engine.playToConference(conference, 'again', tone(440, 100));
    await bench.event('conferencePlay', ({ play, what }) => play === 'again' && what === 'done');
  });
});
