/** `show channels|calls|bridged_calls [count] [like <text>] [as json|xml|delim <c>]`. */
import { xmlEscape } from '../../protocol/esl/encode.ts';
import { channelHeaders } from './channel-headers.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import { localTime } from './event-bus.ts';
import { words } from './words.ts';

/** The columns of `show channels`, in order. */
const COLUMNS =
  'uuid direction created created_epoch name state cid_name cid_num ip_addr dest application application_data dialplan context read_codec read_rate read_bit_rate write_codec write_rate write_bit_rate secure hostname presence_id presence_data accountcode callstate callee_name callee_num callee_direction call_uuid sent_callee_name sent_callee_num initial_cid_name initial_cid_num initial_ip_addr initial_dest initial_dialplan initial_context'.split(
    ' ',
  );

/** What a column holds; one that is not named here is empty. */
type Row = Readonly<Record<string, string>>;

interface Listing {
  readonly what: string;
  readonly count: boolean;
  readonly like: string | undefined;
  readonly format: 'text' | 'json' | 'xml';
  readonly delimiter: string;
}

const USAGE =
  '-USAGE: codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]|calls|detailed_calls|bridged_calls|detailed_bridged_calls|aliases|complete|chat|management|modules|nat_map|say|interfaces|interface_types|tasks|limits|status\n';

export function show(core: Core, argument: string): string {
  const listing = readListing(argument);
  const rows = rowsOf(core, listing.what);
  if (rows === undefined) return USAGE;
  const { like } = listing;
  const chosen = like === undefined ? rows : rows.filter((row) => Object.values(row).some((value) => value.includes(like)));
  return listing.count ? countText(chosen.length, listing) : listText(chosen, listing);
}

function readListing(argument: string): Listing {
  const [what = '', ...options] = words(argument);
  const after = (word: string): string | undefined => (options.includes(word) ? options[options.indexOf(word) + 1] : undefined);
  const as = after('as');
  return {
    what: what.toLowerCase(),
    count: options.includes('count'),
    like: after('like'),
    format: as === 'json' || as === 'xml' ? as : 'text',
    delimiter: as === 'delim' ? (after('delim') ?? ',') : ',',
  };
}

/** A call is a channel that is not the other leg of a bridge listed already. */
function rowsOf(core: Core, what: string): readonly Row[] | undefined {
  const channels = [...core.channels.values()];
  const first = (channel: Channel): boolean => channel.bridge === undefined || channels.indexOf(channel) < channels.indexOf(channel.bridge.other(channel));
  switch (what) {
    case 'channels':
    case 'detailed_channels':
      return channels.map((channel) => row(core, channel));
    case 'calls':
    case 'detailed_calls':
      return channels.filter(first).map((channel) => row(core, channel));
    case 'bridged_calls':
    case 'detailed_bridged_calls':
      return channels.filter((channel) => channel.bridge !== undefined && first(channel)).map((channel) => row(core, channel));
    default:
      return undefined;
  }
}

function countText(count: number, { format }: Listing): string {
  switch (format) {
    case 'json':
      return JSON.stringify({ row_count: count, rows: [] });
    case 'xml':
      return `<result row_count="${count}"/>\n`;
    case 'text':
      return `\n${count} total.\n`;
  }
}

function listText(rows: readonly Row[], { format, delimiter }: Listing): string {
  switch (format) {
    case 'json':
      // No row is not printed by cJSON there, and looks it.
      if (rows.length === 0) return '{"row_count": 0}\n';
      return JSON.stringify({ row_count: rows.length, rows: rows.map((fields) => Object.fromEntries(COLUMNS.map((column) => [column, fields[column] ?? '']))) });
    case 'xml': {
      if (rows.length === 0) return '<result row_count="0"/>\n';
      const fields = (fields: Row): string => COLUMNS.map((column) => `    <${column}>${xmlEscape(fields[column] ?? '')}</${column}>\n`).join('');
      return `<result row_count="${rows.length}">\n${rows.map((each, index) => `  <row row_id="${index + 1}">\n${fields(each)}  </row>\n`).join('')}</result>\n`;
    }
    case 'text': {
      if (rows.length === 0) return '\n0 total.\n';
      const lines = rows.map((fields) => COLUMNS.map((column) => fields[column] ?? '').join(delimiter));
      return `${COLUMNS.join(delimiter)}\n${lines.join('\n')}\n\n${rows.length} total.\n`;
    }
  }
}

function row(core: Core, channel: Channel): Row {
  const { caller, application } = channel;
  const headers = new Map(channelHeaders(channel));
  const header = (name: string): string => String(headers.get(name) ?? '');
  const other = channel.bridge?.other(channel);
  return {
    uuid: channel.uuid,
    direction: channel.callDirection,
    created: localTime(new Date(channel.createdAt)),
    created_epoch: String(Math.floor(channel.createdAt / 1_000)),
    name: channel.name,
    state: channel.state,
    cid_name: caller.name,
    cid_num: caller.number,
    ip_addr: caller.address,
    dest: caller.destination,
    application: application?.name ?? '',
    application_data: application?.argument ?? '',
    dialplan: 'XML',
    context: 'mrf',
    read_codec: header('Channel-Read-Codec-Name'),
    read_rate: header('Channel-Read-Codec-Rate'),
    read_bit_rate: header('Channel-Read-Codec-Bit-Rate'),
    write_codec: header('Channel-Write-Codec-Name'),
    write_rate: header('Channel-Write-Codec-Rate'),
    write_bit_rate: header('Channel-Write-Codec-Bit-Rate'),
    secure: channel.variables.get('rtp_has_crypto') ?? '',
    hostname: core.identity.hostname,
    callstate: channel.callState,
    call_uuid: other === undefined ? '' : channel.uuid,
    callee_name: other?.caller.name ?? '',
    callee_num: other?.caller.number ?? '',
    initial_cid_name: caller.name,
    initial_cid_num: caller.number,
    initial_ip_addr: caller.address,
    initial_dest: caller.destination,
    initial_dialplan: 'XML',
    initial_context: 'mrf',
  };
}
