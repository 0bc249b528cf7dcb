import type { z } from 'zod';
import type { configSchema } from './schema.ts';

type Values = z.infer<typeof configSchema>;

/** Keys that are right each for itself and cannot be together. The first path is the one shown with its place. */
export interface Contradiction {
  readonly paths: readonly [string, ...string[]];
  readonly message: string;
  readonly advice: string;
}

/** `chosen(path)`: whether somebody set this key, or it is the default. */
export function contradictions(values: Values, chosen: (path: string) => boolean): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const { rtp, sip, http, h323, pin, attendant, ending, keypad, registrar, retention } = values;
  if (rtp.portMin >= rtp.portMax) {
    found.push({ paths: ['rtp.portMin', 'rtp.portMax'], message: 'rtp.portMin is not below rtp.portMax', advice: 'leave at least two ports between them, two for each call' });
  }
  const ports: readonly (readonly [string, number | null])[] = [
    ['sip.port', sip.port],
    ['sip.tls.port', sip.tls.port],
    ['sip.ws.port', sip.ws.port],
    ['sip.wss.port', sip.wss.port],
    ['http.port', http.port],
    ['h323.port', h323.port],
  ];
  ports.forEach(([first, port], index) => {
    for (const [second, other] of ports.slice(index + 1)) {
      if (port !== null && port !== 0 && port === other) found.push({ paths: [first, second], message: `${first} and ${second} are the same`, advice: 'give each its own port' });
    }
  });
  const secured = sip.tls.port === null ? 'sip.wss.port' : 'sip.tls.port';
  if ((sip.tls.port !== null || sip.wss.port !== null) && (sip.tls.certFile === null || sip.tls.keyFile === null)) {
    found.push({ paths: [secured], message: `${secured} needs a certificate and its key`, advice: 'set sip.tls.certFile and sip.tls.keyFile' });
  }
  if ((http.certFile === null) !== (http.keyFile === null)) {
    found.push({ paths: ['http.certFile', 'http.keyFile'], message: 'http.certFile and http.keyFile go together', advice: 'set both, or none' });
  }
  if (pin.minLength > pin.maxLength) found.push({ paths: ['pin.minLength', 'pin.maxLength'], message: 'pin.minLength is above pin.maxLength', advice: 'exchange them' });
  if (pin.screen < pin.firstDigit) {
    found.push({ paths: ['pin.screen', 'pin.firstDigit'], message: 'pin.screen ends before pin.firstDigit', advice: 'make pin.screen the longer one' });
  }
  if (attendant.pin !== null && (attendant.pin.length < pin.minLength || attendant.pin.length > pin.maxLength)) {
    found.push({ paths: ['attendant.pin', 'pin.minLength', 'pin.maxLength'], message: 'attendant.pin is not as long as PINs have to be', advice: 'change its length, or pin.minLength and pin.maxLength' });
  }
  const warnings = ending.guestsOnlyWarnings;
  if (warnings.some((warning, index) => index > 0 && warning >= (warnings[index - 1] ?? Infinity))) {
    found.push({ paths: ['ending.guestsOnlyWarnings'], message: 'ending.guestsOnlyWarnings are not in order', advice: 'write the longest first, each once' });
  }
  if (chosen('ending.guestsOnlyWarnings') && warnings.some((warning) => warning >= ending.guestsOnly)) {
    found.push({ paths: ['ending.guestsOnlyWarnings', 'ending.guestsOnly'], message: 'a warning in ending.guestsOnlyWarnings would come before the time of ending.guestsOnly begins', advice: 'keep every warning below ending.guestsOnly' });
  }
  if (ending.longestConnection !== 0 && chosen('ending.longestConnectionWarning') && ending.longestConnectionWarning >= ending.longestConnection) {
    found.push({ paths: ['ending.longestConnectionWarning', 'ending.longestConnection'], message: 'ending.longestConnectionWarning is not below ending.longestConnection', advice: 'make the warning the shorter one' });
  }
  if (registrar.minExpires > registrar.maxExpires) {
    found.push({ paths: ['registrar.minExpires', 'registrar.maxExpires'], message: 'registrar.minExpires is above registrar.maxExpires', advice: 'exchange them' });
  }
  if (retention.undeliveredEventCount < retention.eventCount) {
    found.push({ paths: ['retention.undeliveredEventCount', 'retention.eventCount'], message: 'retention.undeliveredEventCount is below retention.eventCount', advice: 'give events a webhook waits for at least as much room as the others' });
  }
  const codes = Object.entries(keypad.codes);
  codes.forEach(([action, code], index) => {
    const twin = codes.slice(0, index).find(([, other]) => code !== null && other === code);
    if (twin !== undefined) found.push({ paths: [`keypad.codes.${action}`, `keypad.codes.${twin[0]}`], message: `${action} and ${twin[0]} have the same code`, advice: 'give each its own code, or null to one of them' });
  });
  return found;
}
