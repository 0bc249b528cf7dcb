/** Codecs and keys through the real engine and its sockets. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, describe, it } from 'node:test';
import { keyPresses } from '../../../../src/protocol/dtmf/key-presser.ts';
import { ToneDetector } from '../../../../src/protocol/dtmf/tone-detector.ts';
import { ToneGenerator } from '../../../../src/protocol/dtmf/tone-generator.ts';
import { encodeG711, muLaw } from '../../../../src/protocol/g711/g711.ts';
import { emptyPacket, readRtp, writeRtpHeader } from '../../../../src/protocol/rtp/packet.ts';
import type { AudioFormat } from '../../../../src/softswitch/engine/api.ts';
import { createDecoder, createEncoder, encodingKey } from '../../../../src/softswitch/engine/codecs.ts';
import { loadOpus } from '../../../../src/softswitch/engine/opus-codec.ts';
import { sine, toneLevel } from '../../../audio.ts';
import { Bench, HOST, isThere, Lab, member } from './engine-lab.ts';

const opus = await loadOpus();
const pcmu = (): AudioFormat => ({ codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime: 20 });

describe('encoding keys', () => {
  it('Opus: rates that come to the same, or nearly, share an encoder (maxaveragebitrate, RFC 7587 §6.1)', () => {
    const key = (maxAverageBitrate?: number): string =>
      encodingKey({ codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true, ...(maxAverageBitrate === undefined ? {} : { maxAverageBitrate }) } });
    assert.equal(key(), key(64_000));
    assert.notEqual(key(), key(20_000));
    const all = new Set(Array.from({ length: 504_001 }, (_, i) => key(6_000 + i)));
    assert.ok(all.size < 20, `${all.size}`);
  });
});

describe('media engine, codecs and keys', () => {
  const bench = new Bench(42_400, 42_599);
  const { engine } = bench;
  const lab = new Lab(bench);
  afterEach(() => lab.clear());
  after(() => engine.stop());

  for (const [name, agreed] of [
    ['G.722, packets of 30 ms', { codec: 'G722', payloadType: 9, clockRate: 8000, ptime: 30 }],
    ['Opus, packets of 20 ms', { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true } }],
    ['Opus, packets of 60 ms', { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 60 }],
    ['L16 at 16 kHz', { codec: 'L16', payloadType: 98, clockRate: 16_000, ptime: 20 }],
  ] as const) {
    it(`${name}: hears the others of a conference at 16 kHz`, async () => {
      const { conference } = await lab.room([440, 770], 16_000);
      const socket = createSocket('udp4');
      socket.bind(0, HOST);
      await once(socket, 'listening');
      const opened = await engine.open('wide', HOST);
      assert.ok(opened.ok);
      engine.configure('wide', { address: HOST, port: socket.address().port, format: agreed, direction: 'sendrecv' });
      engine.join(conference, 'wide', member);
      const decoder = createDecoder(agreed, 16_000, opus);
      const heard: number[] = [];
      await new Promise<void>((resolve) => {
        const packet = emptyPacket();
        const samples = new Int16Array(5760);
        socket.on('message', (bytes) => {
          if (readRtp(bytes, packet) !== undefined || packet.payloadType !== agreed.payloadType) throw new Error('the engine sent something else');
          const payload = bytes.subarray(packet.payloadStart, packet.payloadEnd);
          heard.push(...samples.subarray(0, decoder.decode(payload, payload.length, samples)));
          if (heard.length > 16_000) resolve();
        });
      });
      socket.close();
      engine.close('wide');
      decoder.close();
      // 100 ms at a time: a hiccup of the telephones is not a fault of the codec.
      const pieces = Array.from({ length: 9 }, (_, i) => Int16Array.from(heard.slice((i + 1) * 1600, (i + 2) * 1600)));
      for (const hz of [440, 770]) assert.ok(pieces.some((piece) => isThere(toneLevel(piece, 16_000, hz))), `${hz}`);
    });
  }

  for (const [name, agreed] of [
    ['G.722', { codec: 'G722', payloadType: 9, clockRate: 8000, ptime: 20 }],
    ['Opus', { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true } }],
  ] as const) {
    it(`M-63 echo of ${name}: all of its bandwidth comes back`, async () => {
      const socket = createSocket('udp4');
      socket.bind(0, HOST);
      await once(socket, 'listening');
      const opened = await engine.open('echo', HOST);
      assert.ok(opened.ok);
      engine.configure('echo', { address: HOST, port: socket.address().port, format: agreed, direction: 'sendrecv' });
      engine.play('echo', 'echo', [{ kind: 'echo', delayMs: 0 }]);
      const [encoder, decoder] = [createEncoder(agreed, 16_000, opus), createDecoder(agreed, 16_000, opus)];
      const heard: number[] = [];
      await new Promise<void>((resolve) => {
        const packet = emptyPacket();
        const samples = new Int16Array(5760);
        let sent = 0;
        // Each packet that comes is answered by one: the engine's clock is the telephone's.
        socket.on('message', (bytes) => {
          if (readRtp(bytes, packet) !== undefined || packet.payloadType !== agreed.payloadType) return;
          const payload = bytes.subarray(packet.payloadStart, packet.payloadEnd);
          heard.push(...samples.subarray(0, decoder.decode(payload, payload.length, samples)));
          const [frame] = encoder.encode(sine(16_000, 5000, 20, -20, sent * 320));
          if (frame === undefined) return;
          const said = new Uint8Array(12 + frame.length);
          writeRtpHeader(said, { payloadType: agreed.payloadType, marker: sent === 0, sequence: sent, timestamp: (sent * agreed.clockRate) / 50, ssrc: 9 });
          said.set(frame, 12);
          socket.send(said, opened.port, HOST);
          if (++sent > 60) resolve();
        });
      });
      socket.close();
      engine.close('echo');
      encoder.close();
      decoder.close();
      const pieces = Array.from({ length: Math.floor(heard.length / 1600) }, (_, i) => Int16Array.from(heard.slice(i * 1600, (i + 1) * 1600)));
      assert.ok(pieces.some((piece) => isThere(toneLevel(piece, 16_000, 5000))));
    });
  }

  it('detectDtmf: keys as tones are told once each, in a conference or not; switched off they are not', async () => {
    const { leg, phone, port } = await lab.line();
    const dial = async (digits: string): Promise<void> => {
      const generator = new ToneGenerator();
      generator.press(keyPresses(digits, 100));
      const frame = new Int16Array(160);
      const payload = new Uint8Array(160);
      for (let n = 0; n < 25; n++) {
        generator.fill(frame, 8000);
        encodeG711(muLaw, frame, payload);
        phone.sendRtp(payload, port);
        await phone.receive(1);
      }
    };
    const told = (): string => bench.events.flatMap((event) => (event.type === 'dtmf' && event.source === 'inband' ? [event.digit] : [])).join('');
    await dial('1');
    engine.detectDtmf(leg, true);
    await dial('2');
    await bench.event('dtmf', ({ digit }) => digit === '2');
    engine.join(lab.emptyRoom(16_000), leg, member);
    await dial('#');
    await bench.event('dtmf', ({ digit }) => digit === '#');
    engine.detectDtmf(leg, false);
    await dial('4');
    assert.equal(told(), '2#');
  });

  it('sendDtmf: tones where RFC 4733 was not agreed', async () => {
    const { leg, phone } = await lab.line();
    engine.configure(leg, { address: HOST, port: phone.port, format: pcmu(), direction: 'sendrecv' });
    engine.sendDtmf(leg, '47*', 80);
    const events = new ToneDetector(8000).listen(await phone.hear(50));
    assert.equal(events.flatMap((event) => (event.type === 'released' ? [event.digit] : [])).join(''), '47*');
  });

  it('setLegAudio: what is muted is not sent', async () => {
    const { members } = await lab.room([440, 770]);
    const [listener] = members;
    engine.setLegAudio(listener!.leg, { readMuted: false, writeMuted: true, readLevel: 0, writeLevel: 0 });
    await listener!.phone.receive(5);
    assert.ok((await listener!.phone.hear(10)).every((sample) => Math.abs(sample) <= 8));
  });
});
