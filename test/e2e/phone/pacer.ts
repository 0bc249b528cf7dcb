/**
 * The sending clock of all phones of a process: every phone gets its turn each 20 ms, at an instant of its own within the
 * 20 ms, on an absolute schedule (a late turn does not shift the next ones).
 */
const periodMs = 20;

interface Turn {
  due: number;
  readonly send: () => void;
}

const turns = new Set<Turn>();
let timer: NodeJS.Timeout | undefined;
/** How late turns came, in ms: a generator that lags measures itself, not the program. */
export const lag = { turns: 0, late: 0, largestMs: 0 };

function beat(): void {
  const now = performance.now();
  for (const turn of turns) {
    for (; turn.due <= now; turn.due += periodMs) {
      lag.turns += 1;
      lag.largestMs = Math.max(lag.largestMs, now - turn.due);
      if (now - turn.due > 5) lag.late += 1;
      turn.send();
    }
  }
}

/** Calls `send` every 20 ms until the returned function is called. The phase within the 20 ms is random. */
export function everyFrame(send: () => void): () => void {
  const turn = { due: performance.now() + Math.random() * periodMs, send };
  turns.add(turn);
  timer ??= setInterval(beat, 1);
  return () => {
    turns.delete(turn);
    if (turns.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
