/** Live control, events, records and figures by REST, put together. */
import { Networks } from './lib/networks.ts';
import { createRecordingFiles, mediaFolders } from './adapters/system/media-files.ts';
import { createRecordingReader } from './adapters/system/recording-reader.ts';
import { secrets } from './adapters/system/secrets.ts';
import { HttpWebhookSender } from './adapters/system/webhook-sender.ts';
import { policyOf } from './config/policy.ts';
import type { Config } from './config/schema.ts';
import { Operations, type OperationsOptions } from './http/operations.ts';
import type { Problem } from './lib/problem.ts';
import type { Result } from './lib/result.ts';

/** What is running; `metrics` has been counting from the start. */
export type Running = Pick<OperationsOptions, 'stores' | 'live' | 'view' | 'metrics' | 'status' | 'scheduler' | 'log'>;

export function startOperations(config: Config, running: Running): Promise<Result<Operations, Problem>> {
  const { recordings } = mediaFolders(config.data.dir);
  const { privateAddresses, timeout, firstRetry, longestRetry, attempts } = config.webhooks;
  const clients = new Networks(config.metrics.networks);
  return Operations.start({
    ...running,
    policy: policyOf(config),
    attendantAliases: config.attendant.aliases.map((alias) => alias.toLowerCase()),
    isMetricsClient: (address) => clients.has(address),
    sender: new HttpWebhookSender({ timeoutMs: timeout * 1_000, privateAddresses: privateAddresses ? 'allowed' : 'refused' }),
    backOff: { firstMs: firstRetry * 1_000, longestMs: longestRetry * 1_000, attempts },
    files: createRecordingFiles(recordings),
    reader: createRecordingReader(recordings),
    secrets,
    pageSize: config.api.pageSize,
    streamMs: config.events.stream * 1_000,
  });
}
