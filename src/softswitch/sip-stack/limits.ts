import type { SipLimits } from './api.ts';
import { LOOPBACK } from './networks.ts';

export const DEFAULT_LIMITS: SipLimits = {
  messageBytes: 65_535,
  headerCount: 128,
  headerLineBytes: 8192,
  connections: 1000,
  connectionsPerSource: 250,
  halfOpenConnections: 250,
  transactions: 20_000,
  dialogs: 10_000,
  idleConnectionMs: 600_000,
  partialMessageMs: 10_000,
  // One carrier's gateway with 100 new calls a second brings some 600 messages a second.
  messagesPerSource: 2000,
  invitesPerSource: 200,
  registersPerSource: 200,
  optionsPerSource: 100,
  exempt: LOOPBACK,
  loopLagMs: 100,
  ringingMs: 180_000,
};
