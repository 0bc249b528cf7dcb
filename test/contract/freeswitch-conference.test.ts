/** E07, E09 to E12, E19: conferences through the unchanged drachtio-fsmrf: events, their order, and who hears them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { differs, nothingLeft, openLab, recordSocket, type Lab, type LibraryEndpoint } from './freeswitch-lab.ts';
import { label, type Headers } from './freeswitch-raw-esl.ts';
import { makeSounds, type Sounds } from './freeswitch-sounds.ts';

describe('media server and drachtio-fsmrf: conferences', { timeout: 60_000 }, () => {
  let lab: Lab;
  let sounds: Sounds;
  /** Events before the present test. */
  let mark = 0;
  const actions = (name: string): readonly string[] => lab.tap.actions(name, mark);
  const event = (action: string): Promise<Headers> => lab.tap.event((headers) => headers.Action === action, mark);
  const api = (command: string): Promise<string> => lab.ms.api(command);
  const member = async (room: string, flags: Readonly<Record<string, boolean>> = {}): Promise<LibraryEndpoint> => {
    const endpoint = await lab.endpoint(await lab.peer());
    await endpoint.join(room, { profile: 'default', flags });
    return endpoint;
  };
  const begin = async (): Promise<void> => {
    await nothingLeft(lab);
    // What was said before is said: a reply on the same socket follows every event written before it.
    await lab.tap.api('status');
    mark = lab.tap.events.length;
  };
  const settled = (): Promise<string> => lab.tap.api('status');

  before(async () => {
    [lab, sounds] = await Promise.all([openLab(), makeSounds()]);
  });
  afterEach(async () => {
    // A test that failed half way leaves its calls to no other.
    const { rows = [] } = JSON.parse(await api('show channels as json')) as { rows?: { uuid: string }[] };
    for (const { uuid } of rows) await api(`uuid_kill ${uuid}`);
  });
  after(async () => {
    await lab.close();
    await sounds.remove();
  });

  it('E07: createConference, join with flags; each member hears its own join, the control leg all', differs('applications on a 3PCC leg in a conference (F-12)'), async () => {
    await begin();
    const conference = await lab.ms.createConference('room1', { maxMembers: 5 });
    conference.endpoint.conn?.socket.setNoDelay(true);
    // The library does not wait for its own filter on the conference.
    await conference.endpoint.api('status');
    await assert.rejects(lab.ms.createConference('room1'), (error: unknown) => error === 'conference exists');
    const heard: string[] = [];
    conference.on('addMember', (joined: { getHeader(name: string): string }) => heard.push(joined.getHeader('Member-ID')));
    const alice = await lab.endpoint(await lab.peer());
    const joined = await alice.join('room1', { profile: 'default' });
    const bob = await lab.endpoint(await lab.peer());
    const second = await bob.join('room1', { profile: 'default', flags: { mute: true, moderator: true } });
    assert.deepEqual([joined.memberId, second.memberId], [conference.memberId + 1, conference.memberId + 2]);
    assert.equal(joined.confUuid, second.confUuid);
    assert.equal(await conference.getSize(), 3);
    assert.equal(await conference.get('max_members'), 5);
    assert.deepEqual(heard, [String(joined.memberId), String(second.memberId)]);
    assert.deepEqual(actions('room1'), ['conference-create', 'add-member', 'floor-change', 'add-member', 'add-member']);
    const [created, , floor, , moderator] = lab.tap.events.slice(mark).filter((headers) => headers['Conference-Name'] === 'room1');
    assert.equal(created?.['Conference-Size'], '0');
    assert.deepEqual([floor?.['Old-ID'], floor?.['New-ID'], floor?.Floor], ['none', String(conference.memberId), 'true']);
    assert.deepEqual(
      [moderator?.['Member-Type'], moderator?.Speak, moderator?.Hear, moderator?.['Conference-Size'], moderator?.['Energy-Level'], moderator?.['Channel-Read-Codec-Name']],
      ['moderator', 'false', 'true', '3', '100', 'L16'],
    );
    assert.deepEqual(Object.keys(moderator ?? {}).slice(0, 2), ['Event-Subclass', 'Event-Name']);
    await conference.destroy();
    await nothingLeft(lab);
  });

  it('a silent entry (conference_silent_entry) is told by no add-member', async () => {
    await begin();
    const endpoint = await lab.endpoint(await lab.peer());
    await endpoint.set('conference_silent_entry', 'true');
    void endpoint.execute('conference', 'quiet@default');
    await event('conference-create');
    while (!(await api('conference quiet list count')).startsWith('1')) await settled();
    await settled();
    assert.ok(!actions('quiet').includes('add-member'));
    await api('conference quiet hup all');
  });

  it('E07: wrapped methods: reply, and the event after it (D-21)', differs('play-file-done (E09)'), async () => {
    await begin();
    const conference = await lab.ms.createConference('room2');
    const alice = await member('room2');
    const id = alice.conf.memberId;
    assert.equal(await alice.confMute(), `+OK mute ${id}\n`);
    assert.equal(await conference.lock(), '+OK room2 locked\n');
    assert.equal(await conference.unlock(), '+OK room2 unlocked\n');
    assert.equal(await conference.mute('all'), `+OK mute ${id}\n+OK mute ${conference.memberId}\n`);
    await assert.rejects(conference.mute(''), /^Error: mute <\[member_id\|all\]\|last\|non_moderator> \[<quiet>\]$/);
    const file = await conference.play(sounds.short);
    assert.deepEqual(file, { seconds: 0, milliseconds: 200, samples: 1600 });
    const reply = await alice.confPlay(sounds.short);
    assert.equal(reply.body, `+OK (play) Playing file ${sounds.short} to member ${id}\n`);
    await event('play-file-member-done');
    await alice.api('status');
    const written = recordSocket(alice);
    assert.equal(await alice.unjoin(), `+OK kicked ${id}\n`);
    await settled();
    // The control leg has held the floor since it came: a kick of another changes nothing of it.
    assert.deepEqual(written().map(label), ['api/response', 'kick-member', 'del-member', 'CHANNEL_EXECUTE_COMPLETE conference']);
    assert.equal((await alice.join('room2', { profile: 'default' })).memberId, id, 'C.3: a member keeps its id');
    await conference.destroy();
    await nothingLeft(lab);
    await settled();
    assert.deepEqual(actions('room2').slice(3), [
      'add-member', 'mute-member', 'lock', 'unlock', 'mute-member', 'mute-member', 'play-file', 'play-file-done',
      'play-file-member', 'play-file-member-done', 'kick-member', 'del-member', 'add-member',
      'floor-change', 'del-member', 'del-member', 'conference-destroy',
    ]);
  });

  it('E07, F-21: talking takes the floor from a silent holder; stop-talking tells its length', async () => {
    await begin();
    const holder = await member('talk');
    const peer = await lab.peer();
    const talker = await lab.endpoint(peer);
    await talker.join('talk');
    peer.towards(talker).speak();
    const started = await event('start-talking');
    assert.deepEqual([started['Unique-ID'], started.Talking, started.Floor], [talker.uuid, 'true', 'false']);
    const floor = await lab.tap.event((headers) => headers.Action === 'floor-change' && headers['New-ID'] === String(talker.conf.memberId), mark);
    assert.deepEqual([floor['Old-ID'], floor.Floor], [String(holder.conf.memberId), 'true']);
    peer.silent();
    const stopped = await event('stop-talking');
    assert.equal(stopped.Talking, 'false');
    if (lab.own.mediaServer !== undefined) assert.ok(Number(stopped['talking-duration-ms']) > 0);
    await Promise.all([holder.destroy(), talker.destroy()]);
  });

  it('E07: a muted member with mute-detect is noticed, without start-talking', async () => {
    await begin();
    const peer = await lab.peer();
    const muted = await lab.endpoint(peer);
    await muted.join('detect', { flags: { mute: true, muteDetect: true } });
    peer.towards(muted).speak();
    assert.equal((await event('mute-detect')).Speak, 'false');
    peer.silent();
    assert.ok(!actions('detect').includes('start-talking'));
    await muted.destroy();
  });

  it('E12: a member hangs up: floor given up, del-member, application complete, then the floor to the next', differs('uuid_kill, endconf, BYE'), async () => {
    await begin();
    const [first, second] = [await member('leave'), await member('leave')];
    const written = recordSocket(first);
    await first.destroy();
    await settled();
    assert.deepEqual(actions('leave').slice(4), ['floor-change', 'del-member', 'floor-change']);
    const changes = lab.tap.events.slice(mark).filter((headers) => headers.Action === 'floor-change');
    assert.deepEqual(
      changes.map((change) => [change['Old-ID'], change['New-ID'], change['Conference-Size']]),
      [['none', String(first.conf.memberId), '1'], ['none', 'none', '2'], ['none', String(second.conf.memberId), '1']],
    );
    assert.deepEqual(written().map(label).slice(-7), [
      'CHANNEL_EXECUTE hangup', 'CHANNEL_EXECUTE_COMPLETE hangup', 'del-member', 'CHANNEL_EXECUTE_COMPLETE conference',
      'CHANNEL_EXECUTE_COMPLETE socket', 'CHANNEL_CALLSTATE HANGUP', 'text/disconnect-notice',
    ]);
    await second.destroy();
    await nothingLeft(lab);
    await settled();
    assert.equal(actions('leave').at(-1), 'conference-destroy');
  });

  it('E11, F-13: endconf: the conference ends, every other member is hung up and told so', differs('uuid_kill, endconf, BYE'), async () => {
    await begin();
    const [guest, host] = [await member('ending'), await member('ending', { endconf: true })];
    const destroyed = once(guest, 'destroy');
    await host.destroy();
    assert.deepEqual(await destroyed, [{ reason: 'NORMAL_CLEARING' }]);
    await nothingLeft(lab);
    await settled();
    assert.deepEqual(actions('ending').slice(-4), ['del-member', 'floor-change', 'del-member', 'conference-destroy']);
  });

  it('E19: destroying the control leg ends the conference', async () => {
    await begin();
    const conference = await lab.ms.createConference('control');
    const guest = await member('control');
    const destroyed = once(guest, 'destroy');
    await api(`uuid_kill ${conference.endpoint.uuid}`);
    await destroyed;
    await nothingLeft(lab);
  });

  it('E10, F-18, D-3: locked and full: the application completes, the channel stays, there is no add-member', async () => {
    await begin();
    const host = await member('closed');
    const guest = await lab.endpoint(await lab.peer());
    await api('conference closed lock');
    assert.equal((await guest.execute('conference', 'closed@default')).getHeader('Application'), 'conference');
    await api('conference closed unlock');
    assert.equal(await api('conference closed set max_members 1'), '0');
    await guest.execute('conference', 'closed@default');
    assert.equal(await api('conference closed set max_members 0'), '1');
    assert.equal(guest.connected, true);
    assert.deepEqual(actions('closed').filter((action) => action === 'add-member').length, 1);
    await guest.join('closed');
    await Promise.all([guest.destroy(), host.destroy()]);
  });

  it('E10, F-18: join-only on a missing conference ends the channel; so does a wrong pin; the right one joins', async () => {
    await begin();
    const [lonely, wrong, right] = [await lab.endpoint(await lab.peer()), await lab.endpoint(await lab.peer()), await lab.endpoint(await lab.peer())];
    const gone = once(lonely, 'destroy');
    await lonely.execute('conference', 'nobody++flags{join-only}');
    assert.deepEqual(await gone, [{ reason: 'NORMAL_CLEARING' }]);
    assert.equal((await event('rejected-join-only'))['Conference-Name'], 'nobody');
    const refused = once(wrong, 'destroy');
    await wrong.execute('conference', 'guarded@default+1234');
    assert.deepEqual(await refused, [{ reason: 'DESTINATION_OUT_OF_ORDER' }]);
    await right.set('supplied_pin', '1234');
    const added = event('add-member');
    right.execute('conference', 'guarded@default+1234').catch(() => undefined);
    assert.equal((await added)['Conference-Name'], 'guarded');
    await right.destroy();
  });

  it('E11: ghosts are listed but not counted', async () => {
    await begin();
    const [host, ghost] = [await member('haunted', { moderator: true }), await member('haunted', { ghost: true })];
    assert.equal(await api('conference haunted list count'), '1');
    const [conference] = JSON.parse(await api('conference haunted json_list')) as { member_count: number; ghost_count: number }[];
    assert.deepEqual([conference?.member_count, conference?.ghost_count], [1, 1]);
    assert.match(await api('conference haunted list'), /;hear\|speak\|ghost;0;0;100\n/);
    assert.equal(await api('conference haunted kick last'), `+OK kicked ${ghost.conf.memberId}\n`);
    await Promise.all([host.destroy(), ghost.destroy()]);
  });

  it('E08, E11: transfer: the order of events on the member\'s socket', async () => {
    await begin();
    const [stays, moves] = [await member('from'), await member('from')];
    const written = recordSocket(moves);
    const id = moves.conf.memberId;
    assert.equal(await api(`conference from transfer to ${id}`), `+OK Member '${id}' sent to conference to.\n`);
    // FreeSWITCH answers before the member is there.
    await lab.tap.event((headers) => headers.Action === 'floor-change' && headers['Conference-Name'] === 'to', mark);
    const begun = lab.tap.events.length;
    assert.equal(await api(`conference to transfer from@default ${id}`), `+OK Member '${id}' sent to conference from@default.\n`);
    await lab.tap.event((headers) => headers.Action === 'conference-destroy' && headers['Conference-Name'] === 'to', begun);
    await settled();
    const there = ['transfer', 'del-member', 'CHANNEL_EXECUTE_COMPLETE conference'];
    const arriving = ['CHANNEL_CALLSTATE RINGING', 'CHANNEL_CALLSTATE ACTIVE', 'CHANNEL_EXECUTE conference', 'add-member'];
    assert.deepEqual(written().map(label).filter((text) => text !== 'floor-change'), [
      ...there, 'CHANNEL_EXECUTE_COMPLETE socket', ...arriving,
      ...there, ...arriving,
    ]);
    assert.deepEqual(lab.tap.actions('to', mark), ['conference-create', 'add-member', 'floor-change', 'transfer', 'floor-change', 'del-member', 'conference-destroy']);
    assert.equal(moves.connected, true);
    await Promise.all([stays.destroy(), moves.destroy()]);
  });

  it('C.5: uuid_transfer to park and to a conference inline', async () => {
    await begin();
    const leg = await member('moved');
    const emptied = event('conference-destroy');
    assert.equal(await api(`uuid_transfer ${leg.uuid} -both park inline`), '+OK\n');
    await emptied;
    const { uuid } = leg;
    assert.equal(await api(`uuid_transfer ${uuid} 'conference:elsewhere@default' inline`), '+OK\n');
    await lab.tap.event((headers) => headers.Action === 'add-member' && headers['Conference-Name'] === 'elsewhere', mark);
    assert.equal(await api('conference elsewhere count'), '1');
    await leg.destroy();
  });

  it('E09: files queue; stop answers how many; every file is told to be done (D-21)', differs('play-file-done (E09)'), async () => {
    await begin();
    const host = await member('music');
    const play = `conference music play ${sounds.long}`;
    await api(play);
    await api(play);
    assert.deepEqual(actions('music').filter((action) => action === 'play-file').length, 2);
    assert.equal(await api('conference music stop current'), '+OK Stopped 1 files.\n');
    assert.equal(await api('conference music stop all'), '+OK Stopped 1 files.\n');
    assert.equal(await api('conference music stop all'), '+OK Stopped 0 files.\n');
    await api(`${play} ${host.conf.memberId}`);
    assert.equal(await api(`conference music stop all ${host.conf.memberId}`), '+OK Stopped 1 files.\n');
    await event('play-file-member-done');
    await api(play);
    await host.destroy();
    await nothingLeft(lab);
    await settled();
    assert.equal(actions('music').filter((action) => action === 'play-file-done').length, 3);
    assert.deepEqual(actions('music').slice(-2), ['play-file-done', 'conference-destroy']);
  });

  it('E20: a member plays a file to itself and stays; uuid_break all ends the file, not the membership', async () => {
    await begin();
    const leg = await member('own');
    assert.equal((await leg.play(sounds.short)).playbackMilliseconds, '200');
    const [played, started] = [leg.play(sounds.long), once(leg, 'playback-start')];
    await started;
    await api(`uuid_break ${leg.uuid} all`);
    await played;
    assert.equal(await api('conference own count'), '1');
    await leg.set('still', 'here');
    await leg.destroy();
    await nothingLeft(lab);
  });

  it('set_mute keeps a member\'s voice out of the mix, though it is listed as speaking', async () => {
    await begin();
    const [speaker, listener] = [await lab.peer(), await lab.peer()];
    const [talking, hearing] = [await lab.endpoint(speaker), await lab.endpoint(listener)];
    await Promise.all([talking.join('hush'), hearing.join('hush')]);
    await talking.mute();
    speaker.towards(talking).speak();
    const silence = await listener.towards(hearing).loudOf(30);
    assert.equal(silence, 0);
    assert.match(await api('conference hush list'), /;hear\|speak(\|floor)?;0;0;100\n.*;hear\|speak(\|floor)?;0;0;100\n/);
    await talking.unmute();
    await event('start-talking');
    assert.ok((await listener.loudOf(10)) > 0);
    await Promise.all([talking.destroy(), hearing.destroy()]);
  });
});
