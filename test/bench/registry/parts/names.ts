import { compileNorm, defaultNorm } from '@nomos/schemas';
import { atLeast, median } from '../../benchmark.js';
import { APPLICATION } from '../fill-catalog.js';
import type { Part } from '../part.js';

const PER_SECOND_GOAL = 200_000;
const NAMES = 100_000;
const ROUNDS = 7;
const NAMES_OF_A_CALL = 500;
const CALLS = 20;

/** How many names one process judges in a second: by the norm alone, and asked for over HTTP in bulk. */
export const names: Part = {
  name: 'names',
  async run({ full, signal }) {
    const norm = compileNorm(defaultNorm);
    const vocabularies = { domains: new Set(['lab']), applications: new Set([APPLICATION]) };
    const legal = Array.from({ length: NAMES }, (_, index) => `lab-bench-event${index}-done`);
    const perSecond: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted();
      const startedAt = performance.now();
      const broken = legal.filter((name) => !norm.read('topic', name, { vocabularies }).ok);
      if (broken.length > 0) throw new Error(`${broken[0]} was to be legal`);
      // The first round is that of a process that has just started.
      if (round > 0) perSecond.push((NAMES / (performance.now() - startedAt)) * 1000);
    }
    const { registry } = await full();
    const asked = legal
      .slice(0, NAMES_OF_A_CALL)
      .map((name) => ({ kind: 'topic', name, application: APPLICATION }));
    const ofCallsPerSecond: number[] = [];
    for (let call = 0; call < CALLS; call++) {
      signal.throwIfAborted();
      const startedAt = performance.now();
      await registry.call('POST', '/v1/names/check-many', { names: asked });
      ofCallsPerSecond.push((asked.length / (performance.now() - startedAt)) * 1000);
    }
    return {
      goals: [atLeast('names judged in one process, per second', median(perSecond), PER_SECOND_GOAL)],
      figures: {
        per_second_min: Math.min(...perSecond),
        per_second_max: Math.max(...perSecond),
        // Each is compared with all registered names as well, in the database.
        over_http_per_second: median(ofCallsPerSecond),
      },
    };
  },
};
