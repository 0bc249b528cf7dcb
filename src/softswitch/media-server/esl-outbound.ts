/** The event socket of one channel: opened to the address its INVITE named, and to no other. */
import { connect } from 'node:net';
import type { Channel, ChannelSocket } from './channel.ts';
import type { Core } from './core.ts';
import { EslSession } from './esl-session.ts';
import type { SocketAddress } from './socket-address.ts';

/** Connects at once; until then, and when it fails, the session's handshake deadline and `closed` tell the channel. */
export function openOutboundSocket(core: Core, channel: Channel, address: SocketAddress, closed: () => void): ChannelSocket {
  const socket = connect(address.port, address.host);
  const session: EslSession = new EslSession({
    core,
    socket,
    channel,
    closed: () => {
      core.outboundSockets.delete(session);
      closed();
    },
  });
  core.outboundSockets.add(session);
  return { close: () => session.channelEnded(channel) };
}
