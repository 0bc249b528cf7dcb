/** SIP over TLS (RFC 3261 §26.2, RFC 5922): calls, sips URIs, verification both ways, certificates that change. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import type { ListenAddress, ServerTransaction } from '../../../src/softswitch/sip-stack/api.ts';
import type { TestCertificate } from '../support/certificate.ts';
import { makeCertificate } from '../support/certificate.ts';
import { Inbox } from '../support/inbox.ts';
import { TlsPeer } from '../support/secure-peers.ts';
import { until } from '../support/server.ts';
import type { Call } from '../support/sip-peer.ts';
import { SDP } from '../support/sip-peer.ts';
import type { RunningStack } from '../support/stack.ts';
import { startStack } from '../support/stack.ts';

const LISTEN: readonly ListenAddress[] = [{ transport: 'tls', host: '127.0.0.1', port: 0 }];
const ignore = { onResponse: (): void => undefined };

describe('SIP over TLS', { timeout: 30_000 }, () => {
  let own: TestCertificate;
  let running: RunningStack;
  const tlsOf = ({ certFile, keyFile }: TestCertificate, verify: 'none' | 'servers' | 'all' = 'none'): { certFile: string; keyFile: string; caFile: string; verify: typeof verify } => ({ certFile, keyFile, caFile: certFile, verify });

  before(async () => {
    own = makeCertificate('vestibule.example');
    running = await startStack({ listen: LISTEN, tls: tlsOf(own) });
  });
  after(async () => {
    await running.stack.close();
    own.remove();
  });

  const answered = async (peer: TlsPeer, call: Call, uri: string): Promise<{ readonly transaction: ServerTransaction; readonly contact: string | undefined }> => {
    peer.send('INVITE', call, { body: SDP, uri });
    const transaction = await running.requests.next();
    transaction.respond({ status: 200, body: SDP });
    const contact = headerValue(await peer.response(200, call), 'Contact');
    peer.send('ACK', call, { branch: `${call.branch}-ack` });
    await running.acks.next();
    return { transaction, contact };
  };

  it('OPTIONS is answered on its connection, the flow is tls', async () => {
    const peer = await TlsPeer.connect(running.at('tls'));
    const call = peer.newCall();
    peer.send('OPTIONS', call);
    assert.match(headerValue(await peer.response(200, call), 'Via') ?? '', new RegExp(`^SIP/2.0/TLS .*;rport=${peer.port}`));
    await peer.close();
  });
  for (const [uri, expected] of [['sip:1000@vestibule.example', 'sip'], ['sips:1000@vestibule.example', 'sips']] as const) {
    it(`§12.1.1: Contact of a call to ${uri}; §12.2.1.1: our BYE goes back over its connection`, async () => {
      const peer = await TlsPeer.connect(running.at('tls'));
      const call = peer.newCall();
      const { transaction, contact } = await answered(peer, call, uri);
      assert.equal(transaction.request.flow.transport, 'tls');
      assert.equal(contact, `<${expected}:127.0.0.1:${running.at('tls').port};transport=tls>`);
      await transaction.dialog?.request({ method: 'BYE' }, ignore);
      const bye = await peer.incoming('BYE');
      assert.match(headerValue(bye, 'Via') ?? '', /^SIP\/2\.0\/TLS /);
      peer.respond(bye, 200);
      await until(() => running.stack.debugState().dialogs === 0);
      await peer.close();
    });
  }
  it('a certificate that changed is used for new connections; calls on old ones go on', async () => {
    const peer = await TlsPeer.connect(running.at('tls'));
    const call = peer.newCall();
    const { transaction } = await answered(peer, call, 'sip:1000@vestibule.example');
    assert.equal(peer.fingerprint, own.fingerprint());
    own.renew();
    // The files are looked at every 30 s.
    running.scheduler.advance(30_000);
    await until(() => running.log.lines.some((line) => line.includes('read again')));
    const second = await TlsPeer.connect(running.at('tls'));
    assert.equal(second.fingerprint, own.fingerprint());
    assert.notEqual(second.fingerprint, peer.fingerprint);
    await transaction.dialog?.request({ method: 'BYE' }, ignore);
    peer.respond(await peer.incoming('BYE'), 200);
    await until(() => running.stack.debugState().dialogs === 0);
    await Promise.all([peer.close(), second.close()]);
  });
  it('reloadCertificates: files that are no good change nothing: sip_certificate_unusable', async () => {
    const good = readFileSync(own.certFile);
    const fingerprint = own.fingerprint();
    writeFileSync(own.certFile, 'no certificate');
    const reloaded = await running.stack.reloadCertificates();
    assert.equal(!reloaded.ok && reloaded.error.code, 'sip_certificate_unusable');
    const peer = await TlsPeer.connect(running.at('tls'));
    assert.equal(peer.fingerprint, fingerprint);
    await peer.close();
    writeFileSync(own.certFile, good);
    assert.equal((await running.stack.reloadCertificates()).ok, true);
  });
  it('a stack does not start with a certificate that is no good', async () => {
    await assert.rejects(startStack({ listen: LISTEN, tls: { certFile: own.keyFile, keyFile: own.certFile, verify: 'none' } }), { code: 'sip_certificate_unusable' });
    await assert.rejects(startStack({ listen: LISTEN, tls: { certFile: '/nowhere.pem', keyFile: own.keyFile, verify: 'none' } }), { code: 'sip_certificate_unusable' });
  });
  it('verify all: who connects without a good certificate is refused', async () => {
    const strict = await startStack({ listen: LISTEN, tls: tlsOf(own, 'all') });
    const socket = connectTls({ ...strict.at('tls'), rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.on('close', resolve));
    await until(() => strict.counter('tlsHandshakesFailed') === 1);
    const known = await TlsPeer.connect(strict.at('tls'), { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) });
    const call = known.newCall();
    known.send('OPTIONS', call);
    await known.response(200, call);
    await known.close();
    await until(() => strict.stack.debugState().connections === 0);
    await strict.stack.close();
  });
  it('a handshake that is no TLS is dropped; one that never begins is waited for 10 s', async () => {
    const failed = running.counter('tlsHandshakesFailed');
    const wrong = connectTcp(running.at('tls'));
    wrong.on('error', () => undefined);
    wrong.write('OPTIONS sip:x SIP/2.0\r\n\r\n');
    await once(wrong.resume(), 'close');
    await until(() => running.counter('tlsHandshakesFailed') === failed + 1);
    const silent = connectTcp(running.at('tls'));
    await until(() => running.stack.debugState().connections === 1);
    running.scheduler.advance(10_000);
    await once(silent.resume(), 'close');
    await until(() => running.stack.debugState().connections === 0);
    assert.equal(running.counter('connectionsSilent'), 1);
  });

  describe('outgoing', () => {
    const outcome = async (from: RunningStack, uri: string, peer: Promise<TlsPeer>): Promise<number> => {
      const responses = new Inbox<number>();
      const sent = await from.stack.request({ method: 'OPTIONS', uri }, { onResponse: (response) => responses.put(response.message.status) });
      assert.ok(sent.ok);
      void peer.then(async (accepted) => accepted.respond(await accepted.incoming('OPTIONS'), 200));
      return responses.next();
    };

    it('RFC 5922 §7.2: a server whose certificate is good for its address is spoken to; the connection is used again', async () => {
      const sender = await startStack({ listen: LISTEN, tls: tlsOf(own, 'servers') });
      const far = await TlsPeer.listen(own);
      assert.equal(await outcome(sender, `sips:127.0.0.1:${far.port}`, far.accepted), 200);
      const sent = await sender.stack.request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${far.port};transport=tls` }, ignore);
      assert.ok(sent.ok);
      const again = await (await far.accepted).incoming('OPTIONS');
      assert.match(headerValue(again, 'Via') ?? '', /^SIP\/2\.0\/TLS /);
      assert.equal(sender.stack.debugState().connections, 1);
      far.close();
      await sender.stack.close();
    });
    it('RFC 5922 §7.2: a certificate nobody vouches for: 503, nothing of the request is sent', async () => {
      const sender = await startStack({ listen: LISTEN, tls: tlsOf(own, 'servers') });
      const other = makeCertificate('other.example');
      const far = await TlsPeer.listen(other);
      assert.equal(await outcome(sender, `sips:127.0.0.1:${far.port}`, far.accepted), 503);
      const lax = await startStack({ listen: LISTEN, tls: tlsOf(own, 'none') });
      assert.equal(await outcome(lax, `sips:127.0.0.1:${far.port}`, far.accepted), 200);
      far.close();
      await Promise.all([sender.stack.close(), lax.stack.close()]);
      other.remove();
    });
    it('§26.2.2: a sips URI never goes out in the clear', async () => {
      const plain = await startStack();
      const sent = await plain.stack.request({ method: 'OPTIONS', uri: 'sips:127.0.0.1' }, ignore);
      assert.equal(!sent.ok && sent.error.code, 'transport_not_available');
      await plain.stack.close();
    });
  });

  it('leaves nothing behind', async () => {
    await until(() => running.stack.debugState().connections === 0);
    assert.deepEqual(running.log.lines.filter((line) => line.startsWith('error')), []);
  });
});
