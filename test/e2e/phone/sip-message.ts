/** SIP as the test phone reads and writes it: written apart from the program's own parser, so that one checks the other. */
export interface SipMessage {
  /** 0 for a request. */
  readonly status: number;
  readonly reason: string;
  readonly method: string;
  /** Lower-case name to values, in order; compact forms written out. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

const longForms: Readonly<Record<string, string>> = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact', l: 'content-length', c: 'content-type' };

/** Undefined for what is no SIP message. */
export function parseSip(text: string): SipMessage | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const short = line.slice(0, colon).trim().toLowerCase();
    const name = longForms[short] ?? short;
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(start);
  const request = /^([A-Z]+) \S+ SIP\/2\.0$/.exec(start);
  if (response === null && request === null) return undefined;
  const cseqMethod = headers.get('cseq')?.[0]?.split(/\s+/)[1] ?? '';
  return { status: Number(response?.[1] ?? 0), reason: response?.[2] ?? '', method: request?.[1] ?? cseqMethod, headers, body: text.slice(end + 4) };
}

export function header(message: SipMessage, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}

export function tagOf(value: string): string {
  return /;\s*tag=([^;>\s]+)/.exec(value)?.[1] ?? '';
}

export function uriOf(value: string): string {
  return /<([^>]+)>/.exec(value)?.[1] ?? value.split(';')[0]?.trim() ?? '';
}
