import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { muLaw } from '../../../../src/protocol/g711/g711.ts';
import { sine, toneLevel, writeWav } from '../../../audio.ts';
import { Bench, format, freePorts, HOST, isGone, isSilence, isThere, Lab, member } from './engine-lab.ts';
import type { Line } from './engine-lab.ts';
import { Phone, TELEPHONE_EVENT } from './phone.ts';

describe('media engine', () => {
  // Whatever else runs on this machine keeps its ports: the pool passes over those in use.
  const bench = new Bench(42_000, 42_399);
  const { engine } = bench;
  const lab = new Lab(bench);
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-engine-'));
  const music = join(folder, 'music.wav');

  before(() => writeFileSync(music, writeWav({ rate: 16000, channels: 1, samples: sine(16000, 700, 3000, -20) })));
  afterEach(() => lab.clear());
  after(async () => {
    await engine.stop();
    rmSync(folder, { recursive: true });
  });

  it('gives an even port of the range (RFC 3550 §11), and an idle leg sends silence so that a NAT stays open', async () => {
    const { phone, port } = await lab.line();
    assert.ok(port >= 42_000 && port < 42_399 && port % 2 === 0);
    const heard = await phone.receive(5);
    for (const [i, { packet, samples }] of heard.entries()) {
      assert.ok(samples.length === 160 && samples.every((sample) => sample === 0));
      assert.equal((packet.sequence - heard[0]!.packet.sequence) & 0xffff, i);
      assert.equal((packet.timestamp - heard[0]!.packet.timestamp) >>> 0, i * 160);
    }
    assert.equal(phone.packets[0]!.packet.marker, true);
  });

  it('a file of 22.05 kHz, as espeak-ng writes them, sounds as high and as loud as it is: to a leg, a conference, a member', async () => {
    const path = join(folder, 'speech.wav');
    // 700 Hz is none of the tones of the room.
    writeFileSync(path, writeWav({ rate: 22_050, channels: 1, samples: sine(22_050, 700, 10_000, -20) }));
    const source = { kind: 'file', path } as const;
    const { phone, leg } = await lab.line();
    const { conference, members } = await lab.room([440, 1130], 16_000);
    const [a, b] = members as [Line, Line];
    const level = async (line: Phone): Promise<number> => {
      await line.receive(10);
      return toneLevel(await lab.undisturbed(() => line.hear(20)), 8000, 700);
    };
    engine.play(leg, 'leg', [source]);
    await bench.event('playStarted');
    const toLeg = await level(phone);
    engine.playToConference(conference, 'all', source);
    await bench.event('conferencePlay', ({ play, what }) => play === 'all' && what === 'started');
    const toAll = await level(b.phone);
    assert.equal(await engine.stopConferencePlay(conference, 'all'), 1);
    engine.playToConference(conference, 'one', source, { leg: a.leg });
    await bench.event('conferencePlay', ({ play, what }) => play === 'one' && what === 'started');
    const toOne = await level(a.phone);
    for (const heard of [toLeg, toAll, toOne]) assert.ok(heard > -21 && heard < -19, `${heard}`);
    await b.phone.receive(5);
    assert.ok(isGone(toneLevel(await lab.undisturbed(() => b.phone.hear(20)), 8000, 700)));
  });

  it('M-63 echo: a caller hears himself, beside what is played over it, until it is broken', async () => {
    const { leg, phone, port } = await lab.line();
    phone.talk(440, port);
    engine.play(leg, 'echo', [{ kind: 'echo', delayMs: 0 }]);
    await bench.event('playStarted');
    await phone.receive(10);
    const heard = toneLevel(await lab.undisturbed(() => phone.hear(20)), 8000, 440);
    assert.ok(heard > -21 && heard < -19, `${heard}`);
    engine.play(leg, 'over', [{ kind: 'tone', hz: [1000], onMs: 60_000, offMs: 0, loops: 1 }]);
    await bench.event('playStarted', ({ play }) => play === 'over');
    await phone.receive(5);
    const over = await phone.hear(20);
    assert.ok(isThere(toneLevel(over, 8000, 1000)) && isGone(toneLevel(over, 8000, 440)));
    engine.breakPlay(leg, true);
    await phone.receive(10);
    assert.ok(isThere(toneLevel(await lab.undisturbed(() => phone.hear(20)), 8000, 440)));
    engine.breakPlay(leg, true);
    await bench.event('playDone', ({ play }) => play === 'echo');
    await phone.receive(5);
    assert.ok(isSilence(await phone.hear(10)));
  });

  for (const ptime of [10, 30, 40]) {
    it(`sends with a packet time of ${ptime} ms`, async () => {
      const { phone } = await lab.line({ ptime });
      assert.ok((await phone.receive(4)).every(({ samples }) => samples.length === ptime * 8));
    });
  }

  it('symmetric RTP, RFC 3550 §A.1: follows two valid packets in sequence, then no other but the signalled address', async () => {
    const [signalled, stranger] = [await Phone.create(), await Phone.create()];
    const { leg, phone, port } = await lab.line({ signalled: signalled.port });
    await signalled.receive(2);
    stranger.sendBytes(Buffer.from('not RTP at all'), port);
    stranger.sendRtp(new Uint8Array(160), port, { payloadType: 55 });
    for (let i = 0; i < 2; i++) phone.sendRtp(new Uint8Array(160), port);
    await phone.receive(2);
    for (let i = 0; i < 2; i++) stranger.sendRtp(new Uint8Array(160), port);
    await phone.receive(5);
    assert.equal(stranger.packets.length, 0);
    const stats = await engine.stats(leg);
    assert.equal(stats?.inMediaPackets, 1);
    // Text, the first packet on probation, two of the stranger.
    assert.equal(stats.inDiscarded, 4);
    signalled.sendRtp(new Uint8Array(160), port);
    await signalled.receive(2);
    // A re-INVITE with another address opens it again.
    engine.configure(leg, { address: HOST, port: stranger.port, format: format(muLaw), direction: 'sendrecv' });
    await stranger.receive(2);
    signalled.close();
    stranger.close();
  });

  it('N-1: everybody hears the others and not himself, in both laws', async () => {
    const { members } = await lab.room([440, 770, 1130]);
    const heard = await Promise.all(members.map(({ phone }) => phone.hear(20)));
    for (const [i, own] of [440, 770, 1130].entries()) {
      for (const hz of [440, 770, 1130]) {
        const level = toneLevel(heard[i]!, 8000, hz);
        assert.ok(hz === own ? isGone(level) : isThere(level), `member ${i}, ${hz} Hz: ${level} dB`);
      }
    }
  });

  it('two conferences do not hear each other (N-03)', async () => {
    const [one, two] = [await lab.room([440, 770]), await lab.room([1130, 1490])];
    const [inOne, inTwo] = await Promise.all([one.members[0]!.phone.hear(20), two.members[0]!.phone.hear(20)]);
    assert.ok(isThere(toneLevel(inOne, 8000, 770)) && isGone(toneLevel(inOne, 8000, 1130)) && isGone(toneLevel(inOne, 8000, 1490)));
    assert.ok(isThere(toneLevel(inTwo, 8000, 1490)) && isGone(toneLevel(inTwo, 8000, 440)) && isGone(toneLevel(inTwo, 8000, 770)));
  });

  it('a leg outside hears nothing of the conference it left', async () => {
    const { members } = await lab.room([440, 770]);
    engine.leave(members[0]!.leg);
    await members[0]!.phone.receive(5);
    assert.ok(isSilence(await members[0]!.phone.hear(10)));
    assert.ok(isGone(toneLevel(await members[1]!.phone.hear(15), 8000, 440)));
  });

  it('a muted member is not heard, a deaf one does not hear', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    engine.setMember(a.leg, { ...member, speak: false });
    await b.phone.receive(5);
    assert.ok(isGone(toneLevel(await b.phone.hear(20), 8000, 440)));
    engine.setMember(a.leg, member);
    engine.setMember(b.leg, { ...member, hear: false });
    await b.phone.receive(5);
    assert.ok(isSilence(await b.phone.hear(10)));
    assert.ok(isThere(toneLevel(await a.phone.hear(20), 8000, 770)));
  });

  it('volume steps: what a member says, what it hears', async () => {
    const { members } = await lab.room([440, 770, 1130]);
    const [a, b, c] = members as [Line, Line, Line];
    engine.setMember(a.leg, { ...member, volumeIn: -4 });
    engine.setMember(b.leg, { ...member, volumeOut: 2 });
    await c.phone.receive(5);
    const [byB, byC] = await Promise.all([b.phone.hear(20), c.phone.hear(20)]);
    // 0.2 is -14.0 dB, 2.3 is +7.2 dB.
    assert.ok(Math.abs(toneLevel(byC, 8000, 440) + 34) < 0.7, `${toneLevel(byC, 8000, 440)}`);
    assert.ok(Math.abs(toneLevel(byB, 8000, 1130) + 12.8) < 0.7, `${toneLevel(byB, 8000, 1130)}`);
  });

  it('F-21: talking begins, and ends about 800 ms after the last word; a muted member is watched too', async () => {
    const { members } = await lab.room([440, 770]);
    const [a] = members as [Line];
    a.phone.hush();
    const stopped = await bench.event('talking', (event) => event.leg === a.leg && !event.talking);
    assert.ok(stopped.durationMs >= 800 && stopped.energy > 100 && !stopped.muted);
    bench.events.length = 0;
    engine.setMember(a.leg, { ...member, speak: false });
    a.phone.talk(440, a.port);
    assert.equal((await bench.event('talking', (event) => event.leg === a.leg && event.talking)).muted, true);
  });

  it('plays a list: tone, a missing file, a 16 kHz file; each told, in order', async () => {
    const { leg, phone } = await lab.line();
    const sources = [{ kind: 'tone', hz: [440], onMs: 300, offMs: 0, loops: 1 }, { kind: 'file', path: join(folder, 'none.wav') }, { kind: 'file', path: music }] as const;
    engine.play(leg, 'list', sources);
    const heard = await phone.hear(100);
    assert.ok(toneLevel(heard.subarray(160 * 5, 160 * 12), 8000, 440) > -14);
    assert.ok(isThere(toneLevel(heard.subarray(160 * 40, 160 * 90), 8000, 700)));
    await bench.event('playDone');
    assert.deepEqual(
      bench.events.map((event) => (event.type === 'playStopped' ? `${event.index} ${event.how} ${event.samples}` : event.type === 'playStarted' ? `${event.index} started` : event.type)),
      ['0 started', '0 done 2400', '1 not_found 0', '2 started', '2 done 24000', 'playDone'],
    );
    assert.ok(bench.warnings.includes('audio_not_found'));
  });

  it('break ends the file at the next tick and tells where it was', async () => {
    const { leg, phone } = await lab.line();
    engine.play(leg, 'music', [{ kind: 'file', path: music, offsetSamples: 800 }]);
    await bench.event('playStarted');
    await phone.receive(10);
    engine.breakPlay(leg, true);
    const stopped = await bench.event('playStopped');
    assert.equal(stopped.how, 'broken');
    assert.equal(stopped.offset, stopped.samples + 800);
    await bench.event('playDone');
    await phone.receive(2);
    assert.ok(isSilence(await phone.hear(5)));
  });

  it('in a conference its own play replaces the room for a leg, and the room still hears it', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    engine.play(a.leg, 'help', [{ kind: 'file', path: music }]);
    await bench.event('playStarted');
    await a.phone.receive(3);
    const [byA, byB] = await Promise.all([a.phone.hear(20), b.phone.hear(20)]);
    assert.ok(isThere(toneLevel(byA, 8000, 700)) && isGone(toneLevel(byA, 8000, 770)));
    assert.ok(isThere(toneLevel(byB, 8000, 440)) && isGone(toneLevel(byB, 8000, 700)));
  });

  it('plays to a conference, over it to one member, queued; stopping tells how many', async () => {
    const { conference, members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    const tone = (hz: number) => ({ kind: 'tone', hz: [hz], onMs: 60_000, offMs: 0, loops: 1 }) as const;
    engine.playToConference(conference, 'all', tone(1130));
    engine.playToConference(conference, 'all2', tone(1300));
    engine.playToConference(conference, 'one', tone(1490), { leg: a.leg });
    await bench.event('conferencePlay', (event) => event.play === 'one' && event.what === 'started');
    await a.phone.receive(3);
    const [byA, byB] = await Promise.all([a.phone.hear(20), b.phone.hear(20)]);
    assert.ok([770, 1130, 1490].every((hz) => isThere(toneLevel(byA, 8000, hz))));
    assert.ok(isThere(toneLevel(byB, 8000, 1130)) && isGone(toneLevel(byB, 8000, 1490)) && isGone(toneLevel(byB, 8000, 1300)));
    assert.equal(await engine.stopConferencePlay(conference, 'current'), 1);
    await bench.event('conferencePlay', (event) => event.play === 'all2' && event.what === 'started');
    assert.equal(await engine.stopConferencePlay(conference, 'all'), 1);
    assert.equal(await engine.stopConferencePlay(conference, 'all'), 0);
    engine.leave(a.leg);
    const broken = await bench.event('conferencePlay', (event) => event.play === 'one' && event.what === 'broken');
    assert.equal(broken.leg, a.leg);
    assert.ok(broken.samples > 0);
  });

  it('destroying a conference ends its plays and puts its members out', async () => {
    const { conference, members } = await lab.room([440, 770]);
    engine.playToConference(conference, 'moh', { kind: 'silence', ms: -1 });
    await bench.event('conferencePlay', (event) => event.what === 'started');
    engine.destroyConference(conference);
    await bench.event('conferencePlay', (event) => event.what === 'broken');
    await members[0]!.phone.receive(5);
    assert.ok(isSilence(await members[0]!.phone.hear(5)));
    assert.equal((await engine.engineStats()).conferences, 0);
  });

  it('RFC 4733: keys are told once each, with length, SSRC and timestamp', async () => {
    const { leg, phone, port } = await lab.line();
    for (const event of [1, 1, 10, 11]) phone.press(event, port);
    await bench.event('dtmf', ({ digit }) => digit === '#');
    const digits = bench.events.filter((event) => event.type === 'dtmf');
    assert.deepEqual(digits.map(({ digit }) => digit), ['1', '1', '*', '#']);
    assert.ok(digits.every((event) => event.leg === leg && event.durationMs === 100 && event.source === 'rtp' && event.ssrc === 77));
    assert.equal((await engine.stats(leg))?.inDtmfPackets, 20);
  });

  it('RFC 4733 §2.5.2.2: a key whose end packets are lost is told after a while', async () => {
    const { phone, port } = await lab.line();
    phone.sendRtp(Uint8Array.of(5, 10, 0, 160), port, { payloadType: TELEPHONE_EVENT });
    assert.equal((await bench.event('dtmf')).digit, '5');
  });

  for (const direction of ['recvonly', 'inactive'] as const) {
    it(`RFC 3264 §5.1: nothing is sent while ${direction}, and time has gone on afterwards`, async () => {
      const watch = await lab.line();
      const { leg, phone } = await lab.line();
      const before = (await phone.receive(2))[1]!.packet;
      engine.configure(leg, { address: HOST, port: phone.port, format: format(muLaw), direction });
      await engine.stats(leg);
      await watch.phone.receive(2);
      const quiet = phone.packets.length;
      await watch.phone.receive(10);
      assert.equal(phone.packets.length, quiet);
      engine.configure(leg, { address: HOST, port: phone.port, format: format(muLaw), direction: 'sendrecv' });
      const [first] = await phone.receive(1);
      assert.equal(first!.packet.marker, true);
      assert.ok((first!.packet.timestamp - before.timestamp) >>> 0 >= 12 * 160);
    });
  }

  it('what a sendonly leg is sent is not heard', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    engine.configure(a.leg, { address: HOST, port: a.phone.port, format: format(muLaw), direction: 'sendonly' });
    await b.phone.receive(15);
    assert.ok(isGone(toneLevel(await b.phone.hear(20), 8000, 440)));
  });

  it('garbage, truncated packets, floods and RTCP cost the call nothing', async () => {
    const { members } = await lab.room([440, 770]);
    const [a, b] = members as [Line, Line];
    const stranger = await Phone.create();
    for (let length = 0; length < 40; length++) {
      stranger.sendBytes(new Uint8Array(length).fill(0x80 + length), a.port);
      a.phone.sendBytes(Uint8Array.from({ length }, (_, i) => (i === 0 ? 0xbf : i * length)), a.port);
      stranger.sendBytes(new Uint8Array(length).fill(0x81), a.port + 1);
    }
    a.phone.sendBytes(new Uint8Array(9000).fill(0x80), a.port);
    a.phone.sendRtp(new Uint8Array(0), a.port);
    a.phone.sendRtp(new Uint8Array(1000), a.port, {}, 0);
    stranger.close();
    await b.phone.receive(10);
    assert.ok(isThere(toneLevel(await b.phone.hear(20), 8000, 440)));
    assert.ok((await engine.stats(a.leg))!.inDiscarded > 40);
  });

  it('an address that is none, port 0 and a host name draw no packet and harm nothing', async () => {
    const { leg, phone, port } = await lab.line();
    for (const [address, at] of [['0.0.0.0', 0], ['phone.example', 4000], ['', 4000], ['::1', 4000], [HOST, 70_000]] as const) {
      engine.configure(leg, { address, port: at, format: format(muLaw), direction: 'sendrecv' });
      await engine.stats(leg);
    }
    for (let i = 0; i < 2; i++) phone.sendRtp(new Uint8Array(160), port);
    await phone.receive(2);
  });

  it('media timeout: told once when nothing comes for that long; on hold the other time counts', async () => {
    const [silent, held, told] = [await lab.line(), await lab.line(), (leg: string) => bench.events.filter((event) => event.type === 'mediaTimeout' && event.leg === leg).length];
    engine.configure(held.leg, { address: HOST, port: held.phone.port, format: format(muLaw), direction: 'sendonly' });
    engine.setMediaTimeout(held.leg, 40, 0);
    engine.setMediaTimeout(silent.leg, 100, 0);
    silent.phone.sendRtp(new Uint8Array(160), silent.port);
    await bench.event('mediaTimeout', (event) => event.leg === silent.leg);
    engine.setMediaTimeout(held.leg, 0, 40);
    await bench.event('mediaTimeout', (event) => event.leg === held.leg);
    await silent.phone.receive(10);
    assert.deepEqual([told(silent.leg), told(held.leg)], [1, 1]);
  });

  it('commands for what is not there are ignored', async () => {
    engine.configure('nobody', { address: HOST, port: 1, format: format(muLaw), direction: 'sendrecv' });
    engine.play('nobody', 'p', []);
    engine.breakPlay('nobody', true);
    engine.join('nowhere', 'nobody', member);
    engine.leave('nobody');
    engine.setMember('nobody', member);
    engine.playToConference('nowhere', 'p', { kind: 'silence', ms: 1 });
    engine.destroyConference('nowhere');
    engine.close('nobody');
    assert.equal(await engine.stopConferencePlay('nowhere', 'all'), 0);
    assert.equal(await engine.stats('nobody'), undefined);
  });

  it('closing a leg ends its plays and frees its slot', async () => {
    const { leg } = await lab.line();
    engine.play(leg, 'p', [{ kind: 'silence', ms: -1 }]);
    await bench.event('playStarted');
    engine.close(leg);
    assert.equal((await bench.event('playStopped')).how, 'broken');
    await bench.event('playDone');
    assert.equal(await engine.stats(leg), undefined);
  });
});

describe('media engine, limits and ends', () => {
  it('no_port when all are in use or rest; a closed one is given again after the quarantine', async () => {
    const first = await freePorts(4);
    const { engine } = new Bench(first, first + 3, 10, 300);
    const opened = await Promise.all(['a', 'b', 'c'].map((leg) => engine.open(leg, HOST)));
    assert.deepEqual(opened.map((result) => (result.ok ? 'ok' : result.error)), ['ok', 'ok', 'no_port']);
    engine.close('a');
    assert.deepEqual(await engine.open('d', HOST), { ok: false, error: 'no_port' });
    let again = await engine.open('d', HOST);
    while (!again.ok) again = await engine.open('d', HOST);
    assert.deepEqual(again, opened[0]);
    await engine.stop();
  });

  it('too_many_legs', async () => {
    const first = await freePorts(6);
    const { engine } = new Bench(first, first + 5, 2);
    const opened = await Promise.all(['a', 'b', 'c'].map((leg) => engine.open(leg, HOST)));
    assert.deepEqual(opened.map((result) => (result.ok ? 'ok' : result.error)), ['ok', 'ok', 'too_many_legs']);
    await engine.stop();
  });

  it('a port in use by somebody else is passed over', async () => {
    const first = await freePorts(4);
    const [one, two] = [new Bench(first, first + 3), new Bench(first, first + 3)];
    const ports = await Promise.all([one.engine.open('a', HOST), two.engine.open('b', HOST)]);
    assert.ok(ports[0].ok && ports[1].ok && ports[0].port !== ports[1].port);
    await Promise.all([one.engine.stop(), two.engine.stop()]);
  });

  it('an address that is not ours is no_port, with a warning', async () => {
    const first = await freePorts(4);
    const { engine, warnings } = new Bench(first, first + 3);
    for (const host of ['192.0.2.1', 'nonsense']) assert.deepEqual(await engine.open('a', host), { ok: false, error: 'no_port' });
    assert.deepEqual(warnings, ['rtp_socket_error', 'rtp_socket_error']);
    await engine.stop();
  });

  it('a leg closed while it is being opened leaves no socket', async () => {
    const first = await freePorts(2);
    const { engine } = new Bench(first, first + 1);
    const opening = engine.open('a', HOST);
    engine.close('a');
    await opening;
    assert.equal((await engine.engineStats()).legs, 0);
    assert.ok((await engine.open('b', HOST)).ok);
    await engine.stop();
  });

  it('stop ends plays and thread; afterwards everything answers', async () => {
    const first = await freePorts(4);
    const bench = new Bench(first, first + 3);
    await bench.engine.open('a', HOST);
    bench.engine.play('a', 'p', [{ kind: 'silence', ms: -1 }]);
    await bench.engine.stop();
    assert.deepEqual(bench.events.map(({ type }) => type), ['playStopped', 'playDone']);
    assert.deepEqual(await bench.engine.open('b', HOST), { ok: false, error: 'engine_failed' });
    assert.equal(await bench.engine.stats('a'), undefined);
    await bench.engine.stop();
  });

  it('a worker that dies is told once, and what waits is answered', async () => {
    const first = await freePorts(4);
    const bench = new Bench(first, first + 3);
    await bench.engine.open('a', HOST);
    // No types protect the other thread: what no caller can write makes it fall over.
    bench.engine.play('a', 'p', null as never);
    assert.equal(await bench.engine.stats('a'), undefined);
    await bench.event('lost');
    assert.deepEqual(await bench.engine.open('b', HOST), { ok: false, error: 'engine_failed' });
    assert.equal(bench.events.filter(({ type }) => type === 'lost').length, 1);
    await bench.engine.stop();
  });
});
