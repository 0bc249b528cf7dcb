import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDigestHashes } from '../../src/adapters/system/digest-hashes.ts';
import { digestResponse, ha1Of } from '../../src/domain/digest.ts';
import { Callee, type CalleeOptions } from './harness/callee.ts';
import { Program } from './harness/program.ts';
import { hostPin, withPhones, type Phones } from './harness/session.ts';
import { addUser, contacts, userSecret } from './harness/users.ts';
import { holds, until } from './harness/wait.ts';

/** As the API shows it. */
interface CallView {
  readonly id: string;
}

const hashes = createDigestHashes();

/** RFC 7616 §3.4.1: the answer to the challenge of `callee-asks` is the right one. */
function proves(messages: string, username: string, secret: string, uri: string): void {
  const given = /^Proxy-Authorization: Digest (.*?)\r?$/m.exec(messages)?.[1] ?? '';
  const value = (name: string): string => new RegExp(`(?:^|,) *${name}="?([^",\\r]+)`).exec(given)?.[1] ?? '';
  const made = { uri, nonce: '8f3a0c11', nc: value('nc'), cnonce: value('cnonce'), qop: 'auth' };
  assert.deepEqual([value('username'), value('response')], [username, digestResponse(hashes, 'MD5', ha1Of(hashes, 'MD5', username, 'trunk.example', secret), 'INVITE', made)]);
}

describe('calls that we make', () => {
  let program: Program;
  before(async () => {
    // baresip gives up where SHA-256 is offered at all.
    program = await Program.start({ env: { VESTIBULE_REGISTRAR_RINGING: '4', VESTIBULE_REGISTRAR_ALGORITHMS: 'MD5' } });
  });
  after(() => program.stop());

  async function api<T>(method: string, path: string, body?: object): Promise<T> {
    const { code, stdout, stderr } = await program.cli('api', method, path, ...(body === undefined ? [] : [JSON.stringify(body)]), '--json');
    assert.equal(code, 0, `${method} ${path}: ${stderr}`);
    return JSON.parse(stdout === '' ? '{}' : stdout) as T;
  }

  async function withCallees(options: readonly CalleeOptions[], test: (phones: Phones, ...callees: Callee[]) => Promise<void>): Promise<void> {
    const callees: Callee[] = [];
    try {
      for (const each of options) callees.push(await Callee.start(each));
      await withPhones(program, (phones) => test(phones, ...callees));
    } finally {
      for (const callee of callees) callee.close();
    }
  }

  const roomOf = async (alias: string): Promise<string> => {
    const { items } = await api<{ items: readonly (CallView & { aliases: readonly string[] })[] }>('GET', '/rooms');
    return items.find(({ aliases }) => aliases.includes(alias))?.id ?? '';
  };
  async function dial(alias: string, uri: string, more: object = {}): Promise<void> {
    await api('POST', `/rooms/${await roomOf(alias)}/conference/dial`, { uri, role: 'speaker', ...more });
  }
  const logged = (text: string): Promise<true> => until(`${text} in the log`, () => holds(program.log.includes(text)), () => program.log.slice(-3000));

  it('PX-32, PX-35, PXD-27: answered: in the conference without a prompt as a guest; keys are sent by RFC 4733; a text is taken; hung up by us', () =>
    withCallees([{ scenario: 'callee' }], async (phones, callee) => {
      await program.addRoom({ alias: '3100', hostPin });
      const host = await phones.inRoom('host', '3100', hostPin, 440);
      await dial('3100', callee.uri('bob'), { name: 'Bob', dtmf: '12,3#' });
      const there = await program.untilRoom('3100', 'Bob to be there', (participants) => participants.some(({ caller, place }) => caller === 'Bob' && place === 'conference'));
      const bob = there.find(({ caller }) => caller === 'Bob');
      assert.deepEqual([bob?.role, bob?.rule], ['guest', 'dialled_with_role']);
      await callee.hears('123#');
      await api('POST', `/rooms/${await roomOf('3100')}/participants/${bob?.id}/message`, { text: 'Grüße' });
      assert.match(callee.messages, /MESSAGE sip:[\s\S]*text\/plain[\s\S]*Grüße/);
      await api('POST', `/rooms/${await roomOf('3100')}/participants/${bob?.id}/kick`);
      assert.match(await callee.done(), /BYE sip:[\s\S]*kicked/);
      await host.hangUp();
    }));

  it('PX-34: the owner at her registered telephone is host, at any other a guest', () =>
    withPhones(program, async (phones) => {
      await addUser(program, 'olga');
      await api('PATCH', '/users/olga', { privilege: 'creation' });
      await program.addRoom({ alias: '3200', hostPin });
      await api('PATCH', `/rooms/${await roomOf('3200')}`, { owner: 'olga' });
      const olga = await phones.baresip('olga', 880, { account: { registrar: program.sip, secret: userSecret, seconds: 600 } });
      await until('olga to be registered', async () => holds((await contacts(program, 'olga')).length > 0), () => program.log.slice(-2000));
      const host = await phones.inRoom('host', '3200', hostPin, 440);
      const id = await roomOf('3200');
      await api('POST', `/rooms/${id}/conference/dial`, { uri: 'olga', role: 'moderator' });
      await olga.answer();
      const there = await program.untilRoom('3200', 'olga to be there', (participants) => participants.some(({ rule }) => rule === 'dialled_owner'));
      assert.equal(there.find(({ rule }) => rule === 'dialled_owner')?.role, 'host');
      await host.hears(880);
      olga.hangUp();
      await program.untilRoom('3200', 'olga to be gone', (participants) => participants.length === 1);
      await host.hangUp();
    }));

  for (const [what, scenario, keys, reason] of [
    ['busy', 'callee-refuses', { refusal: '486 Busy Here' }, 'callee_busy'],
    ['declined', 'callee-refuses', { refusal: '603 Decline' }, 'callee_declined'],
    ['not found', 'callee-refuses', { refusal: '404 Not Found' }, 'callee_unavailable'],
    ['no answer: CANCEL after registrar.ringing', 'callee-rings', {}, 'no_answer'],
  ] as const) {
    it(`${what}: told as dial.failed, nothing is left`, () =>
      withCallees([{ scenario, keys }], async (phones, callee) => {
        if ((await roomOf('3300')) === '') await program.addRoom({ alias: '3300' });
        const host = await phones.inRoom('host', '3300', '');
        await dial('3300', callee.uri('bob'));
        await callee.done();
        await logged(`"reason":"${reason}"`);
        await program.untilRoom('3300', 'the host alone', (participants) => participants.length === 1);
        await host.hangUp();
      }));
  }

  it('everybody leaves while it rings: CANCEL', () =>
    withCallees([{ scenario: 'callee-rings' }], async (phones, callee) => {
      await program.addRoom({ alias: '3400' });
      const host = await phones.inRoom('host', '3400', '');
      await dial('3400', callee.uri('bob'));
      await callee.logged('ringing');
      await host.hangUp();
      await callee.done();
    }));

  it('answers and hangs up at once', () =>
    withCallees([{ scenario: 'callee-hangs-up' }], async (phones, callee) => {
      await program.addRoom({ alias: '3500' });
      const host = await phones.inRoom('host', '3500', '');
      await dial('3500', callee.uri('bob'));
      await callee.done();
      await logged('callee_hung_up');
      await host.hangUp();
    }));

  it('COD-19, PXD-26: a preconfigured participant is called when the conference runs', () =>
    withCallees([{ scenario: 'callee' }], async (phones, callee) => {
      await program.addRoom({ alias: '3600' });
      await api('PATCH', `/rooms/${await roomOf('3600')}`, { preconfigured: [{ uri: callee.uri('recorder'), name: 'Recorder', role: 'speaker', keepAlive: 'never', redial: 'none' }] });
      const host = await phones.inRoom('host', '3600', '');
      await program.untilRoom('3600', 'the recorder to be there', (participants) => participants.some(({ caller }) => caller === 'Recorder'), 20_000);
      // Nobody but it is left: it is let go.
      await host.hangUp();
      await callee.done();
    }));

  it('PX-41 to PX-43: a number rule sends a call to a trunk, which asks who we are; the meeting is keyed, then what the caller keys; media goes through us', () =>
    withCallees([{ scenario: 'callee-asks' }], async (phones, callee) => {
      const phone = await phones.phone('caller', 440);
      assert.match(String((await phone.dial('88123456')).status), /404|407/);
      const rule = await api<CallView>('POST', '/number-rules', {
        name: 'Meetings elsewhere',
        match: { kind: 'pattern', text: '88\\d{4,}' },
        strip: 2,
        target: callee.uri('meet'),
        dtmf: '{number}#',
        username: 'us',
        password: 'trunk secret',
        grant: { anyone: true },
      });
      try {
        assert.ok(!JSON.stringify(await api('GET', '/number-rules')).includes('trunk secret'));
        await phone.call('88123456');
        await callee.hears('123456#');
        proves(callee.messages, 'us', 'trunk secret', callee.uri('meet'));
        await phone.press('7');
        await callee.hears('123456#7');
        const before = callee.packets;
        await until('media to come through', () => holds(callee.packets > before + 20), () => String(callee.packets));
        assert.deepEqual((await program.status()).calls.map(({ alias, stage }) => [alias, stage]), [['88123456', 'gateway']]);
        await phone.hangUp();
        await callee.done();
        assert.ok(!program.log.includes('trunk secret'));
      } finally {
        await api('DELETE', `/number-rules/${rule.id}`);
      }
    }));

  it('toll fraud: a rule for users does not serve strangers, nor is there any by default', () =>
    withPhones(program, async (phones) => {
      const rule = await api<CallView>('POST', '/number-rules', { name: 'Trunk', match: { kind: 'prefix', text: '0' }, target: 'sip:{number}@127.0.0.1:9', grant: { users: 'all' } });
      try {
        const stranger = await phones.phone('stranger');
        assert.match(String((await stranger.dial('0301234')).status), /404|407/);
      } finally {
        await api('DELETE', `/number-rules/${rule.id}`);
      }
    }));

  it('RFC 3515: a REFER in a conference is refused, the call stays', () =>
    withPhones(program, async (phones) => {
      await program.addRoom({ alias: '3700' });
      const phone = await phones.inRoom('mover', '3700', '');
      assert.equal((await phone.request('REFER', ['Refer-To: <sip:elsewhere@example.com>'])).status, 405);
      await program.untilRoom('3700', 'still there', (participants) => participants.length === 1);
      await phone.hangUp();
    }));
});
