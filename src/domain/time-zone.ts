/** Local time of a zone and UTC, both as milliseconds since 1 January 1970, by the zone data of the runtime. */
const day = 86_400_000;
/** No zone has changed its clocks and changed them back within so short a time: between two equal offsets there is no other. */
const span = 7 * day;
/** What is remembered costs memory, and anybody may name zones. */
const mostZones = 64;
const mostOffsets = 2_048;

/** Asking the runtime is what is slow: an offset is asked for once a week of the calendar. */
class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws a RangeError where there is no such zone. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** Local time less UTC, in milliseconds. */
  offset(at: number): number {
    const begin = Math.floor(at / span) * span;
    const offset = this.#remembered(begin);
    return offset === this.#remembered(begin + span) ? offset : this.#asked(at);
  }

  #remembered(at: number): number {
    const known = this.#offsets.get(at);
    if (known !== undefined) return known;
    if (this.#offsets.size >= mostOffsets) this.#offsets.clear();
    const offset = this.#asked(at);
    this.#offsets.set(at, offset);
    return offset;
  }

  #asked(at: number): number {
    const [, sign, hours = 0, minutes = 0, seconds = 0] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(this.#format.format(at)) ?? [];
    const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
    return sign === '-' ? -offset : offset;
  }
}

/** The same zone gives the same answers for ever: which ones are remembered is nobody's concern. */
const zones = new Map<string, Zone>();

function zone(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const made = new Zone(name);
  const oldest = zones.size >= mostZones ? zones.keys().next().value : undefined;
  if (oldest !== undefined) zones.delete(oldest);
  zones.set(name, made);
  return made;
}

/** IANA names only, no offsets: daylight saving is to be known. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    zone(name);
    return true;
  } catch {
    return false;
  }
}

export const localTime = (utc: number, timeZone: string): number => utc + zone(timeZone).offset(utc);

/** RFC 5545 §3.3.5: a time there is twice is the first of them; one that is left out counts by the offset before the gap. */
export function utcTime(local: number, timeZone: string): number {
  const { before, after } = offsetsAround(local, zone(timeZone));
  const [first, second] = [local - before, local - after];
  if (before === after || zone(timeZone).offset(first) === before) return first;
  return zone(timeZone).offset(second) === after ? second : first;
}

/** No zone is a day away from UTC, or changes by more than one: a day before and after, read as UTC, are on both sides of a change. */
const offsetsAround = (local: number, of: Zone): { readonly before: number; readonly after: number } => ({ before: of.offset(local - day), after: of.offset(local + day) });
