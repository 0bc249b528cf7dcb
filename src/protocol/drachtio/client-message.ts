/** What a drachtio client sends to the server: `msgId|type|field|...`, with a SIP text after CR LF for `sip` and `proxy`. */
export type ClientMessage =
  | { readonly type: 'authenticate'; readonly id: string; readonly secret: string }
  | { readonly type: 'route' | 'remove_route'; readonly id: string; readonly verb: string }
  | { readonly type: 'ping'; readonly id: string }
  | {
      readonly type: 'sip';
      readonly id: string;
      /** Empty strings where the client named none. */
      readonly transactionId: string;
      readonly dialogId: string;
      /** Next hop of a new request (the application's `proxy` option); empty when there is none. */
      readonly routeUrl: string;
      readonly text: string;
    }
  | {
      readonly type: 'proxy';
      readonly id: string;
      readonly transactionId: string;
      readonly remainInDialog: boolean;
      /** Whether the final response of each destination is to be told. */
      readonly fullResponse: boolean;
      readonly followRedirects: boolean;
      readonly forking: 'simultaneous' | 'serial';
      /** ms; undefined where the client set none. */
      readonly provisionalMs: number | undefined;
      readonly finalMs: number | undefined;
      readonly destinations: readonly string[];
      /** A request whose headers are to be put into the one proxied. */
      readonly text: string;
    }
  | { readonly type: 'unknown'; readonly id: string };

/** Reads one payload. Whatever it holds, something comes out: at worst `unknown`. */
export function parseClientMessage(payload: string): ClientMessage {
  const end = payload.indexOf('\r\n');
  const [id = '', type = '', ...fields] = (end < 0 ? payload : payload.slice(0, end)).split('|');
  const field = (index: number): string => fields[index] ?? '';
  switch (type) {
    case 'authenticate':
      return { type, id, secret: field(0) };
    case 'route':
    case 'remove_route':
      return { type, id, verb: field(0).toLowerCase() };
    case 'ping':
      return { type, id };
    case 'sip':
      return { type, id, transactionId: field(0), dialogId: field(1), routeUrl: field(2), text: end < 0 ? '' : payload.slice(end + 2) };
    case 'proxy':
      return {
        type,
        id,
        transactionId: field(0),
        remainInDialog: field(1) === 'remainInDialog',
        fullResponse: field(2) === 'fullResponse',
        followRedirects: field(3) === 'followRedirects',
        forking: field(4) === 'simultaneous' ? 'simultaneous' : 'serial',
        provisionalMs: durationOf(field(5)),
        finalMs: durationOf(field(6)),
        destinations: fields.slice(7).filter((destination) => destination !== ''),
        text: end < 0 ? '' : payload.slice(end + 2),
      };
    default:
      return { type: 'unknown', id };
  }
}

/** `2s`, `1500ms` or `1500`, the two being the same. */
function durationOf(text: string): number | undefined {
  const [, amount, unit] = /^([0-9]{1,7})(ms|s)?$/.exec(text.trim()) ?? [];
  if (amount === undefined || Number(amount) === 0) return undefined;
  return Number(amount) * (unit === 's' ? 1000 : 1);
}
