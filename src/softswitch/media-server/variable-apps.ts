/** Applications that change a channel's variables or what it lets through. */
import { immediate, type Apps } from './app.ts';
import type { Channel } from './channel.ts';

export const variableApps: Apps = {
  set: immediate(assign),
  export: immediate(assign),
  multiset: immediate((channel, argument) => splitMulti(argument).forEach((assignment) => assign(channel, assignment))),
  unset: immediate((channel, argument) => channel.setVariable(argument.trim(), undefined)),
  multiunset: immediate((channel, argument) => splitMulti(argument).forEach((name) => channel.setVariable(name, undefined))),
  set_mute: immediate(setMute),
};

function assign(channel: Channel, assignment: string): void {
  const equals = assignment.indexOf('=');
  const name = (equals < 0 ? assignment : assignment.slice(0, equals)).trim();
  if (name !== '') channel.setVariable(name, equals < 0 ? undefined : assignment.slice(equals + 1));
}

/** `a=1 b=2`, or `^^<separator>a=1<separator>b=2`. */
function splitMulti(argument: string): readonly string[] {
  const marked = argument.startsWith('^^');
  const separator = marked ? argument.charAt(2) : ' ';
  return (marked ? argument.slice(3) : argument).split(separator === '' ? ' ' : separator).filter((part) => part !== '');
}

/** `read true` keeps what the caller says from everyone; the other direction is not muted by anyone. */
function setMute(channel: Channel, argument: string): void {
  const [direction, on = ''] = argument.trim().split(/\s+/);
  if (direction !== 'read') return;
  channel.muted = !['false', 'no', 'off', '0', ''].includes(on.toLowerCase());
  const { member, bridge } = channel;
  member?.conference.apply(member);
  bridge?.apply(channel);
}
