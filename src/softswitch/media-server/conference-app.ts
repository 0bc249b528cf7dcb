/** The `conference` application of a channel: the PIN, the refusals with their sounds, the membership, the goodbye of a kick. */
import { unreachable } from '../../lib/result.ts';
import { playlist } from './audio-source.ts';
import { channelHeaders } from './channel-headers.ts';
import type { AppCall, Channel, RunningApp } from './channel.ts';
import { readJoinArgument, type JoinRefusal, type JoinRequest } from './conference-join.ts';
import type { Member } from './conference-member.ts';
import { askPin, type PinDialogue, type Pins } from './conference-pin.ts';
import type { SoundName } from './conference-profile.ts';
import { Play } from './play.ts';

const NO_RESPONSE = '_none_';

type Done = (response: string) => void;

export function startConference(channel: Channel, call: AppCall, done: Done): RunningApp {
  return new ConferenceApp(channel, readJoinArgument(call.argument), done);
}

class ConferenceApp implements RunningApp {
  readonly #channel: Channel;
  readonly #request: JoinRequest;
  readonly #done: Done;
  #pin: PinDialogue | undefined;
  #member: Member | undefined;
  #sound: Play | undefined;

  constructor(channel: Channel, request: JoinRequest, done: Done) {
    this.#channel = channel;
    this.#request = request;
    this.#done = done;
    const pins = this.#pins();
    if (pins === undefined) this.#enter();
    else this.#ask(pins);
  }

  end(): void {
    this.#pin?.end();
    const member = this.#member;
    this.#member = undefined;
    member?.conference.remove(member);
    this.#sound?.abandon();
  }

  digit(digit: string): boolean {
    if (this.#pin !== undefined) return this.#pin.digit(digit);
    return this.#member !== undefined && this.#member.conference.digit(this.#member, digit);
  }

  /** What the caller must know, if anything. */
  #pins(): Pins | undefined {
    const { core, variables } = this.#channel;
    if (variables.get('conference_enforce_security') === 'false') return undefined;
    const present = core.conferences.get(this.#request.name);
    const profile = present?.profile ?? core.conferences.profile(this.#request.profile);
    const pin = this.#request.pin || (present?.settings.pin ?? profile.pin);
    const moderatorPin = variables.get('conference_moderator_pin') ?? present?.settings.moderatorPin ?? profile.moderatorPin;
    return pin === '' && moderatorPin === '' ? undefined : { pin, moderatorPin };
  }

  #ask(pins: Pins): void {
    // Who cannot come in for another reason is not asked.
    if (this.#channel.core.conferences.refusal(this.#channel, this.#request) === 'join_only') {
      this.#enter();
      return;
    }
    const profile = this.#channel.core.conferences.get(this.#request.name)?.profile ?? this.#channel.core.conferences.profile(this.#request.profile);
    this.#pin = askPin(this.#channel, pins, profile, (outcome) => {
      this.#pin = undefined;
      switch (outcome) {
        case 'caller':
          this.#enter();
          return;
        case 'moderator':
          this.#enter(['moderator']);
          return;
        case 'wrong':
          // Asked in vain, the application is over; who could not be asked is hung up (F-18).
          this.#done(NO_RESPONSE);
          return;
        case 'no_prompt':
          this.#channel.hangup('DESTINATION_OUT_OF_ORDER');
          return;
        default:
          unreachable(outcome);
      }
    });
    this.#pin.begin();
  }

  #enter(extraFlags: readonly string[] = []): void {
    const request = { ...this.#request, flags: new Set([...this.#request.flags, ...extraFlags]) };
    const outcome = this.#channel.core.conferences.join(this.#channel.core, this.#channel, request, (kicked) => this.#left(kicked));
    if (outcome.joined) {
      this.#member = outcome.member;
      return;
    }
    this.#channel.core.log.info({ channel: this.#channel.uuid, refusal: outcome.refusal }, 'conference join refused');
    this.#refuse(outcome.refusal);
  }

  /** F-18: locked and full complete the application, the channel stays; join-only ends the channel. */
  #refuse(refusal: JoinRefusal): void {
    switch (refusal) {
      case 'locked':
        this.#playThenDone('locked-sound');
        return;
      case 'full':
        this.#playThenDone('max-members-sound');
        return;
      case 'no_name':
      case 'already_in':
      case 'ending':
        this.#done(NO_RESPONSE);
        return;
      case 'join_only': {
        const { name, profile } = this.#request;
        const about = [['Conference-Name', name], ['Conference-Profile-Name', profile], ['Action', 'rejected-join-only']] as const;
        this.#channel.core.bus.publish('CUSTOM', [...channelHeaders(this.#channel), ...about], { subclass: 'conference::maintenance' });
        this.#channel.hangup('NORMAL_CLEARING');
        return;
      }
      default:
        unreachable(refusal);
    }
  }

  #left(kicked: { readonly sound: string | undefined } | undefined): void {
    const conference = this.#member?.conference;
    this.#member = undefined;
    // The channel itself goes: nobody listens any more.
    if (conference === undefined || this.#channel.ended) return;
    const sound = kicked === undefined ? undefined : (kicked.sound ?? conference.profile.sounds['kicked-sound']);
    if (sound === undefined) this.#done(NO_RESPONSE);
    else this.#play(sound, conference.settings.soundPrefix);
  }

  #playThenDone(name: SoundName): void {
    const present = this.#channel.core.conferences.get(this.#request.name);
    const sound = present?.profile.sounds[name];
    if (present === undefined || sound === undefined) this.#done(NO_RESPONSE);
    else this.#play(sound, present.settings.soundPrefix);
  }

  #play(sound: string, soundPrefix: string): void {
    this.#sound = new Play(this.#channel, playlist(sound, undefined, soundPrefix), '', () => this.#done(NO_RESPONSE));
  }
}
