/** The headers of conference::maintenance events, in mod_conference's order. */
import type { EslHeader } from '../../protocol/esl/event.ts';
import { eventHeaders } from './channel-headers.ts';
import type { Conference } from './conference.ts';
import type { Member } from './conference-member.ts';

export function conferenceHeaders(conference: Conference): readonly EslHeader[] {
  return [
    ['Conference-Name', conference.name],
    ['Conference-Domain', '127.0.0.1'],
    ['Conference-Size', String(conference.size)],
    ['Conference-Ghosts', String(conference.ghosts)],
    ['Conference-Profile-Name', conference.profile.name],
    ['Conference-Unique-ID', conference.uuid],
    ...conference.variables,
  ];
}

export function memberHeaders(conference: Conference, member: Member): readonly EslHeader[] {
  return [
    ['Floor', String(conference.floor === member)],
    ...eventHeaders(member.channel),
    ['Video', 'false'],
    ['Hear', String(member.hear)],
    // mod_conference means: may be seen.
    ['See', String(!member.videoMuted)],
    ['Speak', String(member.speak)],
    ['Talking', String(member.talking)],
    ['Mute-Detect', String(member.flags.muteDetect)],
    ['Hold', String(member.hold)],
    ['Member-ID', String(member.id)],
    ['Member-Type', member.flags.moderator ? 'moderator' : 'member'],
    ['Member-Ghost', String(member.flags.ghost)],
    ['Energy-Level', String(member.energyLevel)],
    ['Current-Energy', String(member.currentEnergy)],
  ];
}
