/** The entry of the engine. */
import { availableParallelism } from 'node:os';
import type { Engine } from './api.ts';
import { EnginePool } from './pool.ts';
import type { EngineOptions } from './pool.ts';

export type { EngineLimits, EngineOptions } from './pool.ts';

/** More workers than that have never been measured. */
const MAX_WORKERS = 8;

/** One for each core but the main thread's. */
export function usualWorkers(): number {
  return Math.min(Math.max(availableParallelism() - 1, 1), MAX_WORKERS);
}

/** Starts the workers. A failure to start shows as the event `lost`. */
export function createEngine(options: EngineOptions): Engine {
  return new EnginePool(options);
}
