/** Event sockets, dialogs and channels ended at any point of their work: nothing of them is left, and every promise settles (D-2 to D-4). */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from '../properties.ts';
import { nothingLeft, openLab, ours, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';

const work = fc.constantFrom('play', 'list', 'collect', 'join', 'join endconf', 'sleep', 'set', 'park', 'conference play', 'digits');
const end = fc.constantFrom('socket', 'bye', 'kill', 'kill all', 'kick', 'hangup');

describe('media server: ends at any point', { timeout: 90_000, ...ours }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(async () => {
    await lab.close();
  });

  /** Applications begun; those of a channel that is hung up properly must all settle. */
  const start = (endpoint: LibraryEndpoint, what: string, room: string): Promise<unknown> => {
    switch (what) {
      case 'play':
        return endpoint.execute('playback', 'silence_stream://-1');
      case 'list':
        return endpoint.execute('playback', 'file_string:///nosuch.wav!/nosuch2.wav');
      case 'collect':
        return endpoint.execute('play_and_get_digits', '1 4 2 5000 # silence_stream://5000 silence_stream://250 d \\d+ 2000');
      case 'join':
        return endpoint.execute('conference', `${room}@default`);
      case 'join endconf':
        return endpoint.execute('conference', `${room}@default++flags{endconf|moderator}`);
      case 'conference play':
        return lab.ms.api(`conference ${room} play silence_stream://-1`);
      case 'digits':
        return lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 12#`);
      default:
        return endpoint.execute(what, what === 'set' ? 'a=b' : '60000');
    }
  };

  const finish = async (endpoint: LibraryEndpoint, how: string, room: string): Promise<void> => {
    switch (how) {
      case 'socket':
        endpoint.conn?.socket.destroy();
        await endpoint.dialog.destroy();
        return;
      case 'bye':
        await endpoint.dialog.destroy();
        return;
      case 'kick':
        await lab.ms.api(`conference ${room} kick all`);
        await lab.ms.api(`uuid_kill ${endpoint.uuid}`);
        return;
      case 'hangup':
        // Another's end may come first, and then this one is never heard of again: not awaited.
        if (endpoint.connected) endpoint.execute('hangup').catch(() => undefined);
        return;
      default:
        await lab.ms.api(`uuid_kill ${endpoint.uuid}`);
    }
  };

  it('nothing is left, and every application of a channel with a socket settles', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.array(work, { maxLength: 5 }), end), { minLength: 1, maxLength: 4 }), async (legs) => {
        const room = `chaos${run++}`;
        const endpoints = await Promise.all(legs.map(async () => lab.endpoint(await lab.peer())));
        const settled: Promise<unknown>[] = [];
        for (const [index, [works, how]] of legs.entries()) {
          const endpoint = endpoints[index];
          assert.ok(endpoint);
          const begun = works.map((what) => start(endpoint, what, room).catch(() => undefined));
          if (how !== 'socket') settled.push(...begun);
        }
        // A command that is on its way when its channel ends is nobody's: what counts is what was received.
        await Promise.all(endpoints.map((endpoint) => endpoint.api('uuid_exists', endpoint.uuid)));
        await Promise.all(legs.map(([, how], index) => finish(endpoints[index]!, how, room).catch(() => undefined)));
        await nothingLeft(lab);
        await Promise.all(settled);
      }),
      { numRuns: 40, endOnFailure: true, timeout: 5_000 },
    );
    assert.deepEqual(lab.complaints.filter((line) => !line.includes('audio_not_found')), []);
  });
});
