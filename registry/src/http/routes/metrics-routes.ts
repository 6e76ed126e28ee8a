import { z } from 'zod';
import { defineRoute, type Route } from '../route.js';

/** What Prometheus scrapes. */
export const metricsRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/metrics',
    id: 'service.metrics',
    summary: "Fetch the metrics in Prometheus' text format",
    tag: 'service',
    permission: 'metrics.read',
    example: {},
    answers: { 200: { description: 'The metrics', schema: z.string(), mediaType: 'text/plain' } },
    handle: async (_call, { metrics }) => ({
      status: 200,
      text: await metrics.expose(),
      headers: { 'content-type': metrics.contentType },
    }),
  }),
];
