import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Carrier, CarrierEvents } from '../../../../src/softswitch/sip-stack/carrier.ts';
import { Connections } from '../../../../src/softswitch/sip-stack/connections.ts';
import { DEFAULT_LIMITS } from '../../../../src/softswitch/sip-stack/limits.ts';
import { ManualScheduler } from '../../../conformance/support/manual-scheduler.ts';

describe('Connections', () => {
  it('RFC 5626 §4.4.1: a peer that sends keep-alives and reads nothing gets no more answers', () => {
    const connections = new Connections({ scheduler: new ManualScheduler(), limits: DEFAULT_LIMITS, onFramed: () => undefined, onSettled: () => undefined, tooEarly: () => 0, inUse: () => false });
    const written: string[] = [];
    const ends: CarrierEvents[] = [];
    const carrier: Carrier = {
      localHost: '192.0.2.1',
      // Nothing of it is taken.
      get unsent() {
        return written.join('').length;
      },
      write: (text) => void written.push(text),
      end: () => undefined,
      destroy: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    };
    connections.accept({ listener: 0, transport: 'tcp', remote: { host: '192.0.2.2', port: 5060 } }, false, (events) => {
      ends.push(events);
      return carrier;
    });
    for (let ping = 0; ping < 10_000; ping += 1) ends[0]?.onRead([{ kind: 'ping' }], false);
    assert.equal(written.length, 2048);
  });
});
