/** Reading what FreeSWITCH answers. All of it is text from another program: what does not fit gives nothing. */

/** A member of a conference as `conference json_list` tells it, as far as it is needed. */
export interface ListedMember {
  readonly conference: string;
  readonly id: number;
  readonly uuid: string;
}

/** Members of all conferences; recordings, which are listed among them, are left out. */
export function listedMembers(body: string): readonly ListedMember[] {
  return items(parseJson(body)).flatMap((conference) => {
    const name = field(conference, 'conference_name');
    if (typeof name !== 'string') return [];
    return items(field(conference, 'members')).flatMap((member) => {
      const [id, uuid] = [field(member, 'id'), field(member, 'uuid')];
      return typeof id === 'number' && typeof uuid === 'string' ? [{ conference: name, id, uuid }] : [];
    });
  });
}

/** A channel of `show channels as json`: what it is called and what it runs. */
export interface ListedChannel {
  readonly uuid: string;
  readonly name: string;
  readonly application: string;
  readonly data: string;
}

export function listedChannels(body: string): readonly ListedChannel[] {
  return items(field(parseJson(body), 'rows')).flatMap((row) => {
    const text = (column: string): string => {
      const value = field(row, column);
      return typeof value === 'string' ? value : '';
    };
    const uuid = text('uuid');
    return uuid === '' ? [] : [{ uuid, name: text('name'), application: text('application'), data: text('application_data') }];
  });
}

/** The number in a channel variable; there is none in a variable that is not set. */
export function numberIn(body: string): number | undefined {
  return /^\d{1,15}(\.\d{1,6})?$/.test(body) ? Number(body) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const field = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined);
