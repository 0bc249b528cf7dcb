import type Srf from 'drachtio-srf';
import type { EndReason } from '../../domain/reasons.ts';
import type { Scheduler } from '../../lib/machine.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import type { Caller, DialledLeg, LegHandlers } from '../../ports/call-leg.ts';
import type { DialRequest, OutboundLeg } from '../../ports/dial.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaDescription } from '../../ports/media.ts';
import type { CallTarget } from '../../ports/user-call.ts';
import { formatNameAddr } from '../../protocol/sip/name-addr.ts';
import { describeSdp } from '../../protocol/sdp/description.ts';
import { headerText, shownText } from './header-text.ts';
import { dialled, type WireEnd } from './inbound-leg.ts';
import { LegDialog } from './leg-dialog.ts';
import { allowed } from './methods.ts';
import { proxyOf, routeOf, statusOf } from './next-hop.ts';

export interface OutboundLegOptions {
  readonly id: string;
  readonly srf: Srf;
  readonly wireEnd: WireEnd;
  /** What all who were called have answered, as one reason. */
  readonly calleeEnd: (statuses: readonly number[]) => EndReason;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** Called once, when nothing of the call is left. */
  readonly onClosed: () => void;
}

/** One telephone that is called. `cancel`: wanted before there was a request to be cancelled (RFC 3261 §9.1). */
type Branch = { readonly is: 'called'; readonly request: Srf.Request | undefined } | { readonly is: 'over' };

/**
 * - `idle`: nobody has been called
 * - `calling`: INVITEs are out; `settle` answers who waits
 * - `answered`: there is a dialog
 * - `over`: ended, by whichever side
 */
type State =
  | { readonly is: 'idle' }
  | { readonly is: 'calling'; readonly branches: Branch[]; readonly statuses: number[]; readonly settle: (answer: Result<MediaDescription, 'gone'>) => void }
  | { readonly is: 'answered'; readonly dialog: Srf.Dialog }
  | { readonly is: 'over' };

/** A call that we make, to one telephone or to all of a user, and the dialog it leads to. */
export class SipOutboundLeg implements OutboundLeg {
  readonly protocol = 'sip';
  readonly id: string;
  readonly aliases: readonly [string, ...string[]];
  readonly identity?: string;
  readonly offer = { kind: 'none' } as const;
  readonly dialled?: DialledLeg;
  readonly #options: OutboundLegOptions;
  readonly #request: DialRequest;
  readonly #dialog: LegDialog;
  #handlers: LegHandlers | undefined;
  #state: State = { is: 'idle' };
  #caller: Caller;
  #protocolId = '';

  constructor(options: OutboundLegOptions, request: DialRequest) {
    this.id = options.id;
    this.#options = options;
    this.#request = request;
    if (request.identity !== undefined) this.identity = request.identity;
    if (request.into !== undefined) this.dialled = request.into;
    const [first] = request.targets;
    const [address, number = address] = dialled(first.uri);
    const said = shownText(request.dialled);
    this.aliases = [address, said];
    this.#caller = { name: shownText(request.name) || said, number: shownText(number), uri: shownText(first.uri), source: { address: '', port: 0, transport: '' } };
    this.#dialog = new LegDialog({ scheduler: options.scheduler, log: options.log, handlers: () => this.#handlers, onEnded: (reason) => this.#farEnded(reason === 'caller_hung_up' ? 'callee_hung_up' : reason) });
  }

  /** Where it is known once it has answered. */
  get caller(): Caller {
    return this.#caller;
  }

  get protocolId(): string {
    return this.#protocolId;
  }

  listen(handlers: LegHandlers): void {
    this.#handlers = handlers;
  }

  answer(media: MediaDescription): Promise<Result<MediaDescription, 'gone'>> {
    if (this.#state.is !== 'idle') return Promise.resolve(err('gone'));
    const sdp = this.#dialog.writeMedia(media, undefined);
    const { targets } = this.#request;
    return new Promise((settle) => {
      this.#state = { is: 'calling', branches: targets.map(() => ({ is: 'called', request: undefined })), statuses: [], settle };
      targets.forEach((target, branch) => this.#invite(branch, target, sdp));
    });
  }

  async end(reason: EndReason): Promise<void> {
    const state = this.#state;
    if (state.is === 'over') return;
    this.#close();
    const { reason: value } = this.#options.wireEnd(reason);
    if (state.is === 'calling') {
      this.#cancelAll(state.branches);
      state.settle(err('gone'));
    } else if (state.is === 'answered') {
      await this.#dialog.bye(state.dialog, { Reason: headerText(value) });
    }
  }

  sendText(text: string): Promise<Result<void, 'not_supported' | 'failed'>> {
    return this.#dialog.sendText(text);
  }

  get dialog(): string | undefined {
    return this.#state.is === 'answered' ? this.#state.dialog.id : undefined;
  }

  /** The connection to the SIP server is lost, and the dialog with it (D-10). */
  signallingLost(): void {
    // The library would keep the dialog for ever (D-10).
    if (this.#state.is === 'answered') this.#options.srf.removeDialog(this.#state.dialog);
    this.#farEnded('signalling_lost');
  }

  #invite(branch: number, { uri, hop, from }: CallTarget, localSdp: string): void {
    const { credentials, hopsLeft } = this.#request;
    const display = shownText(from.display);
    const proxy = proxyOf(hop);
    this.#options.srf.createUAC(
      uri,
      {
        localSdp,
        headers: {
          // The server puts its own address in the place of localhost.
          From: formatNameAddr({ ...(display === '' ? {} : { display }), uri: `sip:${encodeURIComponent(from.name)}@localhost`, params: new Map() }),
          Allow: allowed,
          ...(hopsLeft === undefined ? {} : { 'Max-Forwards': String(hopsLeft) }),
          ...routeOf(hop),
        },
        ...(proxy === undefined ? {} : { proxy }),
        ...(credentials === undefined ? {} : { auth: credentials }),
      },
      {
        cbRequest: (_error, request) => this.#requested(branch, request),
        cbProvisional: (response) => {
          if (response.status >= 180 && this.#state.is === 'calling') this.#handlers?.onRinging?.();
        },
      },
      (error, dialog) => this.#settled(branch, error, dialog),
    );
  }

  #requested(branch: number, request: Srf.Request | undefined): void {
    if (request === undefined) return;
    this.#protocolId ||= shownText(request.get('Call-ID') ?? '');
    const state = this.#state;
    if (state.is === 'calling' && state.branches[branch]?.is === 'called') state.branches[branch] = { is: 'called', request };
    // Given up before the server had taken it.
    else request.cancel(() => undefined);
  }

  #settled(branch: number, error: unknown, dialog: Srf.Dialog | undefined): void {
    const state = this.#state;
    const expected = state.is === 'calling' && state.branches[branch]?.is === 'called';
    if (dialog !== undefined && !expected) {
      // Answered while the CANCEL was under way (RFC 3261 §9.1).
      void this.#dialog.bye(dialog);
    } else if (expected && dialog !== undefined) {
      state.branches[branch] = { is: 'over' };
      this.#cancelAll(state.branches);
      this.#answered(dialog, state.settle);
    } else if (expected) {
      state.branches[branch] = { is: 'over' };
      state.statuses.push(statusOf(error));
      if (state.branches.some(({ is }) => is === 'called')) return;
      this.#farEnded(this.#options.calleeEnd(state.statuses));
    }
  }

  #answered(dialog: Srf.Dialog, settle: (answer: Result<MediaDescription, 'gone'>) => void): void {
    const { res } = dialog;
    this.#state = { is: 'answered', dialog };
    const userAgent = res.get('User-Agent') ?? res.get('Server');
    this.#caller = { ...this.#caller, source: { address: res.source_address, port: res.source_port, transport: res.protocol }, ...(userAgent === undefined ? {} : { userAgent: shownText(userAgent) }) };
    this.#protocolId = shownText(dialog.sip.callId);
    this.#dialog.attend(dialog);
    const answer = describeSdp(dialog.remote.sdp);
    // What cannot be read has no line that can be used, and is ended for that.
    settle(ok(answer.ok ? answer.value : { lines: [] }));
  }

  #cancelAll(branches: Branch[]): void {
    branches.forEach((branch, index) => {
      if (branch.is !== 'called') return;
      branches[index] = { is: 'over' };
      branch.request?.cancel(() => undefined);
    });
  }

  #close(): void {
    this.#state = { is: 'over' };
    this.#options.onClosed();
  }

  #farEnded(reason: EndReason): void {
    const state = this.#state;
    if (state.is === 'over') return;
    this.#close();
    this.#handlers?.onEnded(reason);
    if (state.is === 'calling') state.settle(err('gone'));
  }
}
