/** Conference commands about recording; `recording <what>` is another spelling of the older ones. */
import { MISUSE, type Call, type Handlers, type Outcome } from './conference-command.ts';
import type { Conference } from './conference.ts';

type Names = 'record' | 'norecord' | 'pause' | 'resume' | 'chkrecord' | 'recording';

export const recordCommands: Handlers<Names> = {
  record: ({ conference, words: [path] }) => record(conference, path),
  norecord: ({ conference, words: [path] }) => norecord(conference, path),
  pause: ({ conference, words: [path] }) => pause(conference, path, true),
  resume: ({ conference, words: [path] }) => pause(conference, path, false),
  chkrecord: ({ conference }) => check(conference),
  recording: (call) => recording(call),
};

function recording({ conference, words: [what, path] }: Call): Outcome {
  switch (what?.toLowerCase()) {
    case 'start':
      // One word is the file of the older command.
      return path === undefined ? record(conference, what) : record(conference, path);
    case 'stop':
      return norecord(conference, path ?? 'all');
    case 'check':
      return check(conference);
    case 'pause':
      return path === undefined ? MISUSE : pause(conference, path, true);
    case 'resume':
      return path === undefined ? MISUSE : pause(conference, path, false);
    default:
      return path === undefined ? record(conference, what) : MISUSE;
  }
}

function record(conference: Conference, path: string | undefined): Outcome {
  if (path === undefined) return MISUSE;
  const file = conference.settings.file(path);
  switch (conference.recordings.start(path, file)) {
    case 'started':
      for (const { channel } of conference.members) channel.setVariable('conference_recording', path);
      return `+OK Record file ${path}\n`;
    case 'in_use':
      return `-ERR file [${path}] is already being used for recording.\n`;
    case 'too_many':
      return '-ERR too many recordings\n';
  }
}

function norecord(conference: Conference, path: string | undefined): Outcome {
  if (path === undefined) return MISUSE;
  const all = path.toLowerCase() === 'all';
  const stopped = conference.recordings.stop(all ? undefined : path);
  const missing = stopped.length === 0 && !all ? `-ERR non-existant recording '${path}'\n` : '';
  const lines = stopped.map((one) => `Stopped ${one.auto ? 'AUTO ' : ''}recording file ${one.path}${one.auto ? ' (Auto Recording Now Disabled)' : ''}\n`);
  return `${missing}${lines.join('')}+OK Stopped recording ${stopped.length} file${stopped.length === 1 ? '' : 's'}\n`;
}

function pause(conference: Conference, path: string | undefined, paused: boolean): Outcome {
  if (path === undefined) return MISUSE;
  const reply = `+OK ${paused ? 'Pause' : 'Resume'} recording file ${path}\n`;
  if (!conference.recordings.pause(path, paused)) return `${reply}-ERR non-existant recording '${path}'\n`;
  conference.tell([['Action', paused ? 'pause-recording' : 'resume-recording'], ['Path', path], ['Other-Recordings', String(conference.recordings.list.length > 0)]]);
  return reply;
}

function check(conference: Conference): Outcome {
  const { list } = conference.recordings;
  if (list.length === 0) return '-ERR Conference is not being recorded.\n';
  return list.map(({ path, auto }) => `+OK Record file ${path}${auto ? ' (Auto)' : ''}\n`).join('');
}
