/** The event socket without the library: what fs_cli says, formats, `myevents`, `linger`; and what nobody should say. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { after, before, describe, it } from 'node:test';
import fc from '../properties.ts';
import { differs, nothingLeft, openLab, ours, type Lab } from './freeswitch-lab.ts';
import { frames, RawEsl, type Frame } from './freeswitch-raw-esl.ts';

describe('the event socket, as other clients use it', { timeout: 60_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(async () => {
    await lab.close();
  });

  const login = async (): Promise<RawEsl> => {
    const raw = await lab.rawEsl();
    assert.equal(await raw.command(`auth ${lab.esl.secret}`), '+OK accepted');
    return raw;
  };

  /** What fs_cli sends from its start to its end, and what it makes of the answers. */
  it('fs_cli: login, its two questions, log, a command, bgapi, exit', async () => {
    const raw = await login();
    const name = lab.own.mediaServer === undefined ? hostname() : 'vestibule';
    assert.equal(await raw.api('switchname'), name);
    assert.equal(await raw.api('hostname'), name);
    assert.equal(await raw.command('log debug'), '+OK log level debug [7]');
    assert.match(await raw.api('status\nconsole_execute: true'), /^UP 0 years/);
    assert.match(await raw.command('bgapi status'), /^\+OK Job-UUID: [-0-9a-f]{36}$/);
    assert.match(await raw.api('bgapi status\nconsole_execute: true'), /^\+OK Job-UUID: [-0-9a-f]{36}\n$/);
    assert.equal(await raw.command('nolog'), '+OK no longer logging');
    assert.equal(await raw.command('nolog'), '-ERR not loging');
    assert.equal(await raw.command('exit'), '+OK bye');
    await raw.closed();
  });

  it('userauth: whoever says the one password', differs('`userauth`'), async () => {
    const raw = await lab.rawEsl();
    assert.equal(await raw.command(`userauth operator@default:${lab.esl.secret}`), '+OK accepted');
    assert.equal(await (await lab.rawEsl()).command('userauth operator@default:wrong'), '-ERR invalid');
  });

  const replies: readonly (readonly [command: string, reply: string])[] = [
    ['event xml HEARTBEAT', '+OK event listener enabled xml'],
    ['nixevent', '-ERR no keywords supplied'],
    ['log nosuch', '-ERR invalid log level'],
    ['log 3', '+OK log level 3 [3]'],
    ['log', '+OK log level  [7]'],
    ['nolinger', '-ERR not controlling a session'],
    ['getvar x', '-ERR command not found'],
    ['resume', '-ERR command not found'],
  ];
  it('replies of a socket without a channel', async () => {
    const raw = await login();
    for (const [command, reply] of replies) assert.equal(await raw.command(command), reply, command);
  });

  it('myevents of nobody', differs('`myevents` of a channel'), async () => {
    assert.equal(await (await login()).command('myevents nosuch'), '-ERR invalid uuid');
  });

  it('events as plain text and as XML', async () => {
    for (const format of ['plain', 'xml'] as const) {
      const raw = await login();
      await raw.command(`event ${format} CUSTOM my::test`);
      assert.match(await lab.tap.command('sendevent CUSTOM\nEvent-Subclass: my::test\nColour: <b & c>\nContent-Length: 4\n\nbody'), /^\+OK [-0-9a-f]{36}$/);
      const { headers, body } = await raw.reply();
      assert.equal(headers['Content-Type'], `text/event-${format}`);
      if (format === 'plain') assert.match(body, /^Event-Subclass: my%3A%3Atest\n(?=(?:[^]*\n)?Event-Name: CUSTOM\n)[^]*\nColour: %3Cb%20%26%20c%3E\n[^]*Content-Length: 4\n\nbody$/);
      else assert.match(body, /^<event>\n {2}<headers>\n[^]*<Colour>%3Cb%20%26%20c%3E<\/Colour>[^]*<\/headers>\n {2}<Content-Length>4<\/Content-Length>\n {2}<body>body<\/body>\n<\/event>\n$/);
    }
  });

  it('sendevent cannot take the place of what the server itself says of an event', async () => {
    const from = lab.tap.events.length;
    await lab.tap.command('sendevent CUSTOM\nEvent-Subclass: my::forged\nCore-UUID: forged\nEvent-Sequence: 1');
    const event = await lab.tap.event((candidate) => candidate['Event-Subclass'] === 'my::forged', from);
    assert.notEqual(event['Core-UUID'], 'forged');
  });

  it('myevents: one channel, and nothing of others', ours, async () => {
    const [alice, bob] = [await lab.endpoint(await lab.peer()), await lab.endpoint(await lab.peer())];
    const raw = await login();
    assert.equal(await raw.command(`myevents ${alice.uuid} json`), '+OK Events Enabled');
    for (const endpoint of [bob, alice]) await lab.ms.api(`uuid_recv_dtmf ${endpoint.uuid} 1`);
    await raw.event((event) => event['Event-Name'] === 'DTMF');
    assert.deepEqual(new Set(raw.events.map((event) => event['Unique-ID'])), new Set([alice.uuid]));
    await Promise.all([alice.destroy(), bob.destroy()]);
    await nothingLeft(lab);
  });

  /** A socket the server opens to us, and all it writes there. */
  const outbound = async (): Promise<{ readonly socket: Socket; readonly written: () => readonly Frame[]; readonly uuid: string; readonly end: () => Promise<void> }> => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = await lab.peer();
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const srf = lab.srf as unknown as { createUAC(uri: string, options: object): Promise<{ destroy(): Promise<unknown> }> };
    const dialog = await srf.createUAC(`sip:drachtio@${lab.ms.sip.ipv4.udp.address}`, {
      localSdp: peer.sdp(),
      // The dial plan of FreeSWITCH asks for the name of the library.
      headers: { 'User-Agent': 'drachtio-fsmrf:contract', 'X-esl-outbound': `127.0.0.1:${(server.address() as AddressInfo).port}`, 'X-Vestibule-Place': 'room 1' },
    });
    const [socket] = await connected;
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.write('connect\n\n');
    while (!text.includes('\n\n')) await once(socket, 'data');
    const uuid = /\nUnique-ID: (\S+)\n/.exec(text)?.[1] ?? '';
    const end = async (): Promise<void> => {
      socket.destroy();
      server.close();
      await dialog.destroy().catch(() => undefined);
    };
    return { socket, written: () => frames(text), uuid, end };
  };
  const until = async (socket: Socket, written: () => readonly Frame[], matches: (frame: Frame) => boolean): Promise<Frame> => {
    for (;;) {
      const found = written().find(matches);
      if (found !== undefined) return found;
      await once(socket, 'data');
    }
  };

  it('linger: the socket stays after the hang-up and hears the last events; exit ends it', ours, async () => {
    const { socket, written, uuid, end } = await outbound();
    socket.write('linger 30\n\nmyevents json\n\ngetvar uuid\n\ndivert_events on\n\ndivert_events\n\nresume\n\n');
    await until(socket, written, ({ headers }) => headers['Reply-Text'] === '+OK');
    assert.deepEqual(
      written().slice(1).map(({ headers }) => headers['Reply-Text']),
      ['+OK will linger 30 seconds', '+OK Events Enabled', uuid, '+OK events diverted', '-ERR missing value.', '+OK'],
    );
    await lab.ms.api(`uuid_kill ${uuid} USER_BUSY`);
    const notice = await until(socket, written, ({ headers }) => headers['Content-Type'] === 'text/disconnect-notice');
    assert.deepEqual([notice.headers['Content-Disposition'], notice.headers['Linger-Time']], ['linger', '30']);
    await until(socket, written, ({ body }) => body.includes('"CHANNEL_DESTROY"'));
    socket.write('exit\n\n');
    await once(socket, 'end');
    await end();
    await nothingLeft(lab);
  });

  it('nolinger takes it back', ours, async () => {
    const { socket, written, uuid, end } = await outbound();
    socket.write('linger\n\nnolinger\n\n');
    await until(socket, written, ({ headers }) => headers['Reply-Text'] === '+OK will not linger');
    await lab.ms.api(`uuid_kill ${uuid}`);
    await once(socket, 'end');
    await end();
    await nothingLeft(lab);
  });

  const word = fc.oneof(
    fc.constantFrom(
      'api', 'bgapi', 'event', 'json', 'plain', 'xml', 'ALL', 'CUSTOM', 'DTMF', 'filter', 'delete', 'nixevent', 'noevents', 'myevents', 'linger', 'nolinger', 'sendmsg', 'sendevent', 'log', 'nolog', 'getvar',
      'divert_events', 'status', 'conference', 'uuid_kill', 'uuid_dump', 'uuid_record', 'uuid_bridge', 'uuid_hold', 'uuid_audio', 'show', 'channels', 'as', 'like', 'fsctl', 'originate', '/[/', '%', '-1', '__proto__', 'constructor',
    ),
    fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ' ')),
  );
  const line = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' ').trim()).filter((text) => text !== '' && !/^(exit|msleep|api\s+(msleep|fsctl|hupall|originate)|bgapi\s+(msleep|fsctl|hupall|originate))/i.test(text));
  const header = fc.tuple(fc.constantFrom('call-command', 'execute-app-name', 'execute-app-arg', 'Event-UUID', 'hangup-cause', 'Job-UUID', 'x'), fc.string({ maxLength: 10 }).map((text) => text.replace(/[\r\n]/g, ' ')));
  const command = fc.tuple(line, fc.array(header, { maxLength: 3 })).map(([first, headers]) => `${[first, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n')}\n\n`);

  it('fuzz: any lines, cut anywhere, get one reply each, inbound and outbound; nobody else notices', ours, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 6 }), fc.boolean(), async (commands, cuts, inbound) => {
        const bytes = Buffer.from(commands.join(''));
        const edges = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge)).filter((piece) => piece.length > 0);
        const channel = inbound ? undefined : await outbound();
        const raw = inbound ? await login() : undefined;
        const socket = channel?.socket ?? raw!.socket;
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        for (const piece of [...pieces, Buffer.from('api echo the-end\n\n')]) await new Promise<void>((resolve) => void socket.write(piece, () => resolve()));
        const isReply = ({ headers }: Frame): boolean => ['command/reply', 'api/response'].includes(headers['Content-Type'] ?? '');
        const replies = (): readonly Frame[] => frames(text).filter(isReply);
        // A channel may have been hung up by the lines, and its socket with it.
        while (!replies().some(({ body }) => body === 'the-end') && socket.readable && !socket.destroyed) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        if (replies().some(({ body }) => body === 'the-end')) assert.equal(replies().length, commands.length + 1, JSON.stringify(commands));
        else assert.ok(!inbound, JSON.stringify(commands));
        await channel?.end();
        raw?.close();
        assert.equal(await lab.tap.api('echo alive'), 'alive');
        lab.tap.events.length = 0;
      }),
      { numRuns: 150, seed: 20_261_122, endOnFailure: true },
    );
    await nothingLeft(lab);
    assert.deepEqual(lab.complaints.filter((complaint) => /failed|error/i.test(complaint) && !/recording failed|audio_not_found/.test(complaint)), []);
  });
});
