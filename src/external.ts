/** A media server of somebody else's, as the configuration describes it. */
import type { FreeSwitchServer } from './adapters/freeswitch/media-server.ts';
import { mediaFolders } from './adapters/system/media-files.ts';
import type { Config } from './config/schema.ts';

export function externalServer(server: Config['freeswitch'][number], config: Config): FreeSwitchServer {
  const { host, port, secret, profile, listenHost, listenPort, advertisedHost, promptDir, recordingDir, announceDir } = server;
  const here = mediaFolders(config.data.dir);
  const folders = [
    ...(recordingDir === null ? [] : [{ here: here.recordings, there: recordingDir }]),
    ...(announceDir === null ? [] : [{ here: here.announcements, there: announceDir }]),
  ];
  return { host, port, secret, profile, listenHost, listenPort, ...(advertisedHost === null ? {} : { advertisedHost }), promptDir: promptDir ?? config.prompts.dir, folders };
}
