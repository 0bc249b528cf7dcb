/** One RTP session with one far end: what arrives is judged, counted and sorted, what is to be heard is packed and sent. */
import { isIP } from 'node:net';
import type { RemoteInfo } from 'node:dgram';
import { Machine } from '../../lib/machine.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { unreachable } from '../../lib/result.ts';
import { initialDtmf, readTelephoneEvent, stepDtmf } from '../../protocol/dtmf/telephone-event.ts';
import type { DtmfEffect, DtmfEvent, DtmfState } from '../../protocol/dtmf/telephone-event.ts';
import { aLaw, decodeG711, encodeG711, muLaw } from '../../protocol/g711/g711.ts';
import type { G711Law } from '../../protocol/g711/g711.ts';
import { FRAME_SAMPLES, JitterBuffer, MAX_PACKET_SAMPLES } from '../../protocol/rtp/jitter-buffer.ts';
import type { TakeOutcome } from '../../protocol/rtp/jitter-buffer.ts';
import { datagramKind, emptyPacket, isValidRtcp, readRtp } from '../../protocol/rtp/packet.ts';
import type { AudioFormat, EngineEvent, FarConfiguration, LegId, LegStats } from './api.ts';
import type { AudioFiles } from './audio-files.ts';
import { FarEnd } from './far-end.ts';
import { Player } from './player.ts';
import { PacketLimit } from './rate-limit.ts';
import { RtpSender } from './rtp-sender.ts';
import type { RtpSockets } from './rtp-sockets.ts';

/** Larger than any audio packet: a full Ethernet frame. */
const MAX_DATAGRAM = 1500;
const SAMPLES_PER_MS = 8;

/** What a leg needs of the engine. */
export interface LegServices {
  readonly now: () => number;
  readonly scheduler: Scheduler;
  readonly files: AudioFiles;
  readonly emit: (event: EngineEvent) => void;
  readonly onError: (error: unknown) => void;
}

// One packet is worked on at a time, so all legs share these.
const packet = emptyPacket();
const decoded = new Int16Array(MAX_PACKET_SAMPLES);
const encoded = new Uint8Array(FRAME_SAMPLES);
const silence = new Map<G711Law, Uint8Array>([muLaw, aLaw].map((law) => [law, new Uint8Array(FRAME_SAMPLES).fill(law.silence)]));

export class Leg {
  readonly id: LegId;
  readonly player: Player;
  readonly #services: LegServices;
  readonly #farEnd = new FarEnd();
  readonly #limit = new PacketLimit();
  readonly #dtmf: Machine<DtmfState, DtmfEvent, DtmfEffect>;
  readonly #sender: RtpSender;
  readonly #stats = {
    inPackets: 0,
    inMediaPackets: 0,
    inBytes: 0,
    inMediaBytes: 0,
    inDtmfPackets: 0,
    inCngPackets: 0,
    inLost: 0,
    inDiscarded: 0,
    inUnauthenticated: 0,
    inLargestJitterBuffer: 0,
    inJitterMs: 0,
    inJitterMinMs: 0,
    inJitterMaxMs: 0,
    outPackets: 0,
    outBytes: 0,
    outDtmfPackets: 0,
    rtcpPackets: 0,
    rtcpOctets: 0,
  };
  #sockets: RtpSockets | undefined;
  #closed = false;
  #format: AudioFormat | undefined;
  #law: G711Law = muLaw;
  #sends = false;
  #receives = false;
  /** There while somebody listens: audio nobody hears is not decoded. */
  #jitter: JitterBuffer | undefined;

  constructor(id: LegId, services: LegServices) {
    this.id = id;
    this.#services = services;
    this.player = new Player(id, services.files, services.emit);
    this.#sender = new RtpSender((bytes) => {
      this.#transmit(bytes);
    });
    this.#dtmf = new Machine({ initial: initialDtmf, step: stepDtmf, run: this.#runDtmf.bind(this), onError: services.onError }, services.scheduler);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): LegStats {
    return { ...this.#stats, inLargestJitterBuffer: Math.max(this.#stats.inLargestJitterBuffer, this.#jitter?.largestDepth ?? 0) };
  }

  /** The law the far end hears; frames already in it can be shared between legs. */
  get law(): G711Law {
    return this.#law;
  }

  /** Hands over the sockets; the leg closes them. */
  attach(sockets: RtpSockets): void {
    this.#sockets = sockets;
  }

  configure({ address, port, format, direction }: FarConfiguration): void {
    this.#farEnd.signal({ address, port });
    this.#format = format;
    this.#law = format.codec === 'PCMU' ? muLaw : aLaw;
    this.#sender.configure(format.payloadType, format.ptime);
    this.#sends = direction === 'sendrecv' || direction === 'sendonly';
    this.#receives = direction === 'sendrecv' || direction === 'recvonly';
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.player.stop();
    this.#dtmf.stop();
    this.#sockets?.close();
  }

  /** From here on audio is kept for `receive`, from the next packet on. */
  startListening(): void {
    this.#jitter = new JitterBuffer();
  }

  stopListening(): void {
    this.#stats.inLargestJitterBuffer = this.stats.inLargestJitterBuffer;
    this.#jitter = undefined;
  }

  /** What the far end says at the tick of `slot`. */
  receive(slot: number, frame: Int16Array): TakeOutcome {
    if (this.#jitter === undefined) {
      frame.fill(0);
      return 'silence';
    }
    const outcome = this.#jitter.take(slot, frame);
    if (outcome === 'concealed') this.#stats.inLost++;
    return outcome;
  }

  sendFrame(frame: Int16Array): void {
    encodeG711(this.#law, frame, encoded);
    this.sendCodes(encoded);
  }

  /** Sends a frame that is in this leg's law already. Every tick sends something, or pauses. */
  sendCodes(codes: Uint8Array): void {
    if (this.#sends) this.#sender.push(codes);
    else this.#sender.pause(1);
  }

  /** Keeps the way through NATs open, and the far end's jitter buffer running. */
  sendSilence(): void {
    this.sendCodes(silence.get(this.#law) ?? encoded);
  }

  /** Ticks that never happened: the clock skipped them. */
  skip(ticks: number): void {
    this.#sender.pause(ticks);
  }

  #transmit(bytes: Buffer): void {
    const { target } = this.#farEnd;
    // Port 0 and host names are what a stranger can put into SDP; there is nowhere to send then until he shows himself.
    if (this.#sockets === undefined || target === undefined || target.port < 1 || target.port > 65535 || isIP(target.address) === 0) return;
    this.#sockets.send(bytes, target.port, target.address);
    this.#stats.outPackets++;
    this.#stats.outBytes += bytes.length;
  }

  /** One datagram from anybody. */
  onDatagram(bytes: Buffer, from: RemoteInfo): void {
    const now = this.#services.now();
    // Strangers first: their flood must not use up what the far end may send.
    if (this.#closed || this.#farEnd.isForeign(from) || !this.#limit.admit(now) || !this.#take(bytes, from, now)) this.#stats.inDiscarded++;
  }

  /** Takes one datagram; false when it was discarded. */
  #take(bytes: Buffer, from: RemoteInfo, now: number): boolean {
    if (bytes.length > MAX_DATAGRAM || this.#format === undefined) return false;
    const kind = datagramKind(bytes);
    // RTCP on the RTP port is muxed (RFC 5761) or lost; either way there is nothing in it for us.
    if (kind !== 'rtp') return kind === 'rtcp' && isValidRtcp(bytes);
    if (readRtp(bytes, packet) !== undefined) return false;
    this.#stats.inPackets++;
    this.#stats.inBytes += bytes.length;
    const { payloadType } = packet;
    const isAudio = payloadType === this.#format.payloadType;
    // Other payload types (comfort noise, a codec of before) are no fault, but only an agreed one proves a source.
    if (!isAudio && payloadType !== this.#format.telephoneEvent) return true;
    this.#farEnd.lock(from);
    return isAudio ? this.#takeAudio(bytes, now) : this.#takeTelephoneEvent(bytes.subarray(packet.payloadStart, packet.payloadEnd));
  }

  #takeAudio(bytes: Uint8Array, now: number): boolean {
    const { payloadStart, payloadEnd } = packet;
    if (payloadEnd - payloadStart > MAX_PACKET_SAMPLES) return false;
    this.#stats.inMediaPackets++;
    if (this.#jitter === undefined || !this.#receives) return true;
    const count = decodeG711(this.#law, bytes, payloadStart, payloadEnd, decoded);
    return this.#jitter.put(packet.ssrc, packet.timestamp, now, decoded, count) === 'queued';
  }

  #takeTelephoneEvent(payload: Uint8Array): boolean {
    const event = readTelephoneEvent(payload);
    if (event === undefined) return false;
    this.#stats.inDtmfPackets++;
    if (this.#receives) this.#dtmf.post({ type: 'packet', ssrc: packet.ssrc, timestamp: packet.timestamp, ...event });
    return true;
  }

  #runDtmf(effect: DtmfEffect, machine: Machine<DtmfState, DtmfEvent, DtmfEffect>): void {
    switch (effect.type) {
      case 'startTimer':
        machine.startTimer('end', effect.ms, { type: 'timeout' });
        return;
      case 'cancelTimer':
        machine.cancelTimer('end');
        return;
      case 'pressed':
        this.player.pressed(effect.digit);
        return;
      case 'digit': {
        const { digit, duration, ssrc, timestamp } = effect;
        this.#services.emit({ type: 'dtmf', leg: this.id, source: 'rtp', digit, durationMs: duration / SAMPLES_PER_MS, ssrc, timestamp });
        return;
      }
      default:
        unreachable(effect);
    }
  }
}
