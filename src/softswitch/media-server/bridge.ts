/** Two channels that hear each other: a private conference of the engine with two members, and its events. */
import type { EslHeader } from '../../protocol/esl/event.ts';
import type { MemberState } from '../engine/api.ts';
import type { Channel } from './channel.ts';

/** Everything passes: there is nobody to be told who talks. */
const OPEN: MemberState = { speak: true, hear: true, volumeIn: 0, volumeOut: 0, energyLevel: 0 };

const SAMPLES_PER_MS = 8;

export class Bridge {
  readonly #id: string;
  readonly #legs: readonly [Channel, Channel];
  readonly #ended: () => void;
  #over = false;

  /** Takes both channels away from whatever they run. `ended` is called once, when both are free again. */
  constructor(a: Channel, b: Channel, ended: () => void = () => undefined) {
    const { core } = a;
    this.#id = core.newUuid();
    this.#legs = [a, b];
    this.#ended = ended;
    core.engine.createConference(this.#id, { rate: mixingRate(Math.max(a.rate, b.rate)) });
    for (const [leg, other] of [[a, b], [b, a]] as const) {
      leg.bridge = this;
      leg.bridgedAt = core.scheduler.now();
      leg.setVariable('signal_bond', other.uuid);
      leg.setVariable('bridge_uuid', other.uuid);
      leg.setVariable('bridge_channel', other.name);
      leg.setVariable('last_bridge_to', other.uuid);
      leg.setState('CS_EXCHANGE_MEDIA');
      core.engine.join(this.#id, leg.uuid, leg.muted ? { ...OPEN, speak: false } : OPEN);
    }
    a.publish('CHANNEL_BRIDGE', this.#headers(a, b));
  }

  other(channel: Channel): Channel {
    const [a, b] = this.#legs;
    return channel === a ? b : a;
  }

  /** `set_mute` of one side. */
  apply(leg: Channel): void {
    leg.core.engine.setMember(leg.uuid, leg.muted ? { ...OPEN, speak: false } : OPEN);
  }

  /** A key of one side is pressed towards the other; tones in the audio pass by themselves. */
  passDigit(from: Channel, digit: string, samples: number): void {
    const { engine } = from.core;
    engine.sendDtmf(this.other(from).uuid, digit, Math.round(samples / SAMPLES_PER_MS));
  }

  /** Parts the two. What becomes of them is their variables' business, but for those who have a place to go to. */
  end(...leaving: readonly Channel[]): void {
    if (this.#over) return;
    this.#over = true;
    const [a, b] = this.#legs;
    const { engine } = a.core;
    for (const leg of this.#legs) {
      engine.leave(leg.uuid);
      leg.bridge = undefined;
      leg.setVariable('signal_bond', undefined);
    }
    engine.destroyConference(this.#id);
    a.publish('CHANNEL_UNBRIDGE', this.#headers(a, b));
    for (const leg of this.#legs) this.#goOn(leg, leaving.includes(leg));
    this.#ended();
  }

  /** FreeSWITCH's hangup_after_bridge; otherwise the channel is parked, and without an event socket nobody could reach it. */
  #goOn(leg: Channel, leaving: boolean): void {
    if (leg.ended) return;
    leg.setState('CS_EXECUTE');
    if (leaving) return;
    if (leg.variables.get('hangup_after_bridge') === 'true' || leg.socket === undefined) leg.hangup('NORMAL_CLEARING');
    else leg.publish('CHANNEL_PARK', []);
  }

  #headers(a: Channel, b: Channel): readonly EslHeader[] {
    return [
      ['Bridge-A-Unique-ID', a.uuid],
      ['Bridge-B-Unique-ID', b.uuid],
      ['Other-Type', 'originatee'],
      ['Other-Leg-Unique-ID', b.uuid],
      ['Other-Leg-Channel-Name', b.name],
      ['Other-Leg-Caller-ID-Name', b.caller.name],
      ['Other-Leg-Caller-ID-Number', b.caller.number],
      ['Other-Leg-Destination-Number', b.caller.destination],
    ];
  }
}

function mixingRate(rate: number): 8_000 | 16_000 | 48_000 {
  return rate <= 8_000 ? 8_000 : rate <= 16_000 ? 16_000 : 48_000;
}
