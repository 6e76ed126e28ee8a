import { atMost } from '../../benchmark.js';
import { latencies, quantile } from '../../broker/latencies.js';
import type { Part } from '../part.js';

const P99_MS_GOAL = 100;
const CALLS = 200;
const CALLS_BEFORE = 20;

/** What people type: the beginning of a name, a part from its middle, several words, a word that is nowhere. */
const questions: Readonly<Record<string, (call: number) => string>> = {
  beginning: (call) => `lab-app${call}-e`,
  middle: (call) => `e${call * 37}-done`,
  words: (call) => `app${call} done measuring`,
  nothing: (call) => `zebra${call}`,
};

/** How long a search takes with a full catalog. */
export const search: Part = {
  name: 'search',
  async run({ full, signal }) {
    const { registry } = await full();
    const figures: Record<string, number> = {};
    const goals = [];
    for (const [kind, question] of Object.entries(questions)) {
      const searchMs: number[] = [];
      for (let call = -CALLS_BEFORE; call < CALLS; call++) {
        signal.throwIfAborted();
        const startedAt = performance.now();
        await registry.call('GET', `/v1/search?limit=20&q=${encodeURIComponent(question(Math.abs(call)))}`);
        if (call >= 0) searchMs.push(performance.now() - startedAt);
      }
      Object.assign(figures, latencies(kind, searchMs));
      goals.push(atMost(`a search (${kind}), p99 in ms`, quantile(searchMs, 0.99), P99_MS_GOAL));
    }
    return { goals, figures };
  },
};
