/**
 * Two rules of mod_conference about how loud a member is (conference_loop.c): an energy level that follows what is heard of him
 * (`auto-energy`), and a voice that is too loud (`max-energy`).
 */
import { FRAMES_PER_SECOND, volumeGain } from './mixer.ts';

const FRAME_MS = 1000 / FRAMES_PER_SECOND;

/** Bounds of the level, and how long nothing must be said before it sinks. */
export interface AutoEnergy {
  readonly most: number;
  readonly least: number;
  readonly quietMs: number;
}

/** Above `level` for more than `hits` frames in all a member is muted for `muteMs`. */
export interface MaxEnergy {
  readonly level: number;
  readonly muteMs: number;
  readonly hits: number;
}

/** What was counted of a talk: frames above the level and below it, its length, and the average energy of those above. */
export interface Talk {
  readonly loudFrames: number;
  readonly softFrames: number;
  readonly durationMs: number;
  readonly energy: number;
}

const STEP_DOWN = 100;
/** Shorter talks tell nothing about the noise around them, nor do those without a pause. */
const LEAST_TALK_MS = 2000;
const LEAST_SOFT_SHARE = 0.01;

export class AutoEnergyLevel {
  #quietFrames = 0;

  /** One frame; answers the level from here on. */
  frame(level: number, isTalking: boolean, { least, quietMs }: AutoEnergy): number {
    if (isTalking || ++this.#quietFrames * FRAME_MS < quietMs) return level;
    this.#quietFrames = 0;
    return level > least ? Math.max(level - STEP_DOWN, least) : level;
  }

  /** A talk is over; answers the level from here on: three quarters of its energy. */
  talked(level: number, { loudFrames, softFrames, durationMs, energy }: Talk, { most }: AutoEnergy): number {
    this.#quietFrames = 0;
    const tells = durationMs > LEAST_TALK_MS && Math.max(softFrames, 1) / Math.max(loudFrames, 1) > LEAST_SOFT_SHARE;
    return tells ? Math.min(Math.floor(energy * 0.75), most) : level;
  }
}

export class LoudnessGuard {
  #hits = 0;
  #mutedFrames = 0;

  /** Gain for a frame of this energy; 0 is muted. `loudFrames`: of the talk so far. Three quarters of the maximum make it softer already. */
  frame(energy: number, loudFrames: number, { level, muteMs, hits }: MaxEnergy): number {
    let gain = 1;
    if (energy > level && ++this.#hits > hits) this.#mutedFrames = Math.floor(muteMs / FRAME_MS);
    else if (this.#mutedFrames === 0 && energy > Math.floor(level * 0.75)) gain = volumeGain(-stepsDown(loudFrames));
    if (this.#mutedFrames === 0) return gain;
    if (--this.#mutedFrames === 0) this.#hits = 0;
    return 0;
  }
}

function stepsDown(loudFrames: number): number {
  return loudFrames > 9 ? 4 : loudFrames > 6 ? 3 : loudFrames > 3 ? 2 : 1;
}
