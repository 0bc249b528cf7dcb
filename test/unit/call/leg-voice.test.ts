import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LegVoice } from '../../../src/call/leg-voice.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeMedia, type FakeLegMedia } from '../../fakes/media.ts';
import { Points } from '../../fakes/points.ts';

async function withVoice(test: (voice: LegVoice, media: FakeLegMedia, clock: FakeClock) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const server = new FakeMedia(clock, new Points());
  await server.allocate(undefined, { onDigit: () => undefined, onLost: () => undefined });
  const [media] = server.legs;
  assert.ok(media !== undefined);
  await test(new LegVoice(media, 'en', (error) => assert.fail(String(error))), media, clock);
}

describe('what a leg hears', () => {
  it('in the lobby: what is told follows one another, then the music goes on', () =>
    withVoice(async (voice, media, clock) => {
      voice.enterLobby();
      void voice.tell([{ key: 'waiting_host' }]);
      void voice.tell([{ key: 'hand_raised' }]);
      await clock.advance(2_000);
      assert.deepEqual(media.heard, ['(music)', 'waiting_host', 'hand_raised', '(music)']);
    }));

  it('on the way into the mixer: told there', () =>
    withVoice(async (voice, media, clock) => {
      voice.enterLobby();
      voice.leaveLobby();
      const told = voice.tell([{ key: 'admitted' }]);
      await clock.advance(5_000);
      assert.ok(!media.heard.includes('admitted'));
      voice.enterConference();
      await clock.advance(1_000);
      await told;
      assert.ok(media.heard.includes('conference:admitted'));
    }));

  it('the last words: what was still to be told is dropped, and settles', () =>
    withVoice(async (voice, media, clock) => {
      voice.enterConference();
      await clock.advance(0);
      const told = Promise.all([voice.tell([{ key: 'muted' }]), voice.tell([{ key: 'unmuted' }])]);
      const said = voice.farewell([{ key: 'kicked' }]);
      await clock.advance(2_000);
      await Promise.all([told, said]);
      assert.deepEqual(media.heard, ['conference:muted', 'kicked']);
    }));

  it('somebody who keys without end is not answered without end', () =>
    withVoice(async (voice, media, clock) => {
      voice.enterConference();
      for (let times = 0; times < 1_000; times++) void voice.tell([{ key: 'code_unknown' }]);
      await clock.advance(60_000);
      assert.ok(media.heard.length < 12);
    }));
});
