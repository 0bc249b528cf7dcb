/** A drachtio application that answers every call and writes down the keys it is told of. */
import { once } from 'node:events';
import Mrf from 'drachtio-fsmrf';
import Srf from 'drachtio-srf';
import type { Target } from '../../e2e/phone/phone.ts';

export interface Servers {
  readonly drachtio: Target & { readonly secret: string };
  readonly esl: Target & { readonly secret: string };
}

export class Desk {
  readonly #srf: Srf;
  readonly #media: Mrf.MediaServer;
  /** By what was dialled. */
  readonly #read = new Map<string, string>();

  private constructor(srf: Srf, media: Mrf.MediaServer) {
    this.#srf = srf;
    this.#media = media;
    srf.invite((req, res) => void this.#answer(req, res).catch((error: unknown) => console.error(error)));
  }

  static async open({ drachtio, esl }: Servers): Promise<Desk> {
    const srf = new Srf();
    srf.connect(drachtio);
    await once(srf, 'connect');
    const media = await new Promise<Mrf.MediaServer>((resolve, reject) => {
      new Mrf(srf).connect({ address: esl.host, port: esl.port, secret: esl.secret, listenAddress: esl.host }, (error, server) => {
        if (server === undefined) reject(new Error(String(error)));
        else resolve(server);
      });
    });
    return new Desk(srf, media);
  }

  /** The keys of the call to `dialled`. */
  read(dialled: string): string {
    return this.#read.get(dialled) ?? '';
  }

  close(): void {
    this.#media.disconnect();
    this.#srf.disconnect();
  }

  async #answer(req: Srf.Request, res: Srf.Response): Promise<void> {
    const dialled = /^sips?:([^@;]+)@/.exec(req.uri)?.[1] ?? '';
    const endpoint = await this.#media.createEndpoint({ remoteSdp: req.body });
    endpoint.on('dtmf', ({ dtmf }) => void this.#read.set(dialled, this.read(dialled) + dtmf));
    if (!req.body.includes('telephone-event')) await new Promise<void>((resolve) => endpoint.conn?.execute('start_dtmf', '', () => resolve()));
    const dialog = await this.#srf.createUAS(req, res, { localSdp: endpoint.local.sdp });
    dialog.on('destroy', () => void endpoint.dialog?.destroy());
  }
}
