import { atMost } from '../../benchmark.js';
import { latencies, quantile } from '../../broker/latencies.js';
import type { Part } from '../part.js';

const P99_MS_GOAL = 100;
const CALLS = 200;
const PAGES_MAX = 50;

/** How long a page of a list takes with a full catalog, at its beginning and far inside. */
export const lists: Part = {
  name: 'lists',
  async run({ full, signal }) {
    const { registry } = await full();
    const figures: Record<string, number> = {};
    const goals = [];
    const kinds = {
      topics: '/v1/topics?limit=100',
      topics_of_application: '/v1/topics?limit=100&application=app7',
      groups: '/v1/consumer-groups?limit=100',
      subscriptions: '/v1/subscriptions?limit=100',
    };
    for (const [kind, path] of Object.entries(kinds)) {
      const pageMs: number[] = [];
      let next: string | undefined;
      for (let call = -20; call < CALLS; call++) {
        signal.throwIfAborted();
        const cursor = next === undefined || call % PAGES_MAX === 0 ? '' : `&cursor=${next}`;
        const startedAt = performance.now();
        const page = await registry.call<{ next?: string }>('GET', path + cursor);
        if (call >= 0) pageMs.push(performance.now() - startedAt);
        next = page.next;
      }
      Object.assign(figures, latencies(kind, pageMs));
      goals.push(
        atMost(`a page of ${kind.replaceAll('_', ' ')}, p99 in ms`, quantile(pageMs, 0.99), P99_MS_GOAL),
      );
    }
    return { goals, figures };
  },
};
