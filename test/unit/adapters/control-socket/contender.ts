/** One of several processes that want the same control socket: tries when told to, says what became of it, and holds what it has until it is killed. */
import { listenControl } from '../../../../src/adapters/control-socket/server.ts';

const [, , path = ''] = process.argv;
process.once('message', () => {
  listenControl({ path, handlers: {}, onDefect: () => undefined }).then(
    (listening) => process.send?.(listening.ok ? 'listening' : listening.error.code),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
