import { sep } from 'node:path';
import { argument } from './esl-text.ts';
import type { FreeSwitchServer } from './media-server.ts';

/** A file of the prompt folder, as the server sees it. */
export const promptPath = ({ promptDir }: Pick<FreeSwitchServer, 'promptDir'>, file: string): string => argument(`${promptDir}/${file}`);

/** A file of ours, as the server sees it. */
export function pathThere({ folders = [] }: Pick<FreeSwitchServer, 'folders'>, path: string): string {
  const folder = folders.find(({ here }) => path.startsWith(here + sep));
  return argument(folder === undefined ? path : folder.there + path.slice(folder.here.length));
}
