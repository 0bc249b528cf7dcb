/** The files of recordings. Names are relative to their folder; those that lead out of it are no files. */
export interface RecordingFiles {
  /** Makes the folder a file is going to be in, and answers its path. */
  prepare(name: string): Promise<string>;
  /** Bytes of a file; 0 where there is none. */
  size(name: string): Promise<number>;
  remove(name: string): Promise<void>;
}

/** The files that can be said to a conference. */
export interface AnnouncementFiles {
  /** The path of a WAV file of the folder; undefined where there is none of this name, or it leads out of the folder. */
  find(name: string): Promise<string | undefined>;
}
