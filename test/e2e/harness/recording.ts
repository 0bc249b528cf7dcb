/** What a baresip recorded: PCM16 mono at 8 kHz, looked at in frames of 20 ms. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { frameSamples, rms, sampleRate, toneAmplitude } from '../phone/audio.ts';
import { audible } from '../phone/media.ts';

export class Recording {
  readonly #samples: Int16Array;

  constructor(file: string) {
    const data = readFileSync(file);
    assert.equal(data.toString('latin1', 0, 4), 'RIFF', `${file} is no WAV file`);
    assert.equal(data.readUInt16LE(22), 1, 'one channel');
    assert.equal(data.readUInt32LE(24), sampleRate);
    const start = data.indexOf('data', 12, 'latin1') + 8;
    this.#samples = Int16Array.from({ length: (data.length - start) >> 1 }, (_, i) => data.readInt16LE(start + 2 * i));
  }

  get seconds(): number {
    return this.#samples.length / sampleRate;
  }

  /** Seconds of sound, of any kind, among the last `seconds`. */
  soundAtEnd(seconds: number): number {
    const last = this.#samples.subarray(Math.max(this.#samples.length - seconds * sampleRate, 0));
    const frames = Array.from({ length: Math.floor(last.length / frameSamples) }, (_, i) => last.subarray(i * frameSamples, (i + 1) * frameSamples));
    return (frames.filter((frame) => rms(frame) > audible).length * frameSamples) / sampleRate;
  }

  /** Amplitude of the tone in each frame. */
  tone(hz: number): readonly number[] {
    const frames = Math.floor(this.#samples.length / frameSamples);
    return Array.from({ length: frames }, (_, i) => toneAmplitude(this.#samples.subarray(i * frameSamples, (i + 1) * frameSamples), hz));
  }

  /** Seconds in which the tone is there at all of `hz`, at least `amplitude` strong. */
  secondsWith(hz: readonly number[], amplitude: number): number {
    const tones = hz.map((one) => this.tone(one));
    const frames = (tones[0] ?? []).filter((_, i) => tones.every((tone) => (tone[i] ?? 0) >= amplitude));
    return (frames.length * frameSamples) / sampleRate;
  }
}
