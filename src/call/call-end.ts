import type { Prompt } from '../domain/prompts.ts';
import { endCause, logLevelOf, type EndReason } from '../domain/reasons.ts';
import { attempt, errorText } from '../lib/attempt.ts';
import type { Scheduler } from '../lib/machine.ts';
import type { Result } from '../lib/result.ts';
import type { CallLeg } from '../ports/call-leg.ts';
import type { CdrRecorder } from '../ports/cdr.ts';
import type { Log } from '../ports/log.ts';
import type { AllocateFailure, LegMedia } from '../ports/media.ts';
import type { LegVoice } from './leg-voice.ts';

export interface EndingCall {
  readonly leg: CallLeg;
  readonly since: number;
  /** Undefined: it was not answered. */
  readonly voice: LegVoice | undefined;
  readonly allocation: Promise<Result<LegMedia, AllocateFailure>>;
  readonly cdr: CdrRecorder;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** The longest goodbye; a media server that does not come back from playing must not hold a call. */
const goodbyeMs = 15_000;
const watchdogMs = 300_000;

/** The last of a call, its goodbye first. Each step is taken even if the one before failed; when it settles the call is closed in the books. */
export async function endCall({ leg, since, voice, allocation, cdr, scheduler, log }: EndingCall, reason: EndReason, goodbye: readonly Prompt[]): Promise<void> {
  const unwatch = scheduler.after(watchdogMs, () => log.error({ code: 'call_stuck', reason }, 'the call did not finish within 5 minutes of its end'));
  const { status, fault } = endCause(reason);
  log[logLevelOf(reason)]({ reason, fault, seconds: Math.round((scheduler.now() - since) / 1_000) }, `call ended: ${reason}`);
  voice?.fallSilent();
  if (voice !== undefined && goodbye.length > 0) {
    const said = await attempt(voice.farewell(goodbye), goodbyeMs, scheduler);
    if (!said.ok) log.warn({ code: 'goodbye_failed', how: said.error.kind }, 'the goodbye was not played in full');
  }
  // The far end is told first, then its media goes.
  await step('signalling', () => leg.end(reason), log);
  await step(
    'media',
    async () => {
      const allocated = await allocation;
      if (allocated.ok) await allocated.value.release();
    },
    log,
  );
  cdr.record({ type: 'callClosed', id: leg.id, at: scheduler.now(), reason, cause: voice === undefined ? `SIP ${status}` : 'BYE', fault });
  unwatch();
}

async function step(what: string, doIt: () => Promise<void>, log: Log): Promise<void> {
  try {
    await doIt();
  } catch (error) {
    log.error({ code: 'call_defect', at: what, problem: errorText(error) }, 'a part of the call could not be ended');
  }
}
