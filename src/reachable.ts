import { networkInterfaces } from 'node:os';

/** 0.0.0.0 listens on every address of this machine, and is none to dial. */
export function spelledOut(address: string): readonly string[] {
  if (!address.includes('//0.0.0.0') && !address.includes(':0.0.0.0')) return [address];
  const own = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).filter(({ family }) => family === 'IPv4').map((own) => own.address));
  return own.map((ip) => address.replace('0.0.0.0', ip));
}
