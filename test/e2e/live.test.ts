/** Live control through the API of the program, by its effect in what phones hear. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askRunning } from '../../src/adapters/control-socket/client.ts';
import { controlSocketPath } from '../../src/adapters/control-socket/path.ts';
import { Program } from './harness/program.ts';
import { Recording } from './harness/recording.ts';
import { guestPin, hostPin, withPhones } from './harness/session.ts';
import { holds, until } from './harness/wait.ts';
import { heardAmplitude } from './phone/media.ts';
import { header } from './phone/sip-message.ts';
import type { Phone } from './phone/phone.ts';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('live control', () => {
  let program: Program;
  const rooms = new Map<string, string>();

  async function api(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const asked = await askRunning(controlSocketPath(program.dataDir), { method: 'api', params: { method, path: `/api/v1${path}`, ...(body === undefined ? {} : { body }) } });
    assert.ok(asked.kind === 'answered' && asked.answer.ok, JSON.stringify(asked));
    return asked.answer.value as Answer;
  }

  /** A command to a room, or to one in it; the answer comes when it took effect. */
  async function command(alias: string, path: string, body: object = {}): Promise<Answer> {
    const answer = await api('POST', `/rooms/${String(rooms.get(alias))}/${path}`, body);
    assert.ok(answer.status < 300, JSON.stringify(answer));
    return answer;
  }

  async function idOf(alias: string, name: string): Promise<string> {
    const found = (await program.participants(alias)).find(({ caller }) => caller.includes(name));
    assert.ok(found !== undefined, name);
    return found.id;
  }

  /** A new phone hears the tone of another after all that is said at the beginning. */
  async function settled(...phones: readonly Phone[]): Promise<void> {
    for (const phone of phones) await phone.frame('a moment', ((count) => () => ++count > 100)(0));
  }

  before(async () => {
    program = await Program.start();
    await program.addRoom({ alias: '4000', hostPin, guestPin });
    await program.addRoom({ alias: '4100' });
    await program.addRoom({ alias: '4200' });
    const listed = await api('GET', '/rooms?limit=50');
    for (const { id, aliases } of listed.body['items'] as { id: string; aliases: string[] }[]) for (const alias of aliases) rooms.set(alias, id);
  });
  after(() => program.stop());

  it('CO-26: one is muted, all guests are muted, and heard again; what is answered has happened', () =>
    withPhones(program, async (phones) => {
      const host = await phones.inRoom('host', '4000', hostPin, 500);
      const [one, two] = [await phones.inRoom('one', '4000', guestPin, 700), await phones.inRoom('two', '4000', guestPin, 900)];
      await host.hears(700);
      await host.hears(900);
      await command('4000', `participants/${await idOf('4000', 'one')}/mute`);
      await host.hearsNot(700);
      await host.hears(900);
      await command('4000', 'conference/mute-guests');
      await host.hearsNot(900);
      await one.hears(500);
      await two.hears(500);
      await command('4000', 'conference/unmute-guests');
      await host.hears(900);
      await host.hears(700);
    }));

  it('CO-34: the gain is in the audio', () =>
    withPhones(program, async (phones) => {
      const [speaker, listener] = [await phones.inRoom('speaker', '4100', '', 700), await phones.inRoom('listener', '4100', '')];
      await listener.hears(700);
      await settled(listener);
      const before = listener.media.level(700);
      const level = async (decibels: number): Promise<number> => {
        await command('4100', `participants/${await idOf('4100', 'speaker')}/gain`, { decibels });
        await settled(listener);
        return 20 * Math.log10(listener.media.level(700) / before);
      };
      // As near as the steps of the mixer are.
      for (const [wanted, least, most] of [[6, 4, 8], [-12, -15, -10], [0, -1, 1]] as const) {
        const measured = await level(wanted);
        assert.ok(measured >= least && measured <= most, `${wanted} dB: ${measured.toFixed(1)} dB`);
      }
      assert.ok(speaker.isUp);
    }));

  it('N-19: one is moved to another room and back: the call goes on, and each room hears who is in it; CO-12: one is kicked', () =>
    withPhones(program, async (phones) => {
      const moved = await phones.inRoom('moved', '4100', '', 700);
      const [here, there] = [await phones.inRoom('here', '4100', '', 500), await phones.inRoom('there', '4200', '', 900)];
      await here.hears(700);
      await moved.hears(500);
      const id = await idOf('4100', 'moved');
      await command('4100', `participants/${id}/move`, { room: rooms.get('4200') });
      await there.hears(700);
      await here.hearsNot(700);
      await moved.hears(900);
      await moved.hearsNot(500);
      await command('4200', `participants/${id}/move`, { room: rooms.get('4100') });
      await here.hears(700);
      await there.hearsNot(700);
      await moved.hears(500);
      assert.ok(moved.isUp);
      const ended = moved.ended();
      await command('4100', `participants/${id}/kick`);
      assert.match(header(await ended, 'reason'), /kicked/);
      await here.hearsNot(700);
    }));

  it('a conference is recorded: who speaks is on the file, what is said during a pause is not', () =>
    withPhones(program, async (phones) => {
      const speaker = await phones.inRoom('speaker', '4100', '', 700);
      const listener = await phones.inRoom('listener', '4100', '');
      await listener.hears(700);
      await settled(listener);
      const { body } = await command('4100', 'conference/record/start');
      await settled(listener);
      await command('4100', 'conference/record/pause');
      speaker.media.tone(1_200);
      await listener.hears(1_200);
      await settled(listener);
      speaker.media.tone(900);
      await listener.hears(900);
      await listener.hearsNot(1_200);
      await command('4100', 'conference/record/resume');
      await settled(listener);
      await command('4100', 'conference/record/stop');
      const recording = new Recording(join(program.dataDir, 'recordings', String(rooms.get('4100')), `${String(body['recording'])}.wav`));
      const seconds = (hz: number): number => recording.secondsWith([hz], heardAmplitude);
      assert.ok(recording.seconds > 3 && recording.seconds < 6, `${recording.seconds} s`);
      assert.ok(seconds(700) > 1.5 && seconds(900) > 1.5, `700 Hz ${seconds(700)} s, 900 Hz ${seconds(900)} s`);
      assert.ok(seconds(1_200) < 0.2, `1200 Hz ${seconds(1_200)} s`);

      // The end of the conference ends it, too.
      const { body: second } = await command('4100', 'conference/record/start');
      await Promise.all([speaker.hangUp(), listener.hangUp()]);
      await until('the recording to be written down', async () => holds((await api('GET', `/recordings/${String(second['recording'])}`)).body['state'] === 'complete'), () => program.log.slice(-2_000));
    }));

  it('a text is said to all by espeak-ng where it is installed; else it is refused with advice', () =>
    withPhones(program, async (phones) => {
      const [one, two] = [await phones.inRoom('one', '4100', ''), await phones.inRoom('two', '4100', '')];
      await Promise.all([one.quiet(), two.quiet()]);
      await Promise.all([settled(one), settled(two)]);
      const installed = (process.env['PATH'] ?? '').split(delimiter).some((dir) => existsSync(join(dir, 'espeak-ng')));
      const heard = installed ? [one.hearsSound('the text'), two.hearsSound('the text')] : [];
      const answer = await api('POST', `/rooms/${String(rooms.get('4100'))}/conference/announce`, { text: 'The meeting ends in five minutes.' });
      if (!installed) {
        assert.match(JSON.stringify(answer), /no_speech.*espeak-ng/);
        return;
      }
      assert.equal(answer.status, 204, JSON.stringify(answer));
      await Promise.all(heard);
      const spoken = join(program.dataDir, 'announcements', '.spoken');
      await until('its file to be gone', () => holds(readdirSync(spoken).length === 0), () => readdirSync(spoken).join());
    }));

  it('CO-37, CO-38: statistics count what was sent and received', () =>
    withPhones(program, async (phones) => {
      await phones.inRoom('counted', '4100', '', 700);
      const path = `/rooms/${String(rooms.get('4100'))}/participants/${await idOf('4100', 'counted')}`;
      const statistics = await until('packets', async () => {
        const answer = await api('GET', `${path}/statistics`);
        const { packetsReceived, packetsSent } = answer.body as { packetsReceived?: number; packetsSent?: number };
        return (packetsReceived ?? 0) > 50 && (packetsSent ?? 0) > 50 ? answer.body : undefined;
      }, () => '');
      assert.equal(statistics['packetsLost'], 0);
    }));
});
