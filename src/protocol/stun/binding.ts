/**
 * The STUN Binding request a SIP client sends as a keep-alive over UDP, and its answer (RFC 8489, RFC 5626 §3.5.2, §8):
 * no credentials, one attribute.
 */
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const COOKIE = 0x2112_a442;
const XOR_MAPPED_ADDRESS = 0x0020;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const UNKNOWN_ATTRIBUTE = 420;
/** Attributes a client may send that ask nothing of the answer: USERNAME, MESSAGE-INTEGRITY. */
const UNDERSTOOD = new Set([0x0006, 0x0008]);

export interface StunPeer {
  /** Bytes of the IP address, 4 or 16, as the request came from. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** Whether a datagram on a SIP port is STUN: no SIP message begins with two zero bits (RFC 8489 §5). */
export function isStun(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && (bytes[0] ?? 0xff) < 0x40 && viewOf(bytes).getUint32(4) === COOKIE;
}

/** The answer to a Binding request; undefined when `bytes` are none, or not well-formed: STUN is silent then. */
export function answerBinding(bytes: Uint8Array, peer: StunPeer): Uint8Array | undefined {
  const view = viewOf(bytes);
  const length = bytes.length >= HEADER_BYTES ? view.getUint16(2) : -1;
  if (!isStun(bytes) || view.getUint16(0) !== BINDING_REQUEST || length % 4 !== 0 || length !== bytes.length - HEADER_BYTES) return undefined;
  const unknown: number[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const type = view.getUint16(at);
    const end = at + 4 + Math.ceil(view.getUint16(at + 2) / 4) * 4;
    if (end > bytes.length) return undefined;
    // RFC 8489 §14: below 0x8000 the answer depends on what it means.
    if (type < 0x8000 && !UNDERSTOOD.has(type) && !unknown.includes(type)) unknown.push(type);
    at = end;
  }
  return unknown.length === 0 ? success(bytes, peer) : failure(bytes, unknown);
}

/** RFC 8489 §14.2: port and address are hidden from boxes that rewrite addresses wherever they see them. */
function success(request: Uint8Array, { address, port }: StunPeer): Uint8Array {
  const answer = begin(request, BINDING_SUCCESS, 8 + address.length);
  const view = viewOf(answer);
  view.setUint16(HEADER_BYTES, XOR_MAPPED_ADDRESS);
  view.setUint16(HEADER_BYTES + 2, 4 + address.length);
  view.setUint8(HEADER_BYTES + 5, address.length === 4 ? 1 : 2);
  view.setUint16(HEADER_BYTES + 6, port ^ (COOKIE >>> 16));
  // The cookie and the transaction id, bytes 4 to 20, are the mask.
  address.forEach((byte, index) => view.setUint8(HEADER_BYTES + 8 + index, byte ^ (request[4 + index] ?? 0)));
  return answer;
}

function failure(request: Uint8Array, unknown: readonly number[]): Uint8Array {
  const listed = Math.ceil(unknown.length / 2) * 4;
  const answer = begin(request, BINDING_ERROR, 8 + 4 + listed);
  const view = viewOf(answer);
  view.setUint16(HEADER_BYTES, ERROR_CODE);
  view.setUint16(HEADER_BYTES + 2, 4);
  view.setUint8(HEADER_BYTES + 6, Math.floor(UNKNOWN_ATTRIBUTE / 100));
  view.setUint8(HEADER_BYTES + 7, UNKNOWN_ATTRIBUTE % 100);
  view.setUint16(HEADER_BYTES + 8, UNKNOWN_ATTRIBUTES);
  view.setUint16(HEADER_BYTES + 10, unknown.length * 2);
  unknown.forEach((type, index) => view.setUint16(HEADER_BYTES + 12 + index * 2, type));
  return answer;
}

function begin(request: Uint8Array, type: number, length: number): Uint8Array {
  const answer = new Uint8Array(HEADER_BYTES + length);
  answer.set(request.subarray(0, HEADER_BYTES));
  const view = viewOf(answer);
  view.setUint16(0, type);
  view.setUint16(2, length);
  return answer;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
