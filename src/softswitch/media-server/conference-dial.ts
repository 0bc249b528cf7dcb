/** `conference <name> dial|bgdial <dial string> [<caller id number> [<caller id name>]]`: calls somebody into a conference. */
import { execute } from './apps.ts';
import type { Outcome } from './conference-command.ts';
import type { Core } from './core.ts';
import { readDialString } from './dial-string.ts';
import type { OutgoingCall } from './originate.ts';

const BAD_ARGS: Outcome = { misuse: '-ERR Bad Args\n' };
/** The hang-up cause of a call that came about. */
const SUCCESS = 'SUCCESS';

interface DialResult {
  readonly cause: string;
  readonly uuid?: string;
}

/** Answers when the call was answered or failed. */
export function dial(core: Core, name: string, words: readonly string[]): Outcome | Promise<Outcome> {
  const call = readCall(core, name, words);
  return call === undefined ? BAD_ARGS : place(core, name, call).then(({ cause }) => `+OK Call Requested: result: [${cause}]\n`);
}

/** Answers at once; how it went is told by bgdial-result, if the conference was there and still is. */
export function bgdial(core: Core, name: string, words: readonly string[]): Outcome {
  const call = readCall(core, name, words);
  if (call === undefined) return BAD_ARGS;
  const job = core.newUuid();
  const conference = core.conferences.get(name);
  place(core, name, call).then(
    ({ cause, uuid }) => conference?.tell([['Action', 'bgdial-result'], ['Result', cause], ['Job-UUID', job], ...(uuid === undefined ? [] : [['Peer-UUID', uuid] as const])]),
    (error: unknown) => core.log.error({ error }, 'a call into a conference failed'),
  );
  return `+OK Job-UUID: ${job}\n`;
}

/** The conference is who calls, unless the command or the dial string says otherwise. */
function readCall(core: Core, name: string, [text, number, callerName]: readonly string[]): OutgoingCall | undefined {
  const call = text === undefined ? undefined : readDialString(text);
  if (call === undefined) return undefined;
  const settings = core.conferences.get(name)?.settings;
  const caller = [
    ['origination_caller_id_number', number ?? settings?.callerIdNumber],
    ['origination_caller_id_name', callerName ?? settings?.callerIdName],
  ] as const;
  const known = caller.flatMap(([variable, value]) => (value === undefined ? [] : [[variable, value] as const]));
  return { ...call, variables: new Map([...known, ...call.variables]) };
}

async function place(core: Core, name: string, call: OutgoingCall): Promise<DialResult> {
  const conference = core.conferences.get(name);
  const result = await core.originate(call);
  if (!result.ok) return { cause: result.error };
  const channel = result.value;
  if (conference !== undefined && core.conferences.get(name) !== conference) {
    channel.hangup('NO_ROUTE_DESTINATION');
    return { cause: 'NO_ROUTE_DESTINATION' };
  }
  // Who was called need not know the PIN, and a lock is no matter.
  channel.setVariable('conference_enforce_security', 'false');
  const flags = channel.variables.get('outcall_flags');
  const argument = `${name}@${conference?.profile.name ?? 'default'}${flags === undefined ? '' : `+flags{${flags}}`}`;
  // The reply comes before what the joining tells.
  core.scheduler.after(0, () => {
    if (channel.ended) return;
    execute(channel, { uuid: core.newUuid(), name: 'conference', argument });
    if (channel.pendingApps === 0) channel.hangup('NORMAL_CLEARING');
  });
  return { cause: SUCCESS, uuid: channel.uuid };
}
