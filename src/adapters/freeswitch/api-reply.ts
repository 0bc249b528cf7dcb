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

/** Channels of `show channels as json`: their uuid and what they run. */
export function listedChannels(body: string): readonly { readonly uuid: string; readonly application: string; readonly data: string }[] {
  return items(field(parseJson(body), 'rows')).flatMap((row) => {
    const [uuid, application, data] = [field(row, 'uuid'), field(row, 'application'), field(row, 'application_data')];
    return typeof uuid === 'string' ? [{ uuid, application: typeof application === 'string' ? application : '', data: typeof data === 'string' ? data : '' }] : [];
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
