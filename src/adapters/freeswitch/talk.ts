import type Mrf from 'drachtio-fsmrf';

const fullScale = 32_768;
const silence = 127;

/** Whether a conference says of a member that it began to speak, or stopped. `level`: dB below full scale, 0 to 127 (RFC 6464 §3). */
export function talkOf(event: Mrf.Event): { readonly talking: boolean; readonly level: number } | undefined {
  const action = event.getHeader('Action');
  if (action !== 'start-talking' && action !== 'stop-talking') return undefined;
  // mod_conference's energy is the mean of the samples, without their sign.
  return { talking: action === 'start-talking', level: action === 'start-talking' ? levelOf(Number(event.getHeader('Current-Energy') ?? '0')) : silence };
}

const levelOf = (energy: number): number => (energy > 0 ? Math.min(silence, Math.max(0, Math.round(-20 * Math.log10(energy / fullScale)))) : silence);
