/** What is keyed after an answer (`dtmf` of a dial target or a number rule), as steps in time. */

/** Keys sent in one go, so long after the step before began. */
export interface KeyStep {
  readonly afterMs: number;
  readonly keys: string;
}

/** A `,`. */
const pauseMs = 2_000;
/** A key and the pause after it, as the media server is asked to send them. */
export const keyMs = 200;

export const isDtmfSequence = (text: string): boolean => /^[0-9A-D*#,]{1,64}$/.test(text);

export function dtmfSteps(sequence: string): readonly KeyStep[] {
  const steps: KeyStep[] = [];
  let afterMs = 0;
  for (const [, pauses = '', keys = ''] of sequence.matchAll(/(,*)([^,]+)/g)) {
    afterMs += pauses.length * pauseMs;
    steps.push({ afterMs, keys });
    afterMs = keys.length * keyMs;
  }
  return steps;
}
