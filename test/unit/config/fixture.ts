import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, shippedConfig, type ConfigProblem, type ConfigSources } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { validateKeypad } from '../../../src/domain/keypad.ts';
import type { Result } from '../../../src/lib/result.ts';

/** Loads in a folder of its own, with `vestibule.yaml` and other files in it as given. */
export function load(environment: Record<string, string>, files: Record<string, string> = {}, checkKeypad: ConfigSources['checkKeypad'] = validateKeypad): Result<Config, readonly ConfigProblem[]> {
  const workingDirectory = mkdtempSync(join(tmpdir(), 'vestibule-config-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(workingDirectory, name), text);
    return loadConfig({ environment, workingDirectory, shippedConfig, checkKeypad });
  } finally {
    rmSync(workingDirectory, { recursive: true });
  }
}

export function loaded(environment: Record<string, string>, files: Record<string, string> = {}): Config {
  const result = load(environment, files);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** `code: message: advice` of every problem. */
export function refused(environment: Record<string, string>, files: Record<string, string> = {}): string {
  const result = load(environment, files);
  return result.ok ? 'accepted' : result.error.map(({ code, message, advice }) => `${code}: ${message}: ${advice}`).join('\n');
}
