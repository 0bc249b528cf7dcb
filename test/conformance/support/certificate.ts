/** Certificates made for a test by openssl, in a folder of their own. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the certificate in the files, as `getPeerCertificate().fingerprint256` has it. */
  fingerprint(): string;
  /** Puts another certificate and key into the same files. */
  renew(): void;
  remove(): void;
}

/** Self-signed, for `names` (DNS names) and 127.0.0.1; so it is its own CA. */
export function makeCertificate(...names: readonly string[]): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-tls-'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const alternatives = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1', 'IP:::1'].join(',');
  const subject = ['-subj', `/CN=${names[0] ?? 'localhost'}`, '-addext', `subjectAltName=${alternatives}`];
  const renew = (): void => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', keyFile, '-out', certFile, ...subject], { stdio: 'pipe' });
  };
  renew();
  return { certFile, keyFile, renew, fingerprint: () => new X509Certificate(readFileSync(certFile)).fingerprint256, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
