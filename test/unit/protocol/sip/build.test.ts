import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildCancel, buildFailureAck, buildResponse } from '../../../../src/protocol/sip/build.ts';
import type { SipRequest } from '../../../../src/protocol/sip/message.ts';
import { headerValue, headerValues } from '../../../../src/protocol/sip/message.ts';

const invite: SipRequest = {
  kind: 'request',
  method: 'INVITE',
  uri: 'sip:bob@example.org',
  headers: [
    { name: 'Via', value: 'SIP/2.0/UDP a;branch=z9hG4bK1' },
    { name: 'Via', value: 'SIP/2.0/UDP b;branch=z9hG4bK2' },
    { name: 'Route', value: '<sip:proxy;lr>' },
    { name: 'Record-Route', value: '<sip:rr;lr>' },
    { name: 'From', value: '<sip:a@b>;tag=1' },
    { name: 'To', value: 'sip:bob@example.org' },
    { name: 'Call-ID', value: 'x' },
    { name: 'CSeq', value: '7 INVITE' },
  ],
  body: '',
};

describe('buildResponse (RFC 3261 §8.2.6)', () => {
  it('repeats Via, From, Call-ID, CSeq; adds the tag; Record-Route to what makes a dialog', () => {
    const ok = buildResponse(invite, { status: 200, toTag: 't' });
    assert.deepEqual(headerValues(ok, 'Via').length, 2);
    assert.deepEqual([headerValue(ok, 'To'), headerValue(ok, 'CSeq'), headerValue(ok, 'Record-Route'), ok.reason], ['sip:bob@example.org;tag=t', '7 INVITE', '<sip:rr;lr>', 'OK']);
    assert.equal(headerValue(buildResponse(invite, { status: 486, toTag: 't' }), 'Record-Route'), undefined);
  });
  it('a 100 has no tag, a request with a tag keeps it', () => {
    assert.equal(headerValue(buildResponse(invite, { status: 100 }), 'To'), 'sip:bob@example.org');
    const inDialog = { ...invite, headers: invite.headers.map((header) => (header.name === 'To' ? { name: 'To', value: '<sip:bob@example.org>;tag=old' } : header)) };
    assert.equal(headerValue(buildResponse(inDialog, { status: 200, toTag: 'new' }), 'To'), '<sip:bob@example.org>;tag=old');
  });
});

describe('buildCancel, buildFailureAck (RFC 3261 §9.1, §17.1.1.3)', () => {
  it('one Via, the same CSeq number, the Route of the INVITE', () => {
    const cancel = buildCancel(invite, [{ name: 'Reason', value: 'SIP;cause=200' }]);
    assert.deepEqual(
      ['Via', 'CSeq', 'To', 'Route', 'Reason'].map((name) => headerValues(cancel, name).join()),
      ['SIP/2.0/UDP a;branch=z9hG4bK1', '7 CANCEL', 'sip:bob@example.org', '<sip:proxy;lr>', 'SIP;cause=200'],
    );
    const ack = buildFailureAck(invite, buildResponse(invite, { status: 486, toTag: 't' }));
    assert.deepEqual(['Via', 'CSeq', 'To', 'Route'].map((name) => headerValues(ack, name).join()), ['SIP/2.0/UDP a;branch=z9hG4bK1', '7 ACK', 'sip:bob@example.org;tag=t', '<sip:proxy;lr>']);
  });
});
