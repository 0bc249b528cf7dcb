/** What running calls and telephones are told after management has changed something. */
import type { Registrar } from './call/registrar.ts';
import type { Registry } from './call/registry.ts';
import type { RoomNews } from './manage/room-news.ts';
import type { UserNews } from './manage/users.ts';

export function onRooms(registry: Registry, news: RoomNews): void {
  switch (news.type) {
    case 'removed':
      registry.roomRemoved(news.room.id);
      return;
    case 'memberRemoved':
      registry.memberRemoved(news.room.id, news.member);
      registry.roomChanged(news.room);
      return;
    case 'added':
    case 'changed':
      registry.roomChanged(news.room);
  }
}

export function onUsers(registrar: Registrar, registry: Registry, news: UserNews): void {
  if (news.type === 'removed') for (const { name } of news.removed) registrar.userRemoved(name);
  // Without a telephone there is nothing to register, and nobody to ring.
  else if (news.user.sip === undefined) registrar.userRemoved(news.user.name);
  else registrar.userAdded(news.user);
  for (const room of news.freed) registry.roomChanged(room);
  if (news.type === 'removed') for (const { room, member } of news.memberships) registry.memberRemoved(room, member.id);
}
