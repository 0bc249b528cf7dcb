import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listenAddresses, natOptions, sipLimits, tlsOptions } from '../../src/sip-options.ts';
import { loaded } from './config/fixture.ts';

const listeners = (environment: Record<string, string>): string[] => listenAddresses(loaded(environment).sip).map(({ transport, host, port }) => `${transport} ${host} ${port}`);
const certificate = { VESTIBULE_SIP_TLS_CERT_FILE: '/c', VESTIBULE_SIP_TLS_KEY_FILE: '/k' };

describe('the configuration in the words of the SIP stack', () => {
  it('by default UDP and TCP, nothing else', () => {
    assert.deepEqual(listeners({}), ['udp 0.0.0.0 5060', 'tcp 0.0.0.0 5060']);
    assert.deepEqual([tlsOptions(loaded({}).sip.tls), natOptions(loaded({}).sip)], [{}, {}]);
  });
  it('what is on, on every address', () => {
    assert.deepEqual(listeners({ ...certificate, VESTIBULE_SIP_HOSTS: '::', VESTIBULE_SIP_TLS_PORT: '5061', VESTIBULE_SIP_WSS_PORT: '0' }), [
      ...['udp 0.0.0.0 5060', 'tcp 0.0.0.0 5060', 'tls 0.0.0.0 5061', 'wss 0.0.0.0 0'],
      ...['udp :: 5060', 'tcp :: 5060', 'tls :: 5061', 'wss :: 0'],
    ]);
  });
  it('TLS', () => assert.deepEqual(tlsOptions(loaded(certificate).sip.tls), { tls: { certFile: '/c', keyFile: '/k', verify: 'servers' } }));
  it('behind a NAT: the networks this machine is in, if none are named', () => {
    assert.ok(natOptions(loaded({ VESTIBULE_SIP_EXTERNAL_ADDRESS: '203.0.113.9' }).sip).nat?.localNetworks.some((network) => network.startsWith('127.')));
    assert.deepEqual(natOptions(loaded({ VESTIBULE_SIP_EXTERNAL_ADDRESS: '203.0.113.9', VESTIBULE_SIP_LOCAL_NETWORKS: '10.0.0.0/8' }).sip).nat, { externalAddress: '203.0.113.9', localNetworks: ['10.0.0.0/8'] });
  });
  it('loopback is always exempt; seconds become milliseconds', () => {
    const limits = sipLimits(loaded({ VESTIBULE_LIMITS_EXEMPT: '192.0.2.0/24', VESTIBULE_LIMITS_LOOP_LAG: '0.25' }).limits);
    assert.deepEqual(limits.exempt, ['127.0.0.0/8', '::1/128', '192.0.2.0/24']);
    assert.equal(limits.loopLagMs, 250);
  });
});
