/** Telephones behind a NAT that registered over a connection (RFC 5626), and behind an edge proxy (RFC 3327), called through the program. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeCertificate, type TestCertificate } from '../conformance/support/certificate.ts';
import { TlsPeer } from '../conformance/support/secure-peers.ts';
import { TcpPeer, UdpPeer, type SipPeer } from '../conformance/support/sip-peer.ts';
import { headerValue } from '../../src/protocol/sip/message.ts';
import { Program } from './harness/program.ts';
import { withPhones } from './harness/session.ts';
import { addUser, contacts, credentials, nonceOf } from './harness/users.ts';

describe('flows of registered telephones', () => {
  let certificate: TestCertificate;
  let program: Program;
  before(async () => {
    certificate = makeCertificate('vestibule.example');
    program = await Program.start({
      env: { VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5', VESTIBULE_REGISTRAR_CALLS_FROM: 'anyone', VESTIBULE_SIP_TLS_PORT: '0', VESTIBULE_SIP_TLS_CERT_FILE: certificate.certFile, VESTIBULE_SIP_TLS_KEY_FILE: certificate.keyFile },
    });
    for (const name of ['bob', 'carol', 'dave']) await addUser(program, name);
  });
  after(async () => {
    await program.stop();
    certificate.remove();
  });

  /** Where the program takes calls by TLS. */
  async function tls(): Promise<{ readonly host: string; readonly port: number }> {
    const { listening } = await program.status();
    return { host: '127.0.0.1', port: Number(/:(\d+);transport=tls$/.exec(listening.find((uri) => uri.endsWith('tls')) ?? '')?.[1]) };
  }

  /** Registers `user` at an address of a network of his own. */
  async function register(peer: SipPeer, user: string, extra: readonly string[] = []): Promise<string> {
    const uri = `sip:${program.sip.host}:${program.sip.port}`;
    const contact = `sip:${user}@203.0.113.7:5060`;
    const call = peer.newCall();
    const text = (cseq: number, more: readonly string[]): string =>
      peer
        .requestText('REGISTER', call, { uri, cseq, branch: `${call.branch}-${cseq}`, toTag: undefined, extra: ['Expires: 600', ...extra, ...more] })
        .replace(/To: [^\r]*/, `To: <sip:${user}@vestibule.example>`)
        .replace(/Contact: [^\r]*/, `Contact: <${contact}>`);
    peer.sendRaw(text(1, []));
    const nonce = nonceOf(headerValue(await peer.response(401, call), 'WWW-Authenticate') ?? '');
    call.toTag = undefined;
    peer.sendRaw(text(2, [`Authorization: ${credentials(user, 'REGISTER', uri, nonce, 'MD5')}`]));
    await peer.response(200, call);
    return contact;
  }

  const connections: Readonly<Record<string, () => Promise<SipPeer>>> = {
    bob: () => TcpPeer.connect(program.sip),
    carol: async () => TlsPeer.connect(await tls()),
  };
  for (const [user, connect] of Object.entries(connections)) {
    it(`RFC 5626 §5.3: ${user} is called over the connection he registered by; once it is gone, 480 and the contact is removed`, () =>
      withPhones(program, async (phones) => {
        const peer = await connect();
        const contact = await register(peer, user);
        const caller = await phones.phone('caller');
        const calling = caller.dial(user);
        const invite = await peer.incoming('INVITE');
        assert.equal(invite.uri, contact);
        peer.respond(invite, 486, { reason: 'Busy Here' });
        assert.equal((await calling).status, 486);
        assert.deepEqual((await contacts(program, user)).map(({ uri }) => uri), [contact]);
        await peer.close();
        assert.equal((await caller.dial(user)).status, 480);
        assert.deepEqual(await contacts(program, user), []);
      }));
  }

  it('RFC 3327 §5.4: a telephone behind an edge proxy is called by its Path, with the token of its flow', () =>
    withPhones(program, async (phones) => {
      const edge = await UdpPeer.open(program.sip);
      const path = `<sip:VskztcQ@127.0.0.1:${edge.port};lr;ob>`;
      const contact = await register(edge, 'dave', [`Path: ${path}`, 'Supported: path']);
      const caller = await phones.phone('caller');
      const calling = caller.dial('dave');
      const invite = await edge.incoming('INVITE');
      assert.deepEqual([invite.uri, headerValue(invite, 'Route')], [contact, path]);
      // The edge proxy has lost the flow (RFC 5626 §5.3.1).
      edge.respond(invite, 430, { reason: 'Flow Failed' });
      assert.equal((await calling).status, 480);
      assert.deepEqual(await contacts(program, 'dave'), []);
      await edge.close();
    }));
});
