/** An open file; it closes itself when what is read from it is over. */
export interface OpenRecording {
  readonly bytes: number;
  /** From the first to the last byte, both included. */
  read(first: number, last: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Reads the files of recordings. Names are relative to their folder. */
export interface RecordingReader {
  /** Undefined: there is no such file, or the name leads out of the folder. */
  open(name: string): Promise<OpenRecording | undefined>;
}
