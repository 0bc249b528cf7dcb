/** Applications that give a caller's voice back: test calls. */
import { blocking, NO_RESPONSE, OVER, type Apps } from './app.ts';
import type { AppCall, Channel, RunningApp } from './channel.ts';

const LEAST_DELAY_MS = 40;
const MOST_DELAY_MS = 10_000;
const DEFAULT_DELAY_MS = 1_000;

type Done = (response: string) => void;

export const echoApps: Apps = {
  echo: blocking((channel, _call, done) => echo(channel, 0, done)),
  delay_echo: blocking(delayEcho),
};

/** Until it is broken off; what is played over it sounds in its place. */
function echo(channel: Channel, delayMs: number, done: Done): RunningApp {
  const { core, uuid } = channel;
  const id = core.newUuid();
  core.plays.set(id, (event) => {
    if (event.type !== 'playDone') return;
    core.plays.delete(id);
    done(NO_RESPONSE);
  });
  core.engine.play(uuid, id, [{ kind: 'echo', delayMs }]);
  return {
    end: () => {
      if (core.plays.delete(id)) core.engine.breakPlay(uuid, true);
    },
    break: () => {
      if (core.plays.has(id)) core.engine.breakPlay(uuid, true);
    },
  };
}

/** `[<ms>]`, 1 to 10000, of which the shortest count as two frames; with anything else it is over at once (switch_ivr_delay_echo). */
function delayEcho(channel: Channel, { argument }: AppCall, done: Done): RunningApp {
  const text = argument.trim();
  const ms = text === '' ? DEFAULT_DELAY_MS : Number(/^\d{1,6}/.exec(text)?.[0] ?? 0);
  if (ms >= 1 && ms <= MOST_DELAY_MS) return echo(channel, Math.max(ms, LEAST_DELAY_MS), done);
  done(NO_RESPONSE);
  return OVER;
}
