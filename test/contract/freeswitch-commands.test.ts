/** E01, E08, E09: literal replies. The tables are recordings of a real FreeSWITCH, ids and uuids taken from the call at hand. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { differs, nothingLeft, openLab, ours, PROFILE, SECRET, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import type { RawEsl } from './freeswitch-raw-esl.ts';

describe('api replies, literally FreeSWITCH\'s', { timeout: 30_000 }, () => {
  let lab: Lab;
  let alice: LibraryEndpoint;
  let bob: LibraryEndpoint;
  let names: ReadonlyMap<string, string>;
  const fill = (text: string): string => [...names].reduce((filled, [name, value]) => filled.replaceAll(`{${name}}`, value), text);

  before(async () => {
    lab = await openLab();
    // A first member takes an id away, so that an id is not mistaken for a count.
    [alice, bob] = [await lab.endpoint(await lab.peer()), await lab.endpoint(await lab.peer())];
    for (const other of [await lab.endpoint(await lab.peer()), await lab.endpoint(await lab.peer())]) {
      await other.join('before');
      await other.destroy();
    }
    await alice.join('room2', { profile: 'default', flags: { moderator: true } });
    // FreeSWITCH gives the floor at its next frame, to the last of those who came since.
    await lab.tap.event((event) => event.Action === 'floor-change' && event['New-ID'] === String(alice.conf.memberId));
    await bob.join('room2', { profile: 'default' });
    // A FreeSWITCH writes its table of channels a little later.
    while ((await lab.tap.api('show channels count')) !== '\n2 total.\n');
    const uuid = await lab.ms.api('conference room2 get uuid');
    const channel = `sofia/${PROFILE}/nobody@${lab.sipServerAddress}`;
    names = new Map([
      ['a', String(alice.conf.memberId)],
      ['b', String(bob.conf.memberId)],
      ['A', `${channel};${alice.uuid}`],
      ['B', `${channel};${bob.uuid}`],
      ['a-uuid', alice.uuid],
      ['c-uuid', uuid],
    ]);
  });
  after(async () => {
    await Promise.all([alice.destroy(), bob.destroy()]);
    await nothingLeft(lab);
    await lab.close();
  });

  const HEADER = '+OK Conference room2 (2 members rate: 8000 flags: running|answered|enforce_min|dynamic|exit_sound|enter_sound|json_status)\n';
  const LIST = '{b};{B};unknown;;hear|speak;0;0;100\n{a};{A};unknown;;hear|speak|floor|moderator;0;0;100\n';

  const replies: readonly (readonly [command: string, reply: string])[] = [
    // E01
    ['nosuchcommand', '-ERR nosuchcommand Command not found!\n'],
    ['uuid_exists nosuch', 'false'],
    ['uuid_dump nosuch', '-ERR No such channel!\n'],
    ['uuid_getvar nosuch x', '-ERR No such channel!\n'],
    ['uuid_kill nosuch', '-ERR No such channel!\n'],
    ['uuid_break nosuch all', '-ERR No such channel!\n'],
    ['uuid_recv_dtmf nosuch 1', '-ERR Cannot locate session!\n'],
    ['show channels count', '\n2 total.\n'],
    // E08, in its order
    ['conference room2 list', LIST],
    ['conference room2 list count', '2'],
    ['conference room2 list pretty', '{b}) unknown ()\n{a}) unknown ()\n'],
    ['conference room2 list summary', LIST],
    ['conference room2 get-uuid {a}', '{a-uuid}'],
    ['conference room2 count', '2'],
    ['conference list', HEADER + LIST],
    ['conference list count', HEADER + LIST],
    ['conference list summary', HEADER],
    ['conference room2 mute {a}', '+OK mute {a}\n'],
    ['conference room2 mute {a}', '+OK mute {a}\n'],
    ['conference room2 unmute {a}', '+OK unmute {a}\n'],
    ['conference room2 tmute {a}', '+OK mute {a}\n'],
    ['conference room2 tmute {a}', '+OK unmute {a}\n'],
    ['conference room2 mute all', '+OK mute {b}\n+OK mute {a}\n'],
    ['conference room2 unmute all', '+OK unmute {b}\n+OK unmute {a}\n'],
    ['conference room2 mute non_moderator', '+OK mute {b}\nSkipping moderator (member id {a}).\n'],
    ['conference room2 unmute non_moderator', '+OK unmute {b}\nSkipping moderator (member id {a}).\n'],
    ['conference room2 mute last', '+OK mute {b}\n'],
    ['conference room2 unmute last', '+OK unmute {b}\n'],
    ['conference room2 deaf {a}', '+OK deaf {a}\n'],
    ['conference room2 undeaf {a}', '+OK undeaf {a}\n'],
    ['conference room2 energy {a}', 'Energy {a} = 100\n'],
    ['conference room2 energy {a} 300', 'Energy {a} = 300\n'],
    ['conference room2 energy all 200', 'Energy {b} = 200\nEnergy {a} = 200\n'],
    ['conference room2 volume_in {a}', '+OK Volume IN {a} = 0\n'],
    ['conference room2 volume_in {a} 2', '+OK Volume IN {a} = 2\n'],
    ['conference room2 volume_in {a} 9', '+OK Volume IN {a} = 4\n'],
    ['conference room2 volume_in {a} up', '+OK Volume IN {a} = 4\n'],
    ['conference room2 volume_in {a} 0', '+OK Volume IN {a} = 0\n'],
    ['conference room2 volume_out {b} -1', '+OK Volume OUT {b} = -1\n'],
    ['conference room2 volume_out {b} 0', '+OK Volume OUT {b} = 0\n'],
    ['conference room2 volume_out all 1', '+OK Volume OUT {b} = 1\n+OK Volume OUT {a} = 1\n'],
    ['conference room2 volume_out all 0', '+OK Volume OUT {b} = 0\n+OK Volume OUT {a} = 0\n'],
    ['conference room2 floor {b}', '-ERR floor is held by {a}\n'],
    ['conference room2 floor {a}', '+OK floor none\n'],
    ['conference room2 lock', '+OK room2 locked\n'],
    ['conference room2 lock', '+OK room2 locked\n'],
    ['conference room2 unlock', '+OK room2 unlocked\n'],
    ['conference room2 unlock', '+OK room2 unlocked\n'],
    ['conference room2 get max_members', '0'],
    ['conference room2 set max_members 10', '0'],
    ['conference room2 get max_members', '10'],
    ['conference room2 set max_members 0', '10'],
    ['conference room2 get count', '2'],
    ['conference room2 get count_ghosts', '0'],
    ['conference room2 get rate', '8000'],
    ['conference room2 get profile_name', 'default'],
    ['conference room2 get is_locked', '-ERR no reply\n'],
    ['conference room2 get uuid', '{c-uuid}'],
    ['conference room2 get wait_mod', '-ERR no reply\n'],
    ['conference room2 get endconference_grace_time', '0'],
    ['conference room2 get nosuch', 'get <parameter-name>'],
    ['conference room2 set nosuch 1', 'set <max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>'],
    ['conference room2 set', 'set <max_members|sound_prefix|caller_id_name|caller_id_number|endconference_grace_time> <value>'],
    ['conference room2 get', 'get <parameter-name>'],
    ['conference room2 getvar x', '-ERR no reply\n'],
    ['conference room2 setvar x hello', '+OK\n'],
    ['conference room2 getvar x', 'hello'],
    ['conference room2 mute 99999', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 mute', 'mute <[member_id|all]|last|non_moderator> [<quiet>]'],
    ['conference room2 mute abc', 'mute <[member_id|all]|last|non_moderator> [<quiet>]'],
    ['conference room2 kick 99999', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 deaf 99999', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 energy 99999 1', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 volume_in', 'volume_in <member_id|all|last|non_moderator> [<newval>]'],
    ['conference room2 floor 99999', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 nosuchcommand', "-ERR Conference command 'nosuchcommand' not found.\n"],
    ['conference room2 ', "Conference command, not specified.\nTry 'help'\n"],
    ['conference room2 dtmf 99999 1', '-ERR Non-Existant ID 99999\n'],
    ['conference room2 transfer room9 99999', '-ERR No Member 99999 in conference room2.\n'],
    ['conference room2 stop', '+OK Stopped 0 files.\n'],
    ['conference room2 stop all', '+OK Stopped 0 files.\n'],
    ['conference room2 play', 'play <file_path> [async|<member_id> [nomux]]'],
    ['conference room2 play /srv/mrf/sounds/nosuch.wav', '-ERR (play) File: /srv/mrf/sounds/nosuch.wav not found.\n'],
    ['conference nosuchroom list', '-ERR Conference nosuchroom not found\n'],
    ['conference nosuchroom list count', '-ERR Conference nosuchroom not found\n'],
    ['conference nosuchroom mute all', '-ERR Conference nosuchroom not found\n'],
    ['conference nosuchroom nosuchcommand', '-ERR Conference nosuchroom not found\n'],
    ['conference nosuchroom play x', '-ERR Conference nosuchroom not found\n'],
    ['conference room2 dtmf {b} 12', '+OK sent 12 to {b}\n'],
    ['conference room2 dtmf all 3', '+OK sent 3 to {b}\n+OK sent 3 to {a}\n'],
    // E09
    ['conference room2 stop current 99999', '-ERR Member: 99999 not found.\n'],
    ['conference room2 stop 2', 'stop <[current|all|async|last]> [<member_id>]'],
  ];

  it('E01, E08, E09: every reply in scope, in the order of the recording', async () => {
    for (const [command, reply] of replies) assert.equal(await lab.tap.api(fill(command)), fill(reply), command);
  });

  it('E09: play to a member that is not there', differs('garbage in an error'), async () => {
    assert.equal(await lab.tap.api('conference room2 play silence_stream://20 99999'), '-ERR Member: 99999 not found.\nplay <file_path> [async|<member_id> [nomux]]');
  });

  it('E08: json_list is printed as cJSON prints it', async () => {
    const text = await lab.tap.api('conference room2 json_list');
    assert.match(text, /^\[\{\n\t\t"conference_name":\t"room2",\n\t\t"member_count":\t2,\n\t\t"ghost_count":\t0,\n\t\t"rate":\t8000,\n\t\t"run_time":\t\d+,\n\t\t"conference_uuid":\t"[-0-9a-f]{36}",\n/);
    assert.match(text, /\n\t\t"variables":\t\{\n\t\t\t"x":\t"hello"\n\t\t\},\n\t\t"members":\t\[\{\n\t\t\t\t"type":\t"caller",\n\t\t\t\t"id":\t\d+,\n\t\t\t\t"flags":\t\{\n\t\t\t\t\t"can_hear":\ttrue,/);
    assert.match(text, /\n\t\t\t\t"input-volume":\t0\n\t\t\t\}, \{\n\t\t\t\t"type"/);
    assert.match(text, /\n\t\t\t\}\]\n\t\}\]$/);
    const compact = await lab.tap.api('conference room2 json_list compact');
    assert.deepEqual(JSON.parse(compact), JSON.parse(text));
  });

  it('E08: xml_list', async () => {
    const text = await lab.tap.api('conference room2 xml_list');
    assert.match(text, /^<\?xml version="1.0"\?>\n<conferences>\n {2}<conference name="room2" member-count="2" ghost-count="0" rate="8000" uuid="[-0-9a-f]{36}" running="true" answered="true" enforce_min="true" dynamic="true" exit_sound="true" enter_sound="true" run_time="\d+">\n/);
    assert.match(text, / {4}<members>\n {6}<member type="caller">\n {8}<id>\d+<\/id>\n {8}<flags>\n {10}<can_hear>true<\/can_hear>\n/);
    assert.match(text, /<last_talking>N\/A<\/last_talking>\n/);
    assert.match(text, /<\/members>\n {2}<\/conference>\n<\/conferences>\n$/);
  });

  it('E01: status, version, sofia status', async () => {
    assert.match(await lab.tap.api('status'), /^UP 0 years, 0 days, \d+ hours?, \d+ minutes?, \d+ seconds?, \d+ milliseconds?, \d+ microseconds?\nFreeSWITCH \(Version \S+(?: {2}64bit)?\) is ready\n\d+ session\(s\) since startup\n2 session\(s\) - peak \d+, last 5min \d+ \n\d+ session\(s\) per Sec out of max \d+, peak \d+, last 5min \d+ \n\d+ session\(s\) max\nmin idle cpu \d+\.\d\d\/\d+\.\d\d\n/);
    assert.match(await lab.tap.api('version'), /^FreeSWITCH Version \S+/);
    const rows = (await lab.tap.api('sofia status')).split('\n');
    assert.equal(rows[0], '                     Name\t   Type\t                                      Data\tState');
    assert.equal(rows[2], `${PROFILE.padStart(25)}\tprofile\t${`sip:mod_sofia@${lab.ms.sip.ipv4.udp.address}`.padStart(42)}\tRUNNING (2)`);
    assert.equal(await lab.tap.api('conference nosuch list count'), '-ERR Conference nosuch not found\n');
  });
});

describe('the event socket by hand', { timeout: 30_000, ...ours }, () => {
  let lab: Lab;
  let raw: RawEsl;
  before(async () => {
    lab = await openLab({ limits: { eslCommandBytes: 5_000, eslConnections: 4 } });
    raw = await lab.rawEsl();
  });
  after(async () => {
    await lab.close();
  });

  it('E01: nothing is answered before auth', async () => {
    assert.equal(await raw.command('api status'), '-ERR command not found');
    assert.equal(await raw.command('sendmsg x'), '-ERR command not found');
  });

  const dialogue: readonly (readonly [command: string, reply: string])[] = [
    [`auth ${SECRET}`, '+OK accepted'],
    ['bogus', '-ERR command not found'],
    ['event plain CUSTOM a::b HEARTBEAT', '+OK event listener enabled plain'],
    ['event json BOGUS_EVENT', '-ERR no keywords supplied'],
    ['filter Unique-ID abc', '+OK filter added. [Unique-ID]=[abc]'],
    ['filter delete Unique-ID abc', '+OK filter deleted. [Unique-ID][abc]'],
    ['filter delete all', '+OK filter deleted. [all][]'],
    ['nixevent HEARTBEAT', '+OK events nixed'],
    ['noevents', '+OK no longer listening for events'],
    ['linger', '-ERR not controlling a session'],
    ['api', '-ERR command not found'],
    ['bgapi status\nJob-UUID: 11111111-2222-3333-4444-555555555555', '+OK Job-UUID: 11111111-2222-3333-4444-555555555555'],
    ['sendmsg nosuch\ncall-command: execute\nexecute-app-name: hangup', '-ERR invalid session id [nosuch]'],
    ['divert_events on', '-ERR not controlling a session.'],
  ];
  it('E01: replies', async () => {
    for (const [command, reply] of dialogue) assert.equal(await raw.command(command), reply, command);
  });

  it('bgapi: the job\'s result comes as BACKGROUND_JOB', async () => {
    await raw.command('event json BACKGROUND_JOB');
    await raw.command('bgapi global_getvar hostname\nJob-UUID: j1');
    const job = await raw.event((event) => event['Job-UUID'] === 'j1');
    assert.deepEqual([job['Job-Command'], job['Job-Command-Arg'], job._body], ['global_getvar', 'hostname', 'vestibule']);
  });

  it('D-2: replies come strictly in the order of the commands, also when one takes time', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    raw.send(`api uuid_set_media_stats ${endpoint.uuid}`);
    raw.send(`api uuid_exists ${endpoint.uuid}`);
    raw.send('filter a b');
    assert.deepEqual([(await raw.reply()).body, (await raw.reply()).body], ['+OK:\n', 'true']);
    assert.equal((await raw.reply()).headers['Reply-Text'], '+OK filter added. [a]=[b]');
    await raw.command('filter delete all');
    await endpoint.destroy();
  });

  it('D-16, D-21: the reply is written before the events it causes, on one socket', async () => {
    const endpoint = await lab.endpoint(await lab.peer());
    await raw.command('event json DTMF');
    let text = '';
    raw.socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    await raw.api(`uuid_recv_dtmf ${endpoint.uuid} 1`);
    await raw.event((event) => event['DTMF-Digit'] === '1');
    assert.ok(text.indexOf('received DTMF') < text.indexOf('DTMF-Digit'));
    await endpoint.destroy();
  });

  it('E01: exit says bye, then the notice, and closes', async () => {
    assert.equal(await raw.command('exit'), '+OK bye');
    assert.equal((await raw.reply()).headers['Content-Type'], 'text/disconnect-notice');
    await raw.closed();
  });

  it('E01, F-24: a wrong password is -ERR invalid, the notice, and the end', async () => {
    const wrong = await lab.rawEsl();
    assert.equal(await wrong.command('auth wrong'), '-ERR invalid');
    assert.equal((await wrong.reply()).headers['Content-Type'], 'text/disconnect-notice');
    await wrong.closed();
    assert.ok(lab.complaints.every((line) => !line.includes('wrong"')), 'the password is not logged');
  });

  it('a command that is too long ends its socket and no other', async () => {
    const flood = await lab.rawEsl();
    flood.socket.write('x'.repeat(6_000));
    await flood.closed();
    assert.equal(await lab.tap.api('uuid_exists x'), 'false');
  });

  it('a client too many is turned away', async () => {
    const clients = [await lab.rawEsl(), await lab.rawEsl()];
    await assert.rejects(lab.rawEsl(), /rude-rejection/);
    for (const client of clients) client.close();
  });
});
