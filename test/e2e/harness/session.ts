/** What one test opens and must close: the program it calls, and the phones that call it. */
import { Phone } from '../phone/phone.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';
import type { Program } from './program.ts';
import { Sipp, type SippOptions } from './sipp.ts';

export const hostPin = '135792';
export const guestPin = '864209';
/** Any digits that are neither. */
export const wrongPin = '246813';

/** The phones of one test. `end` hangs all of them up and proves that the program kept nothing of them. */
export class Phones {
  readonly #program: Program;
  readonly #phones: Phone[] = [];
  readonly #baresips: Baresip[] = [];
  readonly #sipps: Sipp[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  /** A phone, sending a tone (0: silence), not dialled yet. */
  async phone(name: string, toneHz = 0): Promise<Phone> {
    const phone = await Phone.open(name, this.#program.sip);
    phone.media.tone(toneHz);
    this.#phones.push(phone);
    return phone;
  }

  /** A phone that dialled, keyed the PIN as soon as it was answered, and is in the room's list. */
  async inRoom(name: string, alias: string, pin: string, toneHz = 0): Promise<Phone> {
    const phone = await this.phone(name, toneHz);
    await phone.call(alias);
    if (pin !== '') await phone.press(`${pin}#`);
    await this.#program.untilRoom(alias, `${name} to be there`, (participants) => participants.some((participant) => participant.caller.includes(name)));
    return phone;
  }

  async baresip(name: string, toneHz: number, options?: BaresipOptions): Promise<Baresip> {
    const baresip = await Baresip.start(name, toneHz, options);
    this.#baresips.push(baresip);
    return baresip;
  }

  async sipp(options: SippOptions): Promise<Sipp> {
    const sipp = await Sipp.start(this.#program.sip, options);
    this.#sipps.push(sipp);
    return sipp;
  }

  async end(): Promise<void> {
    try {
      await Promise.all(this.#phones.filter((phone) => phone.isUp).map((phone) => phone.hangUp()));
      await Promise.all(this.#baresips.map((baresip) => baresip.stop()));
      if (!this.#program.exited) await this.#program.untilIdle();
    } finally {
      for (const sipp of this.#sipps) sipp.kill();
      for (const phone of this.#phones) phone.close();
    }
  }
}

/** Runs a test with phones of its own; afterwards nothing of it is left in the program, also when it failed. */
export async function withPhones(program: Program, test: (phones: Phones) => Promise<void>): Promise<void> {
  const phones = new Phones(program);
  try {
    await test(phones);
  } catch (error) {
    // What failed first is what counts; the phones are hung up all the same.
    await phones.end().catch(() => undefined);
    if (error instanceof Error) error.message += `\nlog of the program:\n${program.log.slice(-4000)}`;
    throw error;
  }
  await phones.end();
}
