import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from '../properties.ts';
import type { MemberView } from '../../src/manage/member-view.ts';
import type { RoomView } from '../../src/manage/room-view.ts';
import { ApiHouse, codeOf, type Reply } from './house.ts';

type Made = RoomView & { readonly pins: { readonly host: string; readonly guest: string } };
const formats = ['text', 'html', 'ics'] as const;

describe('invitations by REST', () => {
  let house: ApiHouse;
  let admin: string;
  let last = 6_000;

  before(async () => {
    house = await ApiHouse.open();
    admin = await house.signedIn('admin', 'administrator');
  });
  after(() => house.close());

  const ask = (method: string, path: string, body?: unknown, bearer = admin): Promise<Reply> => house.ask(method, `/api/v1${path}`, { bearer, ...(body === undefined ? {} : { body }) });
  const schedule = { start: '2026-03-23T10:00:00', timeZone: 'Europe/Berlin', duration: 5_400, rrule: 'FREQ=WEEKLY;BYDAY=MO;COUNT=4' };
  const makeRoom = async (body: object = {}): Promise<Made> => {
    const reply = await ask('POST', '/rooms', { aliases: [String(++last)], name: 'Team', pins: { host: 'generate', guest: 'generate' }, ...body });
    assert.equal(reply.status, 201, reply.text);
    return reply.body as Made;
  };
  const invite = (room: string, query = '', bearer = admin): Promise<Reply> => ask('GET', `/rooms/${room}/invitation${query}`, undefined, bearer);
  const addMember = async (room: string, body: object): Promise<MemberView> => (await ask('POST', `/rooms/${room}/members`, body)).body as MemberView;
  /** RFC 5545 §3.1. */
  const unfolded = (text: string): readonly string[] => text.replaceAll(/\r\n[ \t]/g, '').split('\r\n');

  it('OV-09, PX-22: the guests’ one as text: link, SIP address, dial string and guest PIN', async () => {
    const room = await makeRoom({ schedule });
    const reply = await invite(room.id);
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/plain; charset=utf-8']);
    const { accessUrl = '', sipUri = '' } = room.anonymous?.speaker ?? {};
    assert.equal(
      reply.text,
      [
        'You are invited to the conference "Team".',
        '',
        'When:    2026-03-23 10:00 to 11:30 (Europe/Berlin), repeated: FREQ=WEEKLY;BYDAY=MO;COUNT=4',
        `Link:    ${accessUrl}`,
        `SIP:     ${sipUri}`,
        `Phone:   +4930123456, then ${last} and #, then the PIN ${room.pins.guest} and #`,
        `One tap: +4930123456,,${last}#${room.pins.guest}#`,
        `PIN:     ${room.pins.guest}`,
        '',
      ].join('\n'),
    );
  });

  it('a moderator gets his link and no PIN, a member its own link and PIN, an internal one the address of the room', async () => {
    const room = await makeRoom();
    await house.user('erin', 'room_member');
    const [eve, erin] = [await addMember(room.id, { name: 'Eve', baseRole: 'speaker' }), await addMember(room.id, { userId: 'erin', baseRole: 'moderator' })];
    const moderator = (await invite(room.id, '?for=moderator')).text;
    assert.ok(moderator.includes(room.anonymous?.moderator.accessUrl ?? '?') && moderator.includes(`+4930123456,,${last}#\n`) && !moderator.includes('PIN'));
    const member = (await invite(room.id, `?for=${eve.memberId}`)).text;
    assert.ok(member.startsWith('Hello Eve,\n') && member.includes(eve.accessUrl ?? '?') && member.includes(`,,${last}#${eve.pin ?? '?'}#`));
    const internal = (await invite(room.id, '?for=erin')).text;
    assert.ok(internal.includes(`${erin.accessUrl ?? '?'} (sign in with your own account)`) && !internal.includes('token='));
    assert.deepEqual([(await invite(room.id, '?for=ext-nobody22')).status, codeOf(await invite(room.id, '?for=ext-nobody22'))], [404, 'member_unknown']);
  });

  it('with a host PIN alone guests key #; without PINs the room number is all', async () => {
    const hostOnly = await makeRoom({ pins: { host: 'generate' } });
    assert.ok((await invite(hostOnly.id)).text.includes(`,,${last}##\n`));
    const open = await makeRoom({ pins: {} });
    assert.ok((await invite(open.id)).text.includes(`,,${last}#\n`));
  });

  it('OV-05: no invitation by a way that is disabled', async () => {
    const room = await makeRoom({ anonymous: { speaker: { enabled: false } } });
    assert.equal(codeOf(await invite(room.id)), 'link_disabled');
    assert.equal((await invite(room.id, '?for=moderator')).status, 200);
  });

  it('OV-10, OV-11: from inside speakers are invited, by who may share links', async () => {
    const room = await makeRoom();
    const inside = await house.token({ kind: 'link', room: room.id, role: 'moderator' });
    assert.equal((await invite(room.id, '', inside)).text, (await invite(room.id)).text);
    assert.equal((await invite(room.id, '?for=moderator', inside)).status, 403);
    assert.equal((await invite(room.id, '', await house.token({ kind: 'link', room: room.id, role: 'speaker' }))).status, 403);
  });

  it('PX-22: none holds a PIN or a link of a higher role than its recipient’s, in any format', async () => {
    const room = await makeRoom({ schedule });
    await house.user('internal-mo', 'creation');
    const members = [
      await addMember(room.id, { name: 'Speaker', baseRole: 'speaker' }),
      await addMember(room.id, { name: 'Moderator', baseRole: 'moderator' }),
      await addMember(room.id, { userId: 'internal-mo', baseRole: 'moderator', pin: 'generate' }),
    ];
    const tokenOf = (url = ''): string => /\/r\/(\w+)$/.exec(url)?.[1] ?? '';
    const secrets: Readonly<Record<string, readonly string[]>> = {
      host: [room.pins.host],
      moderator: [tokenOf(room.anonymous?.moderator.accessUrl)],
      speaker: [room.pins.guest, tokenOf(room.anonymous?.speaker.accessUrl)],
      ...Object.fromEntries(members.map(({ memberId, pin = '', accessUrl }) => [memberId, [pin, tokenOf(accessUrl)].filter((secret) => secret !== '')])),
    };
    const recipients = ['moderator', 'speaker', ...members.map(({ memberId }) => memberId)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...recipients), fc.constantFrom(...formats), async (recipient, format) => {
        const reply = await invite(room.id, `?for=${recipient}&format=${format}`);
        assert.equal(reply.status, 200, reply.text);
        const text = format === 'ics' ? unfolded(reply.text).join('\n') : reply.text;
        for (const [whose, those] of Object.entries(secrets)) for (const secret of those) assert.equal(text.includes(secret), whose === recipient, `${whose} in the invitation of ${recipient}`);
      }),
      { numRuns: 40 },
    );
  });

  it('HTML escapes what people wrote, and runs nothing', async () => {
    const nasty = `<script>alert("x")</script>&'`;
    const room = await makeRoom({ name: nasty });
    const member = await addMember(room.id, { name: `"><img src=x onerror=1>`, baseRole: 'speaker' });
    const reply = await invite(room.id, `?for=${member.memberId}&format=html`);
    assert.deepEqual([reply.headers.get('content-type'), reply.headers.get('content-security-policy'), reply.headers.get('x-content-type-options')], ['text/html; charset=utf-8', "default-src 'none'", 'nosniff']);
    assert.ok(!/<(script|img)/i.test(reply.text));
    assert.ok(reply.text.includes('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;') && reply.text.includes('Hello &quot;&gt;&lt;img src=x onerror=1&gt;,'));
    assert.match(reply.text, new RegExp(`href="tel:\\+4930123456,,${last}%23\\d{6}%23"`));
  });

  describe('iCalendar (RFC 5545)', () => {
    it('the series in its time zone, with VTIMEZONE', async () => {
      const room = await makeRoom({ schedule });
      const reply = await invite(room.id, '?format=ics');
      assert.deepEqual([reply.headers.get('content-type'), reply.headers.get('content-disposition')], ['text/calendar; charset=utf-8; method=PUBLISH', 'attachment; filename="invitation.ics"']);
      assert.ok(reply.text.split('\r\n').every((line) => Buffer.byteLength(line) <= 75), '§3.1: lines are folded');
      assert.ok(!/(?<!\r)\n/.test(reply.text));
      const lines = unfolded(reply.text);
      for (const line of ['BEGIN:VCALENDAR', 'METHOD:PUBLISH', `UID:${room.id}@vestibule`, 'SEQUENCE:1', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=Europe/Berlin:20260323T100000', 'DTEND;TZID=Europe/Berlin:20260323T113000', 'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4', 'SUMMARY:Team', 'END:VCALENDAR']) {
        assert.ok(lines.includes(line), line);
      }
      const zone = lines.slice(lines.indexOf('BEGIN:VTIMEZONE'), lines.indexOf('END:VTIMEZONE') + 1);
      assert.deepEqual(zone.slice(0, 12), ['BEGIN:VTIMEZONE', 'TZID:Europe/Berlin', 'BEGIN:STANDARD', 'DTSTART:20251026T030000', 'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0100', 'END:STANDARD', 'BEGIN:DAYLIGHT', 'DTSTART:20260329T020000', 'TZOFFSETFROM:+0100', 'TZOFFSETTO:+0200', 'END:DAYLIGHT']);
      await ask('PATCH', `/rooms/${room.id}`, { schedule: { ...schedule, duration: null } });
      const open = unfolded((await invite(room.id, '?format=ics')).text);
      assert.ok(open.includes('SEQUENCE:2') && !open.some((line) => line.startsWith('DTEND')));
    });

    it('zones without daylight saving, and of half an hour', async () => {
      for (const [timeZone, offset] of [['UTC', '+0000'], ['Asia/Kolkata', '+0530'], ['America/Phoenix', '-0700']] as const) {
        const room = await makeRoom({ schedule: { start: '2026-03-23T10:00:00', timeZone } });
        const lines = unfolded((await invite(room.id, '?format=ics')).text);
        assert.deepEqual([lines.filter((line) => line === 'BEGIN:STANDARD' || line === 'BEGIN:DAYLIGHT').length, lines.includes(`TZOFFSETTO:${offset}`)], [1, true], timeZone);
      }
    });

    it('a name begins no line and no property of its own', async () => {
      const room = await makeRoom({ name: 'a;b,c\\n"BEGIN:VEVENT"', schedule });
      const member = await addMember(room.id, { name: 'Eve; X:1, \\nATTENDEE:x', baseRole: 'speaker' });
      const lines = unfolded((await invite(room.id, `?for=${member.memberId}&format=ics`)).text);
      assert.ok(lines.includes('SUMMARY:a\\;b\\,c\\\\n"BEGIN:VEVENT"'));
      assert.equal(lines.filter((line) => /^(BEGIN:VEVENT|ATTENDEE)/.test(line)).length, 1);
      assert.ok(lines.some((line) => line.startsWith('DESCRIPTION:Hello Eve\\; X:1\\, \\\\nATTENDEE:x\\,\\nyou are')));
    });

    it('of a room that is always there is none', async () => {
      assert.equal(codeOf(await invite((await makeRoom()).id, '?format=ics')), 'not_scheduled');
    });
  });
});
