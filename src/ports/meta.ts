import type { Result } from '../lib/result.ts';
import type { StoreProblem } from './store-problem.ts';

/** Small facts about the installation itself, such as "the demo room has been made". */
export interface MetaStore {
  get(key: string): Promise<Result<string | undefined, StoreProblem>>;
  set(key: string, value: string): Promise<Result<void, StoreProblem>>;
}
