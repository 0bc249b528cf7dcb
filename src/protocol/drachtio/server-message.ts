/**
 * What the server sends to a drachtio client. Every builder answers a payload; `msgId` is a fresh UUID.
 * The positions of the fields are the protocol: the client reads them by index.
 */
export interface SipMeta {
  /** Size of the SIP message on the network. */
  readonly bytes: number;
  /** Empty where drachtio-server leaves it empty. */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  /** ms since the epoch. */
  readonly time: number;
}

/** `HH:MM:SS.uuuuuu`, UTC. */
export function formatTime(ms: number): string {
  const pad = (value: number, width: number): string => String(value).padStart(width, '0');
  const inDay = Math.floor(ms) % 86_400_000;
  const seconds = Math.floor(inDay / 1000);
  return `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}.${pad(inDay % 1000, 3)}000`;
}

export function okMessage(msgId: string, answers: string, ...fields: readonly string[]): string {
  return [msgId, 'response', answers, 'OK', ...fields].join('|');
}

/** `NO` for the session (authentication, unknown type), `NOK` for a SIP request or response that was not sent. */
export function refusedMessage(msgId: string, answers: string, how: 'NO' | 'NOK', why: string): string {
  return [msgId, 'response', answers, how, why].join('|');
}

/** The echo of a request of the client's, as it went out. */
export function requestEcho(msgId: string, answers: string, meta: SipMeta, transactionId: string, sip: string): string {
  return `${[msgId, 'response', answers, 'OK', 'application', ...metaFields(meta), transactionId, 'Msg sent:', ''].join('|')}\r\n${sip}`;
}

/** The echo of a response of the client's, as it went out. */
export function responseEcho(msgId: string, answers: string, meta: SipMeta, transactionId: string, dialogId: string, sip: string): string {
  return `${[msgId, 'response', answers, 'OK', 'application', ...metaFields(meta), transactionId, dialogId, '', 'Msg sent:', ''].join('|')}\r\n${sip}`;
}

/** The final response of a destination of a proxied request; `done` follows the last. */
export function proxyResponse(msgId: string, answers: string, meta: SipMeta, sip: string): string {
  return `${[msgId, 'response', answers, 'OK', 'network', ...metaFields(meta), '', '', 'continue'].join('|')}\r\n${sip}`;
}

export interface Push {
  readonly source: 'network' | 'application';
  readonly meta: SipMeta;
  readonly transactionId: string;
  /** Empty for a request outside any dialog. */
  readonly dialogId: string;
  /** Where a new request came in; only for one outside any dialog. */
  readonly receivedOn?: { readonly address: string; readonly port: number };
  readonly sip: string;
}

/** A SIP message received, or a request the server made by itself (`source` application, transaction `unsolicited`). */
export function pushMessage(msgId: string, push: Push): string {
  const on = push.receivedOn === undefined ? [] : [push.receivedOn.address, String(push.receivedOn.port)];
  return `${[msgId, 'sip', push.source, ...metaFields(push.meta), push.transactionId, push.dialogId, ...on, ''].join('|')}\r\n${push.sip}`;
}

export type CdrEnd = 'call-rejected' | 'call-canceled' | 'normal-release' | 'session-expired' | 'system-initiated-termination' | 'system-error-initiated-termination';

/** A call record; `detail` is the role of a start (`uac`, `uas`), the reason of a stop. */
export function cdrMessage(msgId: string, event: 'attempt' | 'start' | 'stop', source: Push['source'], time: number, detail: string | undefined, sip: string): string {
  return `${[msgId, `cdr:${event}`, source, formatTime(time), ...(detail === undefined ? [] : [detail])].join('|')}\r\n${sip}`;
}

function metaFields({ bytes, protocol, address, port, time }: SipMeta): string[] {
  return [String(bytes), protocol, address, String(port), formatTime(time)];
}
