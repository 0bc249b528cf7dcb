/** uuid_displace: a file over what a channel hears, without an application and its events. */
import { playlist } from './audio-source.ts';
import type { Channel } from './channel.ts';
import { cut } from './words.ts';

const USAGE = '-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n';
const SUCCESS = '+OK Success\n';

/** `start|stop <path> [<limit seconds>] [mux]`. The file takes the place of what is heard; it is not mixed with it. */
export function displace(channel: Channel, argument: string): string {
  const [action, rest] = cut(argument, ' ');
  const [, path = '', limit] = /^(\S+)(?:\s+(\d{1,6}))?/.exec(rest) ?? [];
  if (path === '') return USAGE;
  switch (action) {
    case 'start':
      return start(channel, path, Number(limit ?? 0)) ? SUCCESS : '-ERR Cannot displace session!\n';
    case 'stop':
      return channel.disown(nameOf(path)) ? SUCCESS : '-ERR Cannot stop displace session!\n';
    default:
      return USAGE;
  }
}

function start(channel: Channel, path: string, limitSeconds: number): boolean {
  const { core } = channel;
  const sources = playlist(path, undefined, core.soundPrefix).flatMap((item) => item.sources);
  if (sources.length === 0) return false;
  const id = core.newUuid();
  const cancelLimit = limitSeconds === 0 ? (): void => undefined : core.scheduler.after(limitSeconds * 1_000, () => channel.disown(nameOf(path)));
  channel.own(nameOf(path), () => {
    cancelLimit();
    // A play that is over was taken from the list, and what lies below it is not meant.
    if (core.plays.delete(id)) core.engine.breakPlay(channel.uuid, true);
  });
  core.plays.set(id, (event) => {
    if (event.type !== 'playDone') return;
    core.plays.delete(id);
    channel.disown(nameOf(path));
  });
  core.engine.play(channel.uuid, id, sources);
  return true;
}

function nameOf(path: string): string {
  return `displace ${path}`;
}
