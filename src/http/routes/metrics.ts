import { Type } from 'typebox';
import { err, ok } from '../../lib/result.ts';
import { administers } from '../../manage/actor.ts';
import { failure } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { route, type Route } from '../route.ts';

export interface MetricsRoutesOptions {
  readonly metrics: Metrics;
  /** `metrics.networks`: who is asked for nothing. */
  readonly isMetricsClient: (address: string) => boolean;
}

export function metricsRoutes({ metrics, isMetricsClient }: MetricsRoutesOptions): readonly Route[] {
  return [
    route({
      method: 'GET',
      url: '/metrics',
      needs: 'public',
      area: 'system',
      summary: 'Figures for Prometheus: for addresses of `metrics.networks`, administrators and API keys with `system:read`',
      answers: { 200: Type.String() },
      errors: ['not_permitted'],
      handle: async ({ actor, from }) => {
        const isReader = actor !== undefined && administers(actor) && (actor.kind !== 'apiKey' || actor.scopes.includes('system:read') || actor.scopes.includes('system:write'));
        if (!isReader && !isMetricsClient(from)) return err(failure({ code: 'not_permitted', message: 'the figures are not for everybody', advice: 'add your network to metrics.networks, or give an API key with system:read' }));
        return ok({ status: 200, type: metrics.contentType, body: await metrics.text() });
      },
    }),
  ];
}
