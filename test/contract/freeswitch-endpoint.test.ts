/** E01 to E03, E12, E13: connecting, endpoints and their end, as the unchanged drachtio-fsmrf sees them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { frames, label, nothingLeft, openLab, recordSocket, type Lab } from './freeswitch-lab.ts';

describe('media server and drachtio-fsmrf: endpoints', { timeout: 60_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(async () => {
    await lab.close();
  });

  it('E01: mrf.connect finds the SIP address in `sofia status` (D-6)', () => {
    assert.equal(lab.ms.sip.ipv4.udp.address, lab.mediaServer.sipAddress);
  });

  it('E02: createEndpoint with an offer: answer, CHANNEL_DATA, variables', async () => {
    const peer = await lab.peer();
    const endpoint = await lab.endpoint(peer);
    assert.equal(endpoint.connected, true);
    assert.equal(endpoint.dtmfType, 'rfc2833');
    assert.equal(endpoint.remote.sdp, peer.sdp());
    assert.deepEqual([endpoint.local.mediaIp, endpoint.remote.mediaPort], ['127.0.0.1', String(peer.port)]);
    assert.match(endpoint.local.sdp, new RegExp(`^v=0\\r\\no=FreeSWITCH \\d+ \\d+ IN IP4 127.0.0.1\\r\\ns=FreeSWITCH\\r\\nc=IN IP4 127.0.0.1\\r\\nt=0 0\\r\\nm=audio ${endpoint.local.mediaPort} RTP/AVP 0 101\\r\\na=rtpmap:0 PCMU/8000\\r\\na=rtpmap:101 telephone-event/8000\\r\\na=fmtp:101 0-15\\r\\na=ptime:20\\r\\na=sendrecv\\r\\n$`));
    await endpoint.destroy();
    await nothingLeft(lab);
  });

  it('E02: endpoint.destroy: hangup completes, then socket, then HANGUP, then the disconnect notice', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    const written = recordSocket(endpoint);
    await endpoint.destroy();
    await nothingLeft(lab);
    assert.deepEqual(written().map(label).slice(-6), [
      'command/reply',
      'CHANNEL_EXECUTE hangup',
      'CHANNEL_EXECUTE_COMPLETE hangup',
      'CHANNEL_EXECUTE_COMPLETE socket',
      'CHANNEL_CALLSTATE HANGUP',
      'text/disconnect-notice',
    ]);
  });
});
void frames;
void once;
