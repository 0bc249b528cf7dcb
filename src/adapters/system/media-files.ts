import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { AnnouncementFiles, RecordingFiles } from '../../ports/recording-files.ts';

/** The path of `name` in `dir`; undefined where it leads out of it. */
function inside(dir: string, name: string): string | undefined {
  const path = resolve(dir, name);
  const way = relative(dir, path);
  return name.includes('\0') || way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way ? undefined : path;
}

export function createRecordingFiles(dir: string): RecordingFiles {
  const pathOf = (name: string): string => {
    const path = inside(dir, name);
    if (path === undefined) throw new Error('a name that leads out of the folder of recordings');
    return path;
  };
  return {
    prepare: async (name) => {
      const path = pathOf(name);
      await mkdir(dirname(path), { recursive: true });
      return path;
    },
    size: async (name) => {
      try {
        return (await stat(pathOf(name))).size;
      } catch {
        return 0;
      }
    },
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}

export const createAnnouncementFiles = (dir: string): AnnouncementFiles => ({
  find: async (name) => {
    const path = /\.wav$/i.test(name) ? inside(dir, name) : undefined;
    if (path === undefined) return undefined;
    try {
      return (await stat(path)).isFile() ? path : undefined;
    } catch {
      return undefined;
    }
  },
});

/** Where things are below `data.dir`. */
export const mediaFolders = (dataDir: string): { readonly recordings: string; readonly announcements: string; readonly speech: string } => ({
  recordings: join(dataDir, 'recordings'),
  announcements: join(dataDir, 'announcements'),
  speech: join(dataDir, 'announcements', '.spoken'),
});
