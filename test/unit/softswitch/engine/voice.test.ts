import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToneDetector } from '../../../../src/protocol/dtmf/tone-detector.ts';
import type { ToneEvent } from '../../../../src/protocol/dtmf/tone-detector.ts';
import { readTelephoneEvent } from '../../../../src/protocol/dtmf/telephone-event.ts';
import { emptyPacket } from '../../../../src/protocol/rtp/packet.ts';
import type { AudioFormat } from '../../../../src/softswitch/engine/api.ts';
import { createDecoder, createEncoder } from '../../../../src/softswitch/engine/codecs.ts';
import { SharedEncoder, encodedSilence } from '../../../../src/softswitch/engine/frame-encoder.ts';
import { loadOpus } from '../../../../src/softswitch/engine/opus-codec.ts';
import { VoiceReceiver } from '../../../../src/softswitch/engine/voice-receiver.ts';
import { VoiceSender } from '../../../../src/softswitch/engine/voice-sender.ts';
import { sine, toneLevel } from '../../../audio.ts';

const opus = await loadOpus();
/** Handles of the library are given by promise. */
const handles = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const formats: Record<string, AudioFormat> = {
  PCMU: { codec: 'PCMU', payloadType: 0, clockRate: 8000, ptime: 20 },
  G722: { codec: 'G722', payloadType: 9, clockRate: 8000, ptime: 20 },
  'L16/16000': { codec: 'L16', payloadType: 97, clockRate: 16_000, ptime: 20 },
  'L16/48000': { codec: 'L16', payloadType: 98, clockRate: 48_000, ptime: 20 },
  OPUS: { codec: 'OPUS', payloadType: 111, clockRate: 48_000, ptime: 20, opus: { inbandFec: true } },
};

interface Packet {
  readonly payloadType: number;
  readonly payload: Uint8Array;
  readonly marker: boolean;
  readonly timestamp: number;
}

/** A sender whose packets are kept. */
function senderOf(format: AudioFormat): { sender: VoiceSender; packets: Packet[] } {
  const packets: Packet[] = [];
  let now = 0;
  const session = {
    get timestamp() {
      return now;
    },
    send: (payloadType: number, payload: Uint8Array, marker: boolean, timestamp?: number) => {
      packets.push({ payloadType, payload: Uint8Array.from(payload), marker, timestamp: timestamp ?? now });
    },
    advance: (step: number) => {
      now = (now + step) >>> 0;
    },
  };
  const sender = new VoiceSender(session, opus);
  sender.configure(format, true);
  return { sender, packets };
}

function put(receiver: VoiceReceiver, { payload, timestamp }: Packet, at: number): void {
  receiver.takeAudio({ ...emptyPacket(), ssrc: 5, timestamp, payloadStart: 0, payloadEnd: payload.length }, payload, at);
}

const tick = (rate: number, hz: number, n: number, level = -12): Int16Array => sine(rate, hz, 20, level, (n * rate) / 50);

describe('voice: what one leg is sent is what another hears', () => {
  for (const [name, format] of Object.entries(formats)) {
    for (const ptime of [10, 20, 30, 40, 60]) {
      it(`${name}, packets of ${ptime} ms, at 8, 16 and 48 kHz`, async () => {
        for (const rate of [8000, 16_000, 48_000]) {
          const { sender, packets } = senderOf({ ...format, ptime });
          const receiver = new VoiceReceiver(opus, () => undefined);
          receiver.configure({ ...format, ptime }, true);
          const frame = new Int16Array(rate / 50);
          const heard: number[] = [];
          for (let n = 0; n < 60; n++) {
            sender.sendFrame(tick(rate, 1000, n), rate);
            for (const packet of packets.splice(0)) put(receiver, packet, n * 20);
            if (n < 2) await handles();
            receiver.receive(n * 20 + 10, frame, rate);
            if (n >= 20) heard.push(...frame);
          }
          const level = toneLevel(Int16Array.from(heard), rate, 1000);
          assert.ok(Math.abs(level + 12) < 1.5, `${rate}: ${level}`);
          sender.close();
          receiver.close();
        }
      });
    }
  }

  it('10 % loss: Opus restores what was lost from the packet after it (RFC 6716 §2.1.7)', async () => {
    const snr = async (inbandFec: boolean): Promise<number> => {
      const format: AudioFormat = { ...formats['OPUS']!, opus: { inbandFec } };
      const encoder = createEncoder(format, 16_000, opus);
      const [whole, lossy] = [createDecoder(format, 16_000, opus), createDecoder(format, 16_000, opus)];
      await handles();
      const [said, heard] = [new Int16Array(320), new Int16Array(320)];
      let signal = 0;
      let error = 0;
      let before: Uint8Array | undefined;
      for (let n = 0; n < 300; n++) {
        // A voice: a pitch that glides, with harmonics.
        const frame = Int16Array.from({ length: 320 }, (_, i) => {
          const t = (n * 320 + i) / 16_000;
          const phase = 2 * Math.PI * (140 * t + 3 * Math.sin(2 * Math.PI * 1.5 * t));
          return (1 + Math.sin(2 * Math.PI * 3 * t)) * (3000 * Math.sin(phase) + 2500 * Math.sin(2 * phase) + 1500 * Math.sin(5 * phase) + 900 * Math.sin(9 * phase));
        });
        const packet = encoder.encode(frame)[0]!;
        // Each packet is decoded when the one after it is there; every tenth is lost.
        if (before !== undefined) {
          whole.decode(before, before.length, said);
          if (n % 10 === 5) lossy.conceal(heard, { position: 0, duration: 960, bytes: packet, length: packet.length });
          else lossy.decode(before, before.length, heard);
          if (n > 20 && n % 10 === 5) {
            for (const [i, sample] of said.entries()) {
              signal += sample ** 2;
              error += (sample - heard[i]!) ** 2;
            }
          }
        }
        before = packet;
      }
      for (const each of [encoder, whole, lossy]) each.close();
      return 10 * Math.log10(signal / error);
    };
    const [restored, concealed] = [await snr(true), await snr(false)];
    assert.ok(restored > concealed + 3, `${restored} ${concealed}`);
  });

  it('what is no Opus costs a frame and nothing else; without packets it fades to silence', async () => {
    const decoder = createDecoder(formats['OPUS']!, 16_000, opus);
    const encoder = createEncoder(formats['OPUS']!, 16_000, opus);
    await handles();
    const samples = new Int16Array(320);
    for (let n = 0; n < 20; n++) {
      const packet = encoder.encode(tick(16_000, 400, n))[0]!;
      assert.equal(decoder.decode(packet, packet.length, samples), 320);
    }
    assert.equal(decoder.decode(Uint8Array.of(0xff, 0xff, 0xff), 3, samples), 0);
    const outcomes = Array.from({ length: 8 }, () => decoder.conceal(samples));
    assert.deepEqual(outcomes.slice(0, 3), ['concealed', 'concealed', 'concealed']);
    assert.equal(outcomes.at(-1), 'silence');
    assert.ok(samples.every((sample) => sample === 0));
    decoder.close();
    encoder.close();
  });

  it('without the library an Opus leg is silent, and time goes on', () => {
    const sender = new VoiceSender({ timestamp: 0, send: () => assert.fail('nothing can be sent'), advance: () => undefined }, undefined);
    sender.configure(formats['OPUS']!, true);
    sender.sendFrame(new Int16Array(160), 8000);
    assert.equal(createDecoder(formats['OPUS']!, 8000, undefined).conceal(new Int16Array(160)), 'silence');
  });
});

describe('voice: from the shared stream to its own and back', () => {
  for (const name of ['PCMU', 'G722', 'L16/16000', 'OPUS']) {
    for (const rate of [8000, 16_000]) {
      it(`${name} at ${rate} Hz: no click, every 200 ms`, async () => {
        const format = formats[name]!;
        const { sender, packets } = senderOf(format);
        const shared = new SharedEncoder(format, rate, opus);
        const decoder = createDecoder(format, rate, opus);
        await handles();
        const heard: number[] = [];
        const samples = new Int16Array(decoder.rate / 50);
        for (let n = 0; n < 100; n++) {
          const isShared = Math.floor(n / 10) % 2 === 0;
          // While the leg has a mix of its own, the shared one goes on with a voice more, the leg's.
          const mix = tick(rate, 500, n, -14);
          const voice = tick(rate, 900, n, -14);
          if (isShared) sender.sendShared(shared, mix, n);
          else {
            shared.encode(mix.map((sample, i) => sample + voice[i]!), n);
            sender.sendFrame(mix, rate);
          }
          await handles();
          for (const { payload } of packets.splice(0)) {
            decoder.decode(payload, payload.length, samples);
            if (n >= 5) heard.push(...samples);
          }
        }
        // All that is not the tone, in pieces of 20 ms: a click would stand out.
        const piece = decoder.rate / 50;
        let worst = -Infinity;
        for (let at = 0; at + piece <= heard.length; at += piece) worst = Math.max(worst, residue(heard.slice(at, at + piece), decoder.rate, 500));
        assert.ok(worst < -20, `${worst}`);
        sender.close();
        shared.close();
        decoder.close();
      });
    }
  }

  it('the mix is encoded once a tick, whoever asks', () => {
    const shared = new SharedEncoder(formats['G722']!, 16_000, opus);
    const first = Uint8Array.from(shared.encode(tick(16_000, 500, 0), 1)[0]!);
    assert.deepEqual(shared.encode(tick(16_000, 500, 0), 1)[0], first);
    assert.notDeepEqual(shared.encode(tick(16_000, 500, 0), 2)[0], first);
  });

  for (const name of ['PCMU', 'G722', 'OPUS']) {
    it(`${name}: silence after a tone is silence (below -50 dBFS) within 40 ms`, async () => {
      const format = formats[name]!;
      const encoder = createEncoder(format, 8000, opus);
      const decoder = createDecoder(format, 8000, opus);
      await handles();
      const samples = new Int16Array(decoder.rate / 50);
      for (let n = 0; n < 20; n++) for (const piece of encoder.encode(tick(encoder.rate, 500, n))) decoder.decode(Uint8Array.from(piece), piece.length, samples);
      for (let n = 0; n < 3; n++) for (const piece of encodedSilence(format)) decoder.decode(piece, piece.length, samples);
      assert.ok(samples.every((sample) => Math.abs(sample) < 104), `${Math.max(...samples)}`);
      encoder.close();
      decoder.close();
    });
  }
});

/** Level of what is left of `samples` without the tone `hz`, relative to the tone, dB. */
function residue(samples: readonly number[], rate: number, hz: number): number {
  let re = 0;
  let im = 0;
  for (const [i, sample] of samples.entries()) {
    re += (2 * sample * Math.cos((2 * Math.PI * hz * i) / rate)) / samples.length;
    im += (2 * sample * Math.sin((2 * Math.PI * hz * i) / rate)) / samples.length;
  }
  let power = 0;
  for (const [i, sample] of samples.entries()) power += (sample - re * Math.cos((2 * Math.PI * hz * i) / rate) - im * Math.sin((2 * Math.PI * hz * i) / rate)) ** 2 / samples.length;
  return 10 * Math.log10(power / ((re * re + im * im) / 2));
}

describe('voice: keys, levels, comfort noise', () => {
  it('RFC 4733 where agreed: in place of the audio, which goes on after it with the marker', () => {
    const { sender, packets } = senderOf({ ...formats['PCMU']!, telephoneEvent: 101 });
    sender.sendFrame(new Int16Array(160), 8000);
    sender.press('5', 60);
    for (let n = 0; n < 8; n++) sender.sendFrame(new Int16Array(160), 8000);
    assert.deepEqual(packets.map(({ payloadType, marker, timestamp }) => `${payloadType} ${marker ? 'M' : '-'} ${timestamp}`), [
      '0 M 0', '101 M 160', '101 - 160', '101 - 160', '101 - 160', '101 - 160', '0 M 960', '0 - 1120', '0 - 1280',
    ]);
    assert.deepEqual(packets.slice(1, 6).map(({ payload }) => readTelephoneEvent(payload)!.duration), [160, 320, 480, 480, 480]);
  });

  it('tones where not, whatever else would be sent', () => {
    for (const way of ['frame', 'shared', 'silence'] as const) {
      const { sender, packets } = senderOf(formats['PCMU']!);
      const shared = sender.createShared(8000)!;
      const decoder = createDecoder(formats['PCMU']!, 8000, opus);
      const detector = new ToneDetector(8000);
      const samples = new Int16Array(160);
      const events: ToneEvent[] = [];
      sender.press('1#', 80);
      for (let n = 0; n < 25; n++) {
        const frame = tick(8000, 300, n, -30);
        if (way === 'frame') sender.sendFrame(frame, 8000);
        else if (way === 'shared') sender.sendShared(shared, frame, n);
        else sender.sendSilence();
        for (const { payload } of packets.splice(0)) {
          decoder.decode(payload, payload.length, samples);
          events.push(...detector.listen(samples));
        }
      }
      assert.equal(events.flatMap((event) => (event.type === 'released' ? [event.digit] : [])).join(''), '1#', way);
    }
  });

  it('muted is silence, a step up is 1.3 times as loud, and closed sends nothing', () => {
    const { sender, packets } = senderOf(formats['L16/16000']!);
    const peak = (): number => Math.max(...packets.splice(0).flatMap(({ payload }) => Array.from({ length: payload.length / 2 }, (_, i) => Math.abs(((payload[2 * i]! << 24) >> 16) | payload[2 * i + 1]!))));
    const shared = sender.createShared(16_000)!;
    const loud = new Int16Array(320).fill(1000);
    sender.sendFrame(loud, 16_000);
    assert.equal(peak(), 1000);
    sender.setLevel(1);
    sender.sendShared(shared, loud, 1);
    assert.equal(peak(), 1300);
    sender.setLevel('muted');
    sender.sendShared(shared, loud, 2);
    assert.equal(peak(), 0);
    sender.setLevel(0);
    sender.configure(formats['L16/16000']!, false);
    sender.sendFrame(loud, 16_000);
    assert.equal(packets.length, 0);
  });

  it('heard: muted is silence, tones are told all the same', () => {
    const events: ToneEvent[] = [];
    const receiver = new VoiceReceiver(opus, (event) => events.push(event));
    receiver.configure(formats['PCMU']!, true);
    receiver.detectTones(true);
    receiver.setLevel('muted');
    const { sender, packets } = senderOf(formats['PCMU']!);
    sender.press('7', 100);
    const frame = new Int16Array(320);
    for (let n = 0; n < 20; n++) {
      sender.sendSilence();
      for (const packet of packets.splice(0)) put(receiver, packet, n * 20);
      assert.equal(receiver.receive(n * 20 + 10, frame, 16_000), 'silence');
      assert.ok(frame.every((sample) => sample === 0));
    }
    assert.deepEqual(events.map(({ type, digit }) => `${type} ${digit}`), ['pressed 7', 'released 7']);
  });

  it('RFC 3389: noise at the level told, until audio comes again', () => {
    const receiver = new VoiceReceiver(opus, () => undefined);
    receiver.configure(formats['PCMU']!, true);
    const frame = new Int16Array(160);
    assert.equal(receiver.receive(0, frame, 8000), 'silence');
    const noise = Uint8Array.of(40);
    assert.equal(receiver.takeComfortNoise({ ...emptyPacket(), payloadStart: 0, payloadEnd: 1 }, noise), 'taken');
    assert.equal(receiver.receive(20, frame, 8000), 'audio');
    const level = 10 * Math.log10(frame.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / frame.length);
    assert.ok(Math.abs(level + 40) < 2, `${level}`);
    put(receiver, { payloadType: 0, payload: new Uint8Array(160).fill(0xff), marker: true, timestamp: 0 }, 30);
    assert.equal(receiver.receive(60, frame, 8000), 'audio');
    assert.ok(frame.every((sample) => sample === 0));
  });
});
