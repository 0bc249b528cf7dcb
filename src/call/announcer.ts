import type { ControlCommand } from '../domain/commands.ts';
import type { Room, RoomId } from '../domain/room.ts';
import { attempt } from '../lib/attempt.ts';
import type { Scheduler } from '../lib/machine.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { MediaPort } from '../ports/media.ts';
import type { AnnouncementFiles } from '../ports/recording-files.ts';
import type { SpeechPort } from '../ports/speech.ts';
import type { Refusal } from '../domain/control.ts';

export interface AnnouncerOptions {
  readonly media: Pick<MediaPort, 'announceFile'>;
  readonly speech: SpeechPort;
  readonly files: AnnouncementFiles;
  /** Says a file to one leg. */
  readonly tell: (call: string, path: string) => Promise<'said' | 'failed'>;
  readonly scheduler: Scheduler;
}

type Announcement = Extract<ControlCommand, { readonly type: 'announce' }>;

const longestText = 1_000;
/** In one room at a time: they follow one another. */
const mostAtOnce = 4;
/** What cannot be played is told at once; what plays is not waited for. */
const begunMs = 500;

/** Says a text or a file to a conference or to one participant. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #underWay = new Map<RoomId, number>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Settles when it is being said, or with why it is not. */
  async announce(room: Room, command: Announcement): Promise<Result<void, Refusal>> {
    const underWay = this.#underWay.get(room.id) ?? 0;
    if (underWay >= mostAtOnce) return err('not_now');
    this.#underWay.set(room.id, underWay + 1);
    const sound = await this.#sound(room, command);
    if (!sound.ok) {
      this.#over(room.id);
      return sound;
    }
    const { path, remove } = sound.value;
    const saying = (command.to === 'room' ? this.#options.media.announceFile(room.id, path) : this.#options.tell(command.to.call, path)).finally(async () => {
      this.#over(room.id);
      await remove();
    });
    const outcome = await attempt(saying, begunMs, this.#options.scheduler);
    // Too long to be over already: it is being said.
    if (!outcome.ok) return outcome.error.kind === 'timeout' ? ok(undefined) : err('failed');
    return outcome.value === 'said' ? ok(undefined) : err('failed');
  }

  async #sound({ language }: Room, { text, file }: Announcement): Promise<Result<{ readonly path: string; readonly remove: () => Promise<void> }, Refusal>> {
    if ((text === undefined) === (file === undefined)) return err('value_invalid');
    if (file !== undefined) {
      const path = await this.#options.files.find(file);
      return path === undefined ? err('value_invalid') : ok({ path, remove: () => Promise.resolve() });
    }
    if (text === undefined || text.trim() === '' || text.length > longestText) return err('value_invalid');
    return this.#options.speech.speak(text, language);
  }

  #over(room: RoomId): void {
    const left = (this.#underWay.get(room) ?? 1) - 1;
    if (left > 0) this.#underWay.set(room, left);
    else this.#underWay.delete(room);
  }
}
