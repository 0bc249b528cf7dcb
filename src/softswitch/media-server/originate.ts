/** Calls the media server makes by itself (`originate`, `bridge`): an INVITE with an offer, from a channel of our own. */
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../lib/result.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { SipHeader, SipResponse } from '../../protocol/sip/message.ts';
import type { ClientTransaction, Dialog, OnWire, SipStack } from '../sip-stack/api.ts';
import type { LocalRtp } from './call-media.ts';
import type { Channel } from './channel.ts';
import type { Core } from './core.ts';
import type { HangupCause } from './hangup-cause.ts';
import type { SipAgentOptions } from './sip-agent.ts';
import { SDP_TYPE, SipCall } from './sip-call.ts';

export interface OutgoingCall {
  /** `sofia/<profile>/<user>@<host>`, `sofia/<profile>/sip:...` or a SIP URI. */
  readonly destination: string;
  readonly variables: ReadonlyMap<string, string>;
  /** Aborted when nobody waits for the call any more: it is given up, answered or not. */
  readonly abandoned?: AbortSignal;
}

/** Answers the channel once it is answered, or why it was not. */
export type Originate = (call: OutgoingCall) => Promise<Result<Channel, HangupCause>>;

const DEFAULT_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 300;

export interface OriginateServices extends SipAgentOptions {
  readonly stack: Pick<SipStack, 'request'>;
  /** Ids of calls whose ports are being opened. */
  readonly opening: Set<string>;
  readonly adopt: (call: SipCall, dialog: Dialog) => void;
  readonly forget: (call: SipCall) => void;
}

export async function originate(services: OriginateServices, { destination, variables, abandoned }: OutgoingCall): Promise<Result<Channel, HangupCause>> {
  const { core, opening } = services;
  const uri = readDestination(destination);
  if (uri === undefined) return err('INVALID_NUMBER_FORMAT');
  const uuid = variables.get('origination_uuid') ?? core.newUuid();
  if (core.channels.has(uuid) || opening.has(uuid)) return err('DESTINATION_OUT_OF_ORDER');
  if (core.sessions.admit(core.channels.size + opening.size) !== 'admitted') return err('SWITCH_CONGESTION');
  opening.add(uuid);
  const local = await openRtp(services, uuid, isIP(uri.host) === 0 ? hostOf(core) : uri.host).finally(() => opening.delete(uuid));
  if (local === undefined) return err('NORMAL_TEMPORARY_FAILURE');
  if (abandoned?.aborted === true) {
    core.engine.close(uuid);
    return err('ORIGINATOR_CANCEL');
  }
  const number = variables.get('origination_caller_id_number') ?? '';
  const call = new SipCall({
    core,
    uuid,
    caller: { name: variables.get('origination_caller_id_name') ?? 'unknown', number, address: uri.host, destination: uri.user },
    name: `sofia/${core.identity.profile}/${uri.text}`,
    callDirection: 'outbound',
    local,
    codecs: services.codecs,
    answered: () => undefined,
    forget: services.forget,
  });
  const { channel } = call;
  channel.setVariable('direction', 'outbound');
  channel.setVariable('uuid', uuid);
  for (const [name, value] of variables) channel.setVariable(name, value);
  core.channels.set(uuid, channel);
  core.sessions.begun(core.channels.size);
  channel.created();
  abandoned?.addEventListener('abort', () => channel.hangup('ORIGINATOR_CANCEL'), { once: true });
  return ring(services, call, { uri: uri.text, from: number === '' ? 'freeswitch' : number, headers: extraHeaders(variables) });
}

/** The address first: nothing that can fail comes between the opening of the ports and their owner. */
async function openRtp({ core, rtpAddress, rtpHost }: OriginateServices, uuid: string, peer: string): Promise<LocalRtp | undefined> {
  const address = await rtpAddress(peer);
  const opened = await core.engine.open(uuid, rtpHost(peer));
  return opened.ok ? { address, port: opened.port } : undefined;
}

async function ring(services: OriginateServices, call: SipCall, invite: { readonly uri: string; readonly from: string; readonly headers: readonly SipHeader[] }): Promise<Result<Channel, HangupCause>> {
  const { channel } = call;
  const { core } = services;
  const seconds = Number(/^\d{1,3}$/.exec(channel.variables.get('originate_timeout') ?? '')?.[0] ?? DEFAULT_TIMEOUT_S);
  return new Promise((resolve) => {
    channel.own('originate', core.scheduler.after(Math.min(seconds, MAX_TIMEOUT_S) * 1_000, () => channel.hangup('NO_ANSWER')));
    const settle = (result: Result<Channel, HangupCause>): void => {
      channel.disown('originate');
      resolve(result);
    };
    let transaction: ClientTransaction | undefined;
    // Nobody waits for the far end to hear of it: without a provisional answer that takes 32 s (RFC 3261 §9.1).
    call.cancel = () => {
      transaction?.cancel();
      settle(err(channel.hangupCause ?? 'ORIGINATOR_CANCEL'));
    };
    const fail = (cause: HangupCause): void => {
      call.cancel = undefined;
      // Hung up by somebody meanwhile: that is the cause then.
      settle(err(channel.hangupCause ?? cause));
      channel.hangup(cause);
    };
    const onResponse = (response: OnWire<SipResponse>, _origin: 'network' | 'local', dialog: Dialog | undefined): void => {
      const { status, body } = response.message;
      if (status < 200) {
        channel.publish(body === '' ? 'CHANNEL_PROGRESS' : 'CHANNEL_PROGRESS_MEDIA', []);
        return;
      }
      if (status >= 300 || dialog === undefined) {
        fail(causeOf(status));
        return;
      }
      call.cancel = undefined;
      services.adopt(call, dialog);
      dialog.ack().then(
        () => call.confirmed(''),
        (error: unknown) => core.log.error({ error }, 'ACK failed'),
      );
      if (channel.ended) {
        // The answer crossed our CANCEL: the call is ended at once.
        call.bye('Q.850;cause=16;text="NORMAL_CLEARING"');
        settle(err(channel.hangupCause ?? 'ORIGINATOR_CANCEL'));
      } else if (call.media.answered(body)) {
        channel.answered();
        channel.publish('CHANNEL_ORIGINATE', []);
        settle(ok(channel));
      } else fail('INCOMPATIBLE_DESTINATION');
    };
    const request = {
      method: 'INVITE',
      uri: invite.uri,
      headers: [{ name: 'From', value: `"${channel.caller.name.replace(/["\\]/g, '')}" <sip:${invite.from}@localhost>` }, SDP_TYPE, ...invite.headers],
      body: call.media.offer(),
    };
    services.stack.request(request, { onResponse }).then(
      (sent) => {
        if (!sent.ok) fail('NO_ROUTE_DESTINATION');
        else {
          transaction = sent.value;
          if (channel.ended) transaction.cancel();
        }
      },
      (error: unknown) => {
        core.log.error({ error }, 'an outgoing call failed');
        fail('NORMAL_TEMPORARY_FAILURE');
      },
    );
  });
}

function readDestination(text: string): { readonly text: string; readonly user: string; readonly host: string } | undefined {
  const rest = text.replace(/^sofia\/[^/]+\//, '');
  const written = /^sips?:/i.test(rest) ? rest : `sip:${rest}`;
  const uri = parseUri(written);
  return uri === undefined || uri.scheme === 'tel' ? undefined : { text: written, user: uri.user ?? '', host: uri.host };
}

function hostOf(core: Core): string {
  const address = core.sipAddress();
  return address.slice(0, address.lastIndexOf(':'));
}

/** `sip_h_X-Name=value` becomes a header; no other header is a client's to write. */
function extraHeaders(variables: ReadonlyMap<string, string>): readonly SipHeader[] {
  return [...variables].flatMap(([name, value]) => {
    const header = /^sip_h_(X-[\w-]{1,64})$/i.exec(name)?.[1];
    return header === undefined || /[\r\n]/.test(value) ? [] : [{ name: header, value }];
  });
}

/** What FreeSWITCH makes of a failure (RFC 3398 §7.2.4.1, as far as it follows it). */
function causeOf(status: number): HangupCause {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 603:
      return 'CALL_REJECTED';
    case 404:
    case 485:
    case 604:
      return 'UNALLOCATED_NUMBER';
    case 408:
    case 504:
      return 'RECOVERY_ON_TIMER_EXPIRE';
    case 410:
      return 'NUMBER_CHANGED';
    case 480:
      return 'NO_USER_RESPONSE';
    case 484:
      return 'INVALID_NUMBER_FORMAT';
    case 486:
    case 600:
      return 'USER_BUSY';
    case 487:
      return 'ORIGINATOR_CANCEL';
    case 488:
    case 606:
      return 'INCOMPATIBLE_DESTINATION';
    default:
      return 'NORMAL_TEMPORARY_FAILURE';
  }
}
