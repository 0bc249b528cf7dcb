/**
 * A SIP message as plain data (RFC 3261 §7), and access to its headers.
 *
 * Header names are in their canonical spelling (`Via`, never `v` or `VIA`) after parsing. Bodies are text: every body
 * this product carries (SDP, dtmf-relay, media_control) is, and so is the drachtio protocol that passes it on.
 */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  /** The Request-URI as it stands on the request line. */
  readonly uri: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

export interface SipResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly SipHeader[];
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;

type WithHeaders = Pick<SipMessage, 'headers'>;

/** The value of the first header called `name` (any case), or undefined. */
export function headerValue(message: WithHeaders, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return message.headers.find((header) => isCalled(header, wanted))?.value;
}

/** The values of all headers called `name` (any case), in order, one per header line. */
export function headerValues(message: WithHeaders, name: string): string[] {
  const wanted = name.toLowerCase();
  return message.headers.filter((header) => isCalled(header, wanted)).map((header) => header.value);
}

/** Every received message asks this some hundred times: most names differ in length already. */
function isCalled(header: SipHeader, wanted: string): boolean {
  return header.name.length === wanted.length && header.name.toLowerCase() === wanted;
}
