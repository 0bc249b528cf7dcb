import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type Mrf from 'drachtio-fsmrf';
import { Applications } from '../../../../src/adapters/freeswitch/applications.ts';

/** The connection of one channel, as far as applications use it. */
class Connection extends EventEmitter implements Mrf.Connection {
  socket: Socket | null = new Socket();
  readonly sent: { readonly application: string; readonly args: string; readonly id: string; readonly done: (event: Mrf.Event) => void }[] = [];

  execute(application: string, args: string, done: (event: Mrf.Event) => void): string {
    const id = `app-${this.sent.length + 1}`;
    this.sent.push({ application, args, id, done });
    return id;
  }

  complete(index: number, response = '_none_'): void {
    this.sent[index]?.done(event({ 'Application-Response': response }));
  }

  api(): void {}
  send(): void {}
  sendRecv(): void {}
  subscribe(): void {}
  filter(): void {}
  disconnect(): void {}
  connected(): boolean {
    return true;
  }
}

const event = (headers: Readonly<Record<string, string>>): Mrf.Event => ({ getHeader: (name) => headers[name], getBody: () => '' });

const settledNow = async (promise: Promise<unknown>): Promise<unknown> => Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve('pending')))]);

describe('applications of a channel', () => {
  it('begin with CHANNEL_EXECUTE of their own uuid, end with their completion', async () => {
    const connection = new Connection();
    const applications = new Applications(connection, 'channel');
    const first = applications.execute('playback', 'a.wav');
    const second = applications.execute('playback', 'b.wav');
    connection.emit('esl::event::CHANNEL_EXECUTE::channel', event({ 'Application-UUID': 'app-2' }));
    assert.equal(await settledNow(first.begun), 'pending');
    assert.equal(await settledNow(second.begun), undefined);
    connection.complete(0);
    assert.equal(await settledNow(first.ended), 'complete');
    assert.equal(await settledNow(second.ended), 'pending');
  });

  it('a file that is not there is a failure', async () => {
    const connection = new Connection();
    const { ended } = new Applications(connection, 'channel').execute('playback', 'a.wav');
    connection.complete(0, 'FILE NOT FOUND');
    assert.equal(await ended, 'failed');
  });

  it('F-13, D-4: the channel goes without a word: everything on it is over, and nothing more is sent', async () => {
    const connection = new Connection();
    const applications = new Applications(connection, 'channel');
    const running = applications.execute('conference', 'x');
    applications.channelGone();
    assert.equal(await running.ended, 'gone');
    assert.equal(await applications.execute('playback', 'a.wav').ended, 'gone');
    assert.equal(connection.sent.length, 1);
  });

  it('a closed connection takes no application', async () => {
    const connection = new Connection();
    const applications = new Applications(connection, 'channel');
    connection.socket = null;
    assert.equal(await applications.execute('playback', 'a.wav').ended, 'gone');
  });
});
