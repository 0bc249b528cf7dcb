/** A message as text for the wire (RFC 3261 §7). */
import type { SipHeader, SipMessage } from './message.ts';

const encoder = new TextEncoder();

/**
 * Content-Length is computed here in bytes and stands last; one among `headers` is left out.
 * CR and LF in a start line or header value would start a header of somebody else's making: they become spaces.
 */
export function serialize(message: SipMessage): string {
  const start =
    message.kind === 'request'
      ? `${message.method} ${oneLine(message.uri)} SIP/2.0`
      : `SIP/2.0 ${message.status} ${oneLine(message.reason)}`;
  let text = `${start}\r\n`;
  for (const { name, value } of withoutLength(message.headers)) text += `${name}: ${oneLine(value)}\r\n`;
  const length = message.body === '' ? 0 : encoder.encode(message.body).length;
  return `${text}Content-Length: ${length}\r\n\r\n${message.body}`;
}

function withoutLength(headers: readonly SipHeader[]): readonly SipHeader[] {
  return headers.filter((header) => header.name !== 'Content-Length');
}

function oneLine(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]+/g, ' ') : text;
}
