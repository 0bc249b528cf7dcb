import type { Started } from './app.ts';
import type { DemoRoom } from './cli/demo-room.ts';
import type { FirstAdmin } from './manage/first-admin.ts';
import { spelledOut } from './reachable.ts';

/** What a person reads after the start: where to dial, with which PIN, and what to try next. */
export function welcome({ addresses, demoRoom, apiUrl, firstAdmin }: Started): string {
  const reachable = [...new Set(addresses.flatMap(spelledOut))];
  const room = demoRoom.kind === 'none' ? undefined : demoRoom.room.aliases[0];
  const first = reachable.find((address) => address.includes('127.0.0.1')) ?? reachable[0] ?? 'sip:127.0.0.1:5060';
  return [
    'Vestibule is ready.',
    '',
    ...(reachable.length === 0
      ? ['The SIP server is not connected yet; see the log.']
      : [`Dial in at ${reachable.map((address) => uriOf(room ?? '<room>', address)).join('\n        or ')}`]),
    ...aboutRoom(demoRoom),
    '',
    `Manage it at ${apiUrl}/api/v1/docs`,
    ...aboutAdmin(firstAdmin),
    '',
    'What to try next:',
    ...(room === undefined ? [] : [`  baresip -f config/baresip -e '/dial ${uriOf(room, first)}'`]),
    '  npm run -s vestibule -- room add --alias 2000 --host-pin 135792 --guest-pin 864209',
    '  npm run -s vestibule -- status',
    '',
  ].join('\n');
}

function aboutRoom(demo: DemoRoom): readonly string[] {
  switch (demo.kind) {
    case 'made':
      return [
        '',
        `A room to try was made: ${demo.room.aliases[0] ?? ''}`,
        `  host PIN   ${demo.hostPin.reveal()}   (shown this once; keep it)`,
        `  guest PIN  ${demo.guestPin.reveal()}`,
        'Key a PIN, then #. Guests wait until the host is there.',
      ];
    case 'there':
      return ['', `Room ${demo.room.aliases[0] ?? ''}: ${demo.guestPin === undefined ? 'no guest PIN' : `guest PIN ${demo.guestPin.reveal()}`}; the host PIN was shown at the first start.`];
    case 'none':
      return [];
  }
}

function aboutAdmin(admin: FirstAdmin): readonly string[] {
  switch (admin.kind) {
    case 'generated':
      return [`  user admin, password ${admin.password}   (shown this once; keep it)`];
    case 'configured':
      return ['  user admin, with the password of admin.initialPassword'];
    case 'there':
      return [];
  }
}

const uriOf = (user: string, address: string): string => address.replace(/^sip:/, `sip:${user}@`);
