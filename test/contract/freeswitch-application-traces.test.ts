/** E20: applications that a member of a conference is sent, with and without RTP from it: what its socket says, in order. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { differs, openLab, recordSocket } from './freeswitch-lab.ts';
import { frames, label, type Frame, type Headers } from './freeswitch-raw-esl.ts';

const FOLDER = resolve(import.meta.dirname, '../../../test/fixtures/traces/E20-applications-in-conference');

interface Execute {
  readonly app: string;
  readonly argument: string;
}

interface Recording {
  /** What the client asked its member's channel to run, in order. */
  readonly executes: readonly Execute[];
  readonly written: readonly Frame[];
}

describe('E20: applications of a member, as FreeSWITCH was recorded', { timeout: 60_000 }, () => {
  it('set and playback run and end in the conference; a kick ends it; hangup ends the call', async () => {
    const recording = readRecording();
    const lab = await openLab();
    try {
      const peer = await lab.peer();
      const endpoint = await lab.endpoint(peer);
      peer.towards(endpoint).idle();
      const written = recordSocket(endpoint);
      const event = (action: string): Promise<Headers> => lab.tap.event((headers) => headers.Action === action && headers['Unique-ID'] === endpoint.uuid, lab.tap.events.length);
      const sets = recording.executes.filter(({ app }) => app === 'set');
      for (const execute of recording.executes) {
        const { app, argument } = execute;
        // Its second half was recorded without RTP.
        if (execute === sets[1]) peer.still();
        if (app !== 'conference') {
          await endpoint.execute(app, argument);
          continue;
        }
        if (written().some((frame) => label(frame) === 'add-member')) {
          peer.idle();
          const left = event('del-member');
          await lab.ms.api('conference room40 kick all');
          await left;
        }
        const floor = event('floor-change');
        void endpoint.execute(app, argument);
        await floor;
      }
      await written.closed;
      assert.ok(recording.executes.length > 6);
      const inner = differs('Application-Response of an application in which another ran');
      const own = (line: string): string => (inner.skip === undefined ? line.replace(/^(CHANNEL_EXECUTE_COMPLETE conference .*)FILE PLAYED$/, '$1_none_') : line);
      assert.deepEqual(said(written()), said(recording.written).map(own));
    } finally {
      await lab.close();
    }
  });
});

/** Each event, with what an application answered; up to the end of the call, where the two differ knowingly (F-13). */
function said(written: readonly Frame[]): readonly string[] {
  const events = written.filter(({ headers }) => headers['Content-Type'] === 'text/event-json');
  const end = events.findIndex((frame) => label(frame) === 'CHANNEL_EXECUTE hangup');
  return events.slice(0, end + 1).map((frame) => {
    const event = JSON.parse(frame.body) as Headers;
    return [label(frame), event['Application-Data'], event['Application-Response']].filter((part) => part !== undefined).join(' | ');
  });
}

function readRecording(): Recording {
  const lines = gunzipSync(readFileSync(join(FOLDER, 'eslout-1.jsonl.gz'))).toString().trim().split('\n');
  const texts = (from: string): string =>
    lines
      .map((line) => JSON.parse(line) as { readonly dir?: string; readonly b64?: string })
      .filter(({ dir, b64 }) => dir === from && b64 !== undefined)
      .map(({ b64 = '' }) => Buffer.from(b64, 'base64').toString())
      .join('');
  const executes = frames(texts('C->S')).flatMap(({ headers }) => {
    const app = headers['execute-app-name'];
    return app === undefined ? [] : [{ app, argument: headers['execute-app-arg'] ?? '' }];
  });
  return { executes, written: frames(texts('S->C')) };
}
