/** Our certificate and key, read from files, and read again when they change or when told to. */
import { readFile, stat } from 'node:fs/promises';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Scheduler } from '../../lib/machine.ts';
import type { Result } from '../../lib/result.ts';
import { err, ok } from '../../lib/result.ts';
import type { Logger, TlsOptions } from './api.ts';
import { SipListenError } from './api.ts';

/** How often the files are looked at: whoever renews a certificate does so weeks before it ends. */
const LOOK_MS = 30_000;

export class TlsCredentials {
  readonly #files: TlsOptions;
  readonly #scheduler: Scheduler;
  readonly #log: Logger;
  readonly #onNew: (context: SecureContextOptions) => void;
  #current: SecureContextOptions = {};
  #stamp = '';
  #cancel: () => void = () => undefined;
  #closed = false;

  /** `onNew` is called with what was read again. */
  constructor(files: TlsOptions, scheduler: Scheduler, log: Logger, onNew: (context: SecureContextOptions) => void) {
    this.#files = files;
    this.#scheduler = scheduler;
    this.#log = log;
    this.#onNew = onNew;
  }

  get current(): SecureContextOptions {
    return this.#current;
  }

  get verify(): TlsOptions['verify'] {
    return this.#files.verify;
  }

  /** Reads the files. What is no good changes nothing. */
  async load(): Promise<Result<void, SipListenError>> {
    const stamp = await this.#look();
    const read = await this.#read();
    if (!read.ok) return read;
    this.#stamp = stamp;
    this.#current = read.value;
    this.#onNew(read.value);
    return ok(undefined);
  }

  /** Looks for changes from now on. */
  watch(): void {
    if (this.#closed) return;
    this.#cancel = this.#scheduler.after(LOOK_MS, () => void this.#reload().finally(() => this.watch()));
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #reload(): Promise<void> {
    const stamp = await this.#look();
    if (stamp === this.#stamp) return;
    const loaded = await this.load();
    if (loaded.ok) this.#log.info({ certFile: this.#files.certFile }, 'sip: the certificate was read again');
    else this.#log.error({ code: loaded.error.code, problem: loaded.error.message }, 'sip: the changed certificate is no good, the old one stays in use');
    // Said once for each change.
    this.#stamp = stamp;
  }

  /** A text that differs when a file was replaced or written to. */
  async #look(): Promise<string> {
    const { certFile, keyFile, caFile } = this.#files;
    const stamps = [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])].map((file) =>
      stat(file).then(
        ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
        () => 'gone',
      ),
    );
    return (await Promise.all(stamps)).join(',');
  }

  async #read(): Promise<Result<SecureContextOptions, SipListenError>> {
    const { certFile, keyFile, caFile } = this.#files;
    try {
      const [cert, key, ca] = await Promise.all([readFile(certFile), readFile(keyFile), caFile === undefined ? undefined : readFile(caFile)]);
      const context: SecureContextOptions = { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' };
      // Tries whether key and certificate fit together.
      createSecureContext(context);
      return ok(context);
    } catch (error) {
      // OpenSSL says what is wrong with a file, never what is in it.
      const reason = error instanceof Error ? error.message : String(error);
      return err(new SipListenError('sip_certificate_unusable', `certificate ${certFile} with key ${keyFile} cannot be used: ${reason}`));
    }
  }
}
