import type Mrf from 'drachtio-fsmrf';
import { attempt } from '../../lib/attempt.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { quotedFile } from './esl-text.ts';
import type { MediaServerConnection } from './media-server.ts';

/** A file that never ends must not hold back what follows it; spoken text may take minutes. */
const sayMs = 300_000;

/** What the conference says of one member, and what is said to that member alone. */
export class MemberAnnouncements {
  readonly #connection: MediaServerConnection;
  readonly #scheduler: Scheduler;
  #onMember: ((member: string) => void) | undefined;
  #onSaid: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** The membership things are said in; what was meant for a former one is dropped. */
  #membership = 0;

  constructor(connection: MediaServerConnection, scheduler: Scheduler) {
    this.#connection = connection;
    this.#scheduler = scheduler;
  }

  /** The member id that the next join gives. */
  nextMember(): Promise<string> {
    return new Promise((resolve) => {
      this.#onMember = resolve;
    });
  }

  /** Says files one after the other, and after all that was given before; settles when the last one is over. */
  say(conference: string, member: string, files: readonly string[]): Promise<'said' | 'failed'> {
    const membership = this.#membership;
    const turn = this.#turn.then(async () => {
      let outcome: 'said' | 'failed' = 'said';
      for (const file of files) {
        if (this.#membership !== membership) return 'failed';
        if ((await this.#sayOne(`conference ${conference} play ${quotedFile(file)} ${member}`)) === 'failed') outcome = 'failed';
      }
      return outcome;
    });
    this.#turn = turn;
    return turn;
  }

  /** An event of a conference about this member. */
  heard(event: Mrf.Event): void {
    if (event.getHeader('Event-Subclass') !== 'conference::maintenance') return;
    switch (event.getHeader('Action')) {
      case 'add-member':
        this.#onMember?.(event.getHeader('Member-ID') ?? '');
        this.#onMember = undefined;
        return;
      case 'play-file-member-done':
        this.#onSaid?.();
        return;
      default:
        return;
    }
  }

  /** No longer a member: nothing is said any more. */
  left(): void {
    this.#membership += 1;
    this.#onMember = undefined;
    this.#onSaid?.();
  }

  async #sayOne(command: string): Promise<'said' | 'failed'> {
    const said = new Promise<void>((resolve) => {
      this.#onSaid = resolve;
    });
    const taken = await this.#connection.api(command);
    const outcome = taken?.startsWith('+OK') === true && (await attempt(said, sayMs, this.#scheduler)).ok ? 'said' : 'failed';
    this.#onSaid = undefined;
    return outcome;
  }
}
