/**
 * The server the traces are replayed against: ours, or a drachtio-server named by VESTIBULE_TEST_DRACHTIO_HOST, _PORT (its
 * control port), _SECRET and _SIP_PORT (UDP and TCP), which must reach 127.0.0.1 of this machine.
 */
import { randomBytes } from 'node:crypto';
import { startServer } from '../conformance/support/server.ts';
import type { ReplayTarget } from './drachtio-replay.ts';
import { RECORDED_SECRET } from './drachtio-replay.ts';

const { VESTIBULE_TEST_DRACHTIO_HOST: host, VESTIBULE_TEST_DRACHTIO_PORT: port, VESTIBULE_TEST_DRACHTIO_SECRET: secret, VESTIBULE_TEST_DRACHTIO_SIP_PORT: sipPort } = process.env;

/** Whose behaviour is tested; the rows of differences.md apply to ours only. */
export const isExternal = host !== undefined;

export interface RunningTarget extends ReplayTarget {
  stop(): Promise<void>;
}

export function startTarget(): Promise<RunningTarget> {
  return host === undefined ? startOurs() : Promise.resolve(externalAt(host));
}

function externalAt(address: string): RunningTarget {
  const sip = { host: address, port: Number(sipPort ?? 5060) };
  return {
    control: { host: address, port: Number(port ?? 9022) },
    secret: secret ?? RECORDED_SECRET,
    udp: sip,
    tcp: sip,
    // The frame that comes after this time is waited for: the time passes by itself.
    advance: () => undefined,
    stop: () => Promise.resolve(),
  };
}

/** UDP and TCP on one port, as the recorded server had it; a port free for the one may be taken for the other. */
async function startOurs(): Promise<RunningTarget> {
  for (;;) {
    const control = { host: '127.0.0.1', port: 0, secret: RECORDED_SECRET };
    const free = 20_000 + (randomBytes(2).readUInt16BE() % 20_000);
    try {
      // TCP first: so drachtio-server lists them.
      const running = await startServer({ control, listen: [{ transport: 'tcp', host: '127.0.0.1', port: free }, { transport: 'udp', host: '127.0.0.1', port: free }] });
      return {
        control: { host: '127.0.0.1', port: running.server.controlPort },
        secret: RECORDED_SECRET,
        udp: running.udp,
        tcp: running.tcp,
        advance: (ms) => running.scheduler.advance(ms),
        stop: () => running.stop(),
      };
    } catch (error) {
      if ((error as { code?: string }).code !== 'sip_port_in_use') throw error;
    }
  }
}
