import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { makeCertificate, type TestCertificate } from '../conformance/support/certificate.ts';
import { Program } from './harness/program.ts';
import { hostPin, withPhones } from './harness/session.ts';
import { holds, until } from './harness/wait.ts';

describe('SIP over TLS, with a real telephone', () => {
  let certificate: TestCertificate;
  let program: Program;
  before(async () => {
    certificate = makeCertificate('vestibule.example');
    program = await Program.start({ env: { VESTIBULE_SIP_TLS_PORT: '0', VESTIBULE_SIP_TLS_CERT_FILE: certificate.certFile, VESTIBULE_SIP_TLS_KEY_FILE: certificate.keyFile } });
    await program.addRoom({ alias: '7100', hostPin });
  });
  after(async () => {
    await program.stop();
    certificate.remove();
  });

  const shown = async (port: number): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };

  it('baresip calls, keys its PIN, and hangs up over the connection it had before the certificate was renewed', () =>
    withPhones(program, async (phones) => {
      const { listening } = await program.status();
      const port = Number(/:(\d+);transport=tls$/.exec(listening.find((uri) => uri.endsWith('tls')) ?? '')?.[1]);
      const host = await phones.baresip('host', 1650);
      await host.call('7100', { host: '127.0.0.1', port }, 'tls');
      host.press(`${hostPin}#`);
      await program.untilRoom('7100', 'the host in the conference', ([one]) => one?.place === 'conference' && one.role === 'host');
      assert.equal(await shown(port), certificate.fingerprint());
      certificate.renew();
      process.kill(program.pid, 'SIGHUP');
      await until('the new certificate', async () => holds((await shown(port)) === certificate.fingerprint()), () => program.log);
      assert.equal((await program.participants('7100')).length, 1);
      host.hangUp();
      await host.event('CALL_CLOSED');
      await program.untilIdle();
    }));
});
