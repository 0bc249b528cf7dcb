/** What is begun ends with whom it was for: calls that still ring, sockets that are turned away, replies nobody reads, files. Ours alone. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nothingLeft, openLab, ours, SECRET, type Lab, type LabOptions } from './freeswitch-lab.ts';
import { makeSounds } from './freeswitch-sounds.ts';

async function inLab(options: LabOptions, run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab(options);
  try {
    await run(lab);
    await nothingLeft(lab);
  } finally {
    await lab.close();
  }
}

describe('media server: what is begun ends', { timeout: 30_000, ...ours }, () => {
  it('bridge: the caller hangs up while the other telephone rings: it is cancelled', () =>
    inLab({}, async (lab) => {
      const phone = new EventEmitter();
      lab.srf.invite((request: unknown, response: unknown) => {
        (request as EventEmitter).on('cancel', () => phone.emit('cancelled'));
        (response as { send(status: number): void }).send(180);
        phone.emit('ringing');
      });
      const [ringing, cancelled] = [once(phone, 'ringing'), once(phone, 'cancelled')];
      const caller = await lab.endpoint(await lab.peer());
      await lab.ms.api(`uuid_broadcast ${caller.uuid} bridge::sip:bob@${lab.sipServerAddress}`);
      await ringing;
      await caller.destroy();
      await cancelled;
    }));

  it('originate: an id is one call\'s, also while its ports are being opened', () =>
    inLab({}, async (lab) => {
      const silent = await lab.peer();
      const call = `bgapi originate {origination_uuid=twin}sip:bob@127.0.0.1:${silent.port} &park()`;
      const results = async (count: number): Promise<readonly string[]> => {
        const jobs = (): readonly string[] => lab.tap.events.flatMap((event) => (event['Event-Name'] === 'BACKGROUND_JOB' ? [event._body ?? ''] : []));
        while (jobs().length < count) await once(lab.tap.socket, 'data');
        return jobs();
      };
      await Promise.all([lab.tap.command(`${call}\n\n${call}`), lab.tap.reply()]);
      assert.deepEqual(await results(1), ['-ERR DESTINATION_OUT_OF_ORDER\n']);
      await lab.tap.event((event) => event['Event-Name'] === 'CHANNEL_CREATE' && event['Unique-ID'] === 'twin');
      assert.equal(await lab.tap.api('uuid_kill twin'), '+OK\n');
      assert.deepEqual(await results(2), ['-ERR DESTINATION_OUT_OF_ORDER\n', '-ERR NORMAL_CLEARING\n']);
    }));

  it('events held back behind a command that takes long are bounded', () =>
    inLab({ limits: { eslBacklogBytes: 100_000 } }, async (lab) => {
      const waiting = await lab.rawEsl();
      await waiting.command(`auth ${SECRET}`);
      await waiting.command('event plain CUSTOM a::b');
      waiting.send('api msleep 5000');
      const closed = waiting.closed();
      for (let i = 0; i < 30; i++) await lab.tap.command(`sendevent CUSTOM\nEvent-Subclass: a::b\nText: ${'x'.repeat(5_000)}`);
      await closed;
      assert.match(lab.complaints.join(), /too much waits for an event socket client/);
    }));

  /** A client that never closes its side, and has more to say. */
  const clinging = async (lab: Lab, first: string): Promise<Socket> => {
    const socket = connect({ port: lab.esl.port, host: lab.esl.host, allowHalfOpen: true });
    socket.on('error', () => undefined).resume();
    socket.write(first);
    await once(socket, 'end');
    return socket;
  };

  for (const [who, first, eslConnections] of [
    ['one client too many', 'auth x\n\n', 2],
    ['a client with a wrong password', 'auth wrong\n\n', 3],
  ] as const) {
    it(`${who} is gone, whether it closes its side or not`, () =>
      inLab({ limits: { eslConnections } }, async (lab) => {
        const socket = await clinging(lab, first);
        const chatter = setInterval(() => socket.write('\n'), 50);
        await new Promise((resolve) => socket.once('close', resolve));
        clearInterval(chatter);
      }));
  }

  it('recordings at the same time are bounded, of channels and conferences together', async () => {
    const sounds = await makeSounds();
    await inLab({ limits: { recordings: 2 } }, async (lab) => {
      const endpoint = await lab.endpoint(await lab.peer());
      const file = (name: string): string => join(sounds.folder, `${name}.wav`);
      const from = lab.tap.events.length;
      await endpoint.join('recorded');
      assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} start ${file('a')}`), '+OK Success\n');
      assert.equal(await lab.ms.api(`conference recorded record ${file('b')}`), `+OK Record file ${file('b')}\n`);
      assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} start ${file('c')}`), '-ERR Cannot record session!\n');
      assert.equal(await lab.ms.api(`conference recorded record ${file('d')}`), '-ERR too many recordings\n');
      await lab.ms.api(`uuid_record ${endpoint.uuid} stop ${file('a')}`);
      await lab.tap.event((event) => event['Event-Name'] === 'RECORD_STOP', from);
      assert.equal(await lab.ms.api(`uuid_record ${endpoint.uuid} start ${file('c')}`), '+OK Success\n');
      await endpoint.destroy();
      await lab.tap.event((event) => event.Action === 'conference-destroy', from);
    });
    await sounds.remove();
  });
});
