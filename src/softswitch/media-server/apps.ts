/** The dialplan applications a client can run on a channel. */
import { blocking, NO_RESPONSE, type App, type Apps } from './app.ts';
import { callApps } from './call-apps.ts';
import type { AppCall, Channel } from './channel.ts';
import { startConference } from './conference-app.ts';
import { digitApps } from './digit-apps.ts';
import { echoApps } from './echo-apps.ts';
import { hangupCause } from './hangup-cause.ts';
import { playApps } from './play-apps.ts';
import { recordApps } from './record-apps.ts';
import { variableApps } from './variable-apps.ts';

const apps: Apps = { ...variableApps, ...playApps, ...digitApps, ...echoApps, ...recordApps, ...callApps, conference: blocking(startConference) };

/** Runs an application now, not at the next 20 ms frame as FreeSWITCH does (F-26). It always completes. */
export function execute(channel: Channel, call: AppCall): void {
  if (call.name === 'hangup') {
    hangup(channel, call);
    return;
  }
  const app: App | undefined = Object.hasOwn(apps, call.name) ? apps[call.name] : undefined;
  if (app === undefined) {
    channel.core.log.warn({ channel: channel.uuid, app: call.name }, 'application is not known');
    channel.begin(call);
    channel.complete(call, '-ERR Invalid Application');
  } else if (app.kind === 'immediate') {
    channel.begin(call);
    channel.complete(call, app.run(channel, call.argument));
  } else {
    channel.run(call, app.start);
  }
}

/** hangup completes first, with the cause in its event, and then what else ran (E12). */
function hangup(channel: Channel, call: AppCall): void {
  channel.begin(call);
  channel.hangupCause = hangupCause(call.argument);
  channel.complete(call, NO_RESPONSE);
  channel.hangup(channel.hangupCause);
}
