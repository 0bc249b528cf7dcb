import type { SipLimits } from './api.ts';

export const DEFAULT_LIMITS: SipLimits = {
  messageBytes: 65_535,
  headerCount: 128,
  headerLineBytes: 8192,
  connections: 1000,
  transactions: 20_000,
  dialogs: 10_000,
  idleConnectionMs: 600_000,
  partialMessageMs: 10_000,
  ringingMs: 180_000,
};
