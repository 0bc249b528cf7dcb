/** The SDP and RTP side of one call: offers and answers in both directions, and what of them the engine must know. */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { chooseAudio, writeAudioAnswer, writeAudioOffer, type AudioChoice, type AudioCodec } from '../../protocol/sdp/audio.ts';
import { chooseCrypto, keyAndSaltBytes, type CryptoKey, type CryptoLine, type CryptoSuite } from '../../protocol/sdp/crypto.ts';
import { composeAnswer } from '../../protocol/sdp/many-lines.ts';
import { mirrored, narrowed, parseSdp, type Direction, type MediaLine } from '../../protocol/sdp/session.ts';
import { isUsableSecurely, usableAudio } from '../../protocol/sdp/usable-audio.ts';
import type { Channel } from './channel.ts';

/** Where our RTP of a call is, as its far end can reach it. */
export interface LocalRtp {
  readonly address: string;
  readonly port: number;
}

/** An offer we can serve: its audio line and what was agreed. */
export interface AudioOffer {
  readonly sdp: string;
  /** Where the far end wants its RTP: an address literal. */
  readonly address: string;
  readonly line: MediaLine;
  readonly choice: AudioChoice;
  /** The far end's key; absent for a call in the clear. */
  readonly crypto?: CryptoLine;
}

export type OfferFailure = 'malformed' | 'no_common_codec';

/** The usable audio line with a codec of ours. Names are not looked up for a stranger: c= must be an address. */
export function readOffer(sdp: string, codecs: readonly AudioCodec[]): AudioOffer | OfferFailure {
  const session = parseSdp(sdp);
  if (!session.ok) return 'malformed';
  const line = session.value.media[usableAudio(session.value.media)];
  if (line === undefined) return 'no_common_codec';
  const { address } = line;
  if (address === undefined || isIP(address) === 0) return 'malformed';
  const choice = chooseAudio(line, codecs);
  if (choice === undefined) return 'no_common_codec';
  const crypto = isUsableSecurely(line) ? chooseCrypto(line.crypto) : undefined;
  return { sdp, address, line, choice, ...(crypto === undefined ? {} : { crypto }) };
}

/** RFC 3264 §8.4: c=0.0.0.0 is the old way to put a call on hold; nothing may be sent there. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

export class CallMedia {
  readonly #channel: Channel;
  readonly #codecs: readonly AudioCodec[];
  readonly #sessionId: number;
  #version: number;
  #lastSdp = '';
  #local: LocalRtp;
  #choice: AudioChoice | undefined;
  /** What we send with, for as long as the suite stays: a call's media goes on across a re-INVITE. */
  #ownKey: CryptoKey | undefined;

  /** `codecs`: in the order they are offered. */
  constructor(channel: Channel, local: LocalRtp, codecs: readonly AudioCodec[]) {
    this.#channel = channel;
    this.#codecs = codecs;
    this.#local = local;
    this.#sessionId = Math.floor(channel.createdAt / 1_000);
    this.#version = this.#sessionId + 1;
  }

  get local(): LocalRtp {
    return this.#local;
  }

  /** Takes an offer and answers it; every other line of it is refused. */
  answer(offer: AudioOffer, local: LocalRtp): string {
    this.#local = local;
    const { line, choice, crypto } = offer;
    const ownKey = crypto === undefined ? undefined : this.#keyFor(crypto.suite);
    this.#configure(offer, ownKey);
    const secured = crypto === undefined || ownKey === undefined ? {} : { crypto: { tag: crypto.tag, ...ownKey } };
    const answer = this.#write((version) => writeAudioAnswer({ ...this.#terms(version), protocol: line.protocol, rtcpMux: line.rtcpMux, ...secured }, choice));
    return composeAnswer(offer.sdp, answer);
  }

  /** An offer in a call that has no codec of ours is answered with all refused, not with 488 (F-22; D-1). Media stops. */
  refuse(sdp: string): string {
    this.#channel.direction = 'inactive';
    const choice = this.#choice;
    if (choice !== undefined) this.#channel.core.engine.configure(this.#channel.uuid, { ...this.#far(), format: choice, direction: 'inactive' });
    const nothing = this.#write((version) => writeAudioOffer({ ...this.#terms(version), port: 0 }, this.#codecs));
    return composeAnswer(sdp, nothing);
  }

  /** An offer of our own: one plain audio line with all we speak. */
  offer(): string {
    return this.#write((version) => writeAudioOffer(this.#terms(version), this.#codecs));
  }

  /** The answer to our offer. False when it cannot be used. */
  answered(sdp: string): boolean {
    const answer = readOffer(sdp, this.#codecs);
    // Ours was in the clear (F-1).
    if (typeof answer === 'string' || answer.crypto !== undefined) return false;
    const { address, line } = answer;
    // drachtio-fsmrf answers with our own address (A.9.1): nobody is there yet, and RTP is not sent to ourselves.
    const ourselves = address === this.#local.address && line.port === this.#local.port;
    if (ourselves) this.#channel.setVariable('switch_r_sdp', sdp);
    else this.#configure(answer);
    return true;
  }

  #configure({ sdp, address, line, choice, crypto }: AudioOffer, ownKey?: CryptoKey): void {
    const { core, uuid } = this.#channel;
    const asked = mirrored(line.direction);
    const direction: Direction = isUnspecified(address) ? narrowed(asked, 'recvonly') : asked;
    const rtcpPort = line.rtcpMux ? line.port : line.rtcpPort;
    this.#choice = choice;
    this.#channel.direction = direction;
    this.#channel.codec = choice.codec;
    this.#channel.rate = samplingRate(choice);
    core.engine.configure(uuid, {
      address,
      port: line.port,
      format: choice,
      direction,
      ...(rtcpPort === undefined ? {} : { rtcpPort }),
      ...(crypto === undefined || ownKey === undefined ? {} : { srtp: { send: ownKey, receive: crypto } }),
    });
    this.#tellVariables(sdp, line, choice, address, crypto?.suite);
    this.#tellHold(direction);
  }

  #keyFor(suite: CryptoSuite): CryptoKey {
    if (this.#ownKey?.suite !== suite) this.#ownKey = { suite, keyAndSalt: Uint8Array.from(randomBytes(keyAndSaltBytes[suite])) };
    return this.#ownKey;
  }

  #tellVariables(sdp: string, line: MediaLine, choice: AudioChoice, address: string, suite: CryptoSuite | undefined): void {
    const set = (name: string, value: string | number | undefined): boolean => this.#channel.setVariable(name, value === undefined ? undefined : String(value));
    const rate = samplingRate(choice);
    const name = choice.codec === 'OPUS' ? 'opus' : choice.codec;
    set('switch_r_sdp', sdp);
    set('remote_media_ip', address);
    set('remote_media_port', line.port);
    set('rtp_use_codec_name', name);
    set('rtp_use_codec_rate', choice.clockRate);
    set('rtp_use_codec_ptime', choice.ptime);
    set('rtp_use_pt', choice.payloadType);
    set('read_codec', name);
    set('read_rate', rate);
    set('write_codec', name);
    set('write_rate', rate);
    set('rtp_2833_send_payload', choice.telephoneEvent);
    set('rtp_2833_recv_payload', choice.telephoneEvent);
    set('dtmf_type', choice.telephoneEvent === undefined ? 'info' : 'rfc2833');
    set('rtp_has_crypto', suite);
    set('rtp_secure_media_confirmed', suite === undefined ? undefined : 'true');
  }

  /** The states of F-22: HELD when the far end stops listening to us, UNHELD and ACTIVE when it does again. */
  #tellHold(direction: Direction): void {
    const heldNow = direction === 'recvonly' || direction === 'inactive';
    const held = this.#channel.callState === 'HELD';
    if (heldNow && !held) this.#channel.setCallState('HELD');
    if (!heldNow && held) {
      this.#channel.setCallState('UNHELD');
      this.#channel.setCallState('ACTIVE');
    }
  }

  #far(): { readonly address: string; readonly port: number } {
    const { variables } = this.#channel;
    return { address: variables.get('remote_media_ip') ?? '0.0.0.0', port: Number(variables.get('remote_media_port') ?? 0) };
  }

  #terms(version: number): Parameters<typeof writeAudioOffer>[0] {
    return { sessionId: this.#sessionId, version, ...this.#local, protocol: 'RTP/AVP', direction: this.#channel.direction };
  }

  /** RFC 3264 §8: the version grows only when something else changed. */
  #write(render: (version: number) => string): string {
    let sdp = render(this.#version);
    if (this.#lastSdp !== '' && sdp !== this.#lastSdp) sdp = render(++this.#version);
    this.#lastSdp = sdp;
    this.#channel.setVariable('rtp_local_sdp_str', sdp);
    this.#channel.setVariable('local_media_ip', this.#local.address);
    this.#channel.setVariable('local_media_port', String(this.#local.port));
    this.#channel.setVariable('advertised_media_ip', this.#local.address);
    return sdp;
  }
}

/** RFC 3551 §4.5.2: G.722 samples at 16 kHz, whatever its RTP clock says. */
const samplingRate = ({ codec, clockRate }: AudioChoice): number => (codec === 'G722' ? 16_000 : clockRate);
