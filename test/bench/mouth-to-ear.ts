/** From the packet that holds the onset of a sound to the packet another participant hears it in. */
import { setTimeout as pause } from 'node:timers/promises';
import { toneFrame } from '../e2e/phone/audio.ts';
import { frameTone, heardAmplitude } from '../e2e/phone/media.ts';
import type { Phone } from '../e2e/phone/phone.ts';
import { spread, type Spread } from './figures.ts';

const burstHz = 1000;
const burst = Array.from({ length: 3 }, () => toneFrame(burstHz, 8000));

/** Each pair: the first speaks `bursts` times, at instants that have nothing to do with the mixer's; the second listens. */
export async function measureMouthToEar(pairs: readonly (readonly [Phone, Phone])[], bursts: number): Promise<Spread> {
  const delays = await Promise.all(
    pairs.map(async ([mouth, ear]) => {
      const own: number[] = [];
      for (let i = 0; i < bursts; i++) {
        await pause(150 + Math.random() * 100);
        const heard = ear.frame('the burst', (frame) => frameTone(frame, burstHz) > heardAmplitude, 3_000);
        const sent = await mouth.media.burst(burst);
        own.push((await heard).at - sent);
      }
      return own;
    }),
  );
  return spread(delays.flat());
}
