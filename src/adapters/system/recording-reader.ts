import { open, type FileHandle } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { OpenRecording, RecordingReader } from '../../ports/recording-reader.ts';

export const createRecordingReader = (dir: string): RecordingReader => ({
  open: async (name) => {
    const path = resolve(dir, name);
    if (!path.startsWith(resolve(dir) + sep)) return undefined;
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const file = await handle.stat();
      if (file.isFile()) return opened(handle, file.size);
    } catch {
      // Not there, or not ours to read.
    }
    await handle?.close();
    return undefined;
  },
});

const opened = (handle: FileHandle, bytes: number): OpenRecording => ({
  bytes,
  read: (first, last) => handle.createReadStream({ start: first, end: last, autoClose: true }),
  close: () => handle.close(),
});
