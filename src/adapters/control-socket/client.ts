import { connect } from 'node:net';
import type { Problem } from '../../lib/problem.ts';
import { err } from '../../lib/result.ts';
import { firstLine } from './line.ts';
import { decodeAnswer, largestAnswer, type ControlAnswer, type ControlRequest } from './protocol.ts';

export type AskOutcome =
  /** Nobody listens there. */
  | { readonly kind: 'notRunning' }
  | { readonly kind: 'answered'; readonly answer: ControlAnswer };

/** Asks the process behind the socket; without an answer within `deadlineMs` the answer is the problem `control_timeout`. */
export function askRunning(path: string, request: ControlRequest, deadlineMs = 10_000): Promise<AskOutcome> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (outcome: AskOutcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const fail = (problem: Problem): void => settle({ kind: 'answered', answer: err([problem]) });
    const timer = setTimeout(() => fail({ code: 'control_timeout', message: 'the running process does not answer', advice: 'look at its log; restart it if it hangs' }), deadlineMs);
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    firstLine(socket, largestAnswer, (line) => {
      const answer = line === undefined ? undefined : decodeAnswer(line);
      if (answer === undefined) fail({ code: 'control_broken', message: 'the running process broke off its answer', advice: 'look at its log and try again' });
      else settle({ kind: 'answered', answer });
    });
    socket.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : 'unknown';
      // The socket of a process that died refuses; without a socket there never was one.
      if (code === 'ENOENT' || code === 'ECONNREFUSED') settle({ kind: 'notRunning' });
      else fail({ code: 'control_unreachable', message: `the running process cannot be reached [${code}]`, advice: 'run this as the user the process runs as' });
    });
  });
}
