import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerValue } from '../../../src/protocol/sip/message.ts';
import { Inbox } from '../support/inbox.ts';
import type { SrfRequest } from '../support/server.ts';
import { connectSrf, startServer } from '../support/server.ts';
import { UdpPeer } from '../support/sip-peer.ts';

const IDENTITY = '"Boss" <sip:1@example.org>';

describe('RFC 3325 P-Asserted-Identity', { timeout: 10_000 }, () => {
  for (const [who, trustedPeers, believed] of [
    ['a peer that is not trusted', [], false],
    ['a trusted peer', ['127.0.0.0/8'], true],
    ['a peer beside the trusted network', ['10.0.0.0/8'], false],
  ] as const) {
    it(`§5, §7 ${who}: the identity is ${believed ? 'passed both ways' : 'removed from what it says, and kept from it under Privacy: id'}`, async () => {
      const running = await startServer({ trustedPeers });
      const seen = new Inbox<SrfRequest>();
      const srf = await connectSrf(running, (app) =>
        app.options((req, res) => {
          seen.put(req);
          res.send(200, { headers: { 'P-Asserted-Identity': '<sip:room@example.org>', Privacy: 'id' } });
        }),
      );
      const alice = await UdpPeer.open(running.udp);
      const call = alice.newCall();
      alice.send('OPTIONS', call, { extra: [`P-Asserted-Identity: ${IDENTITY}`] });
      const answer = await alice.response(200, call);
      const req = await seen.next();
      assert.equal(req.has('P-Asserted-Identity'), believed);
      assert.equal(req.callingNumber, believed ? '1' : 'alice');
      assert.equal(headerValue(answer, 'P-Asserted-Identity') !== undefined, believed);

      for (const privacy of ['id', 'header;id', 'none']) {
        await srf.request(`sip:bob@127.0.0.1:${alice.port}`, { method: 'OPTIONS', headers: { 'P-Asserted-Identity': '<sip:room@example.org>', Privacy: privacy } });
        const out = await alice.incoming('OPTIONS');
        assert.equal(headerValue(out, 'P-Asserted-Identity') !== undefined, believed || privacy === 'none', privacy);
        alice.respond(out, 200);
      }
      srf.disconnect();
      await alice.close();
      await running.stop();
    });
  }
});
