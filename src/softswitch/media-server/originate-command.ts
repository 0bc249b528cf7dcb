/** `originate <dial string> &<application>(<argument>)`: an outgoing call, and what runs on it once it is answered. */
import { execute } from './apps.ts';
import type { Core } from './core.ts';
import { readDialString } from './dial-string.ts';

const USAGE = '-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n';

export async function originateCommand(core: Core, argument: string): Promise<string> {
  const [, dial = '', target = ''] = /^((?:\{[^}]*\})?\S+)\s+(\S.*)$/.exec(argument.trim()) ?? [];
  const call = readDialString(dial);
  if (call === undefined || target === '') return USAGE;
  const [, app, parameters = ''] = /^&(\w+)(?:\((.*?)\))?(?:\s|$)/.exec(target) ?? [];
  // There is no dialplan for an extension to be looked up in.
  if (app === undefined) return '-ERR NO_ROUTE_DESTINATION\n';
  const result = await core.originate(call);
  if (!result.ok) return `-ERR ${result.error}\n`;
  const channel = result.value;
  // The reply comes before what the application does is told.
  core.scheduler.after(0, () => {
    if (channel.ended) return;
    execute(channel, { uuid: core.newUuid(), name: app, argument: parameters });
    if (channel.pendingApps === 0 && channel.bridge === undefined) channel.hangup('NORMAL_CLEARING');
  });
  return `+OK ${channel.uuid}\n`;
}
