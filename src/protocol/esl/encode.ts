/** What the server says on the event socket. A `command/reply` never carries a Content-Length: the client would wait for a body. */
import { asArray, type EslEvent } from './event.ts';

const encoder = new TextEncoder();
const UNSAFE: ReadonlySet<number> = new Set(encoder.encode(' "#%&+:;<=>?@[\\]^`{|}'));

/** The URL-encoding of plain headers: exactly FreeSWITCH's set. A stray `%` would kill a modesl client (D-7). */
export function urlEncode(text: string): string {
  let encoded = '';
  for (const byte of encoder.encode(text)) {
    const plain = byte > 0x20 && byte < 0x7f && !UNSAFE.has(byte);
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

export const authRequest = (): string => 'Content-Type: auth/request\n\n';

/** `extra` are headers after the reply text; neither may hold a line end. */
export function commandReply(text: string, extra: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(extra).map(([name, value]) => `${name}: ${oneLine(value)}\n`);
  return `Content-Type: command/reply\nReply-Text: ${oneLine(text)}\n${lines.join('')}\n`;
}

/** FreeSWITCH never answers an api command with nothing. */
export function apiResponse(body: string): string {
  return withBody('Content-Type: api/response\n', body === '' ? '-ERR no reply\n' : body);
}

/** The plain text form of an event: one encoded header a line; an empty value is `_undef_`. A name is a client's at times: it stays on its line. */
export function plainHeaders(event: EslEvent): string {
  return event.headers.map(([name, value]) => `${oneLine(name)}: ${urlEncode(plainValue(value)) || '_undef_'}\n`).join('');
}

/** CHANNEL_DATA, the answer to `connect`: headers only, recognised by its Content-Type; no Content-Length, no body. */
export function channelData(event: EslEvent): string {
  return `${plainHeaders(event)}Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n`;
}

/** An event as its JSON text. Names are written as given: no object is built, so no name is special. */
export function eventJson(event: EslEvent): string {
  let fields = '';
  for (const [name, value] of event.headers) fields += `${fields === '' ? '' : ','}${jsonString(name)}:${typeof value === 'string' ? jsonString(value) : JSON.stringify(value)}`;
  if (event.body !== undefined) fields += `${fields === '' ? '' : ','}"Content-Length":"${byteLength(event.body)}","_body":${JSON.stringify(event.body)}`;
  return `{${fields}}`;
}

/** Events have a hundred headers and more, and hardly one has anything to escape. */
function jsonString(text: string): string {
  return NOTHING_TO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text);
}

const NOTHING_TO_ESCAPE = /^[ !#-[\]-~]*$/;

export function jsonEvent(event: EslEvent): string {
  const json = eventJson(event);
  return `Content-Length: ${byteLength(json)}\nContent-Type: text/event-json\n\n${json}`;
}

/** How a socket wants its events. */
export type EventFormat = 'plain' | 'json' | 'xml';

export function writeEvent(event: EslEvent, format: EventFormat): string {
  switch (format) {
    case 'plain':
      return plainEvent(event);
    case 'json':
      return jsonEvent(event);
    case 'xml':
      return withBody('Content-Type: text/event-xml\n', eventXml(event));
  }
}

/** An event as its XML text, values encoded as in plain events. A name that XML does not allow as one is left out. */
export function eventXml(event: EslEvent): string {
  const element = (indent: string, name: string, text: string): string => `${indent}<${name}>${text}</${name}>\n`;
  const headers = event.headers.filter(([name]) => XML_NAME.test(name)).flatMap(([name, value]) => (typeof value === 'string' ? [value] : value).map((item) => element('    ', name, urlEncode(item))));
  const body = event.body === undefined ? '' : element('  ', 'Content-Length', String(byteLength(event.body))) + element('  ', 'body', xmlEscape(event.body));
  return `<event>\n  <headers>\n${headers.join('')}  </headers>\n${body}</event>\n`;
}

const XML_NAME = /^[A-Za-z_][\w.-]*$/;
const XML_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Control characters have no place in XML 1.0: they are dropped. */
export function xmlEscape(text: string): string {
  return text.replace(/[^\t\n\r -\uFFFF]/g, '').replace(/[&<>"']/g, (character) => XML_ENTITIES[character] ?? '');
}

export function plainEvent(event: EslEvent): string {
  const body = event.body;
  const text = body === undefined ? `${plainHeaders(event)}\n` : `${plainHeaders(event)}Content-Length: ${byteLength(body)}\n\n${body}`;
  return `Content-Length: ${byteLength(text)}\nContent-Type: text/event-plain\n\n${text}`;
}

const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

/** The last thing on a socket; `uuid` names the channel of an outbound one. */
export function disconnectNotice(uuid?: string): string {
  const channel = uuid === undefined ? '' : `Controlled-Session-UUID: ${uuid}\nContent-Disposition: disconnect\n`;
  return withBody(`Content-Type: text/disconnect-notice\n${channel}`, GOODBYE);
}

/** The channel of a lingering socket is gone; the socket stays for `seconds`, -1 is until the client closes it. */
export function lingerNotice(uuid: string, channelName: string, seconds: number): string {
  return `Content-Type: text/disconnect-notice\nControlled-Session-UUID: ${uuid}\nContent-Disposition: linger\nChannel-Name: ${oneLine(channelName)}\nLinger-Time: ${seconds}\nContent-Length: 0\n\n`;
}

function withBody(headers: string, body: string): string {
  return `${headers}Content-Length: ${byteLength(body)}\n\n${body}`;
}

function plainValue(value: string | readonly string[]): string {
  return typeof value === 'string' ? value : asArray(value);
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
