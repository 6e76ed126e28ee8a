import type { Admission } from '@nomos/schemas';
import { atMost } from '../../benchmark.js';
import { latencies, quantile } from '../../broker/latencies.js';
import { ENVIRONMENT } from '../environment.js';
import { APPLICATION, OWN_GROUPS, ownGroup, ownTopic, PRODUCER_GROUP } from '../fill-catalog.js';
import type { Part } from '../part.js';

const P99_MS_GOAL = 50;
const CALLS = 1_200;
/** The first calls of a process are slower than all others. */
const CALLS_BEFORE = 200;
const CLIENTS = 4;

/** How long a heartbeat takes with a full catalog: the call that every client makes again and again. */
export const heartbeats: Part = {
  name: 'heartbeats',
  async run({ full, signal }) {
    const { registry, credential } = await full();
    const sessions: string[] = [];
    for (let own = 0; own < OWN_GROUPS; own++) {
      const filter = { type: 'tag', expression: '*' };
      const manifest = {
        ...{ application: APPLICATION, environment: ENVIRONMENT, instance: `beat-${own}`, sdk: 'bench' },
        producers: [{ group: PRODUCER_GROUP, topics: [ownTopic(own)] }],
        consumers: [{ group: ownGroup(own), subscriptions: [{ topic: ownTopic(own), filter }] }],
      };
      const opened = await registry.call<Admission>('POST', '/v1/sessions', manifest, credential.token);
      sessions.push(opened.session);
    }
    const beatMs: number[] = [];
    let calls = 0;
    let startedAt = performance.now();
    const client = async () => {
      while (calls < CALLS_BEFORE + CALLS) {
        signal.throwIfAborted();
        const call = calls++;
        if (call === CALLS_BEFORE) startedAt = performance.now();
        const beganAt = performance.now();
        const path = `/v1/sessions/${sessions[call % sessions.length]}/heartbeat`;
        await registry.call('POST', path, undefined, credential.token);
        if (call >= CALLS_BEFORE) beatMs.push(performance.now() - beganAt);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const perSecond = beatMs.length / ((performance.now() - startedAt) / 1000);
    for (const session of sessions)
      await registry.call('DELETE', `/v1/sessions/${session}`, undefined, credential.token);
    return {
      goals: [atMost('a heartbeat with a full catalog, p99 in ms', quantile(beatMs, 0.99), P99_MS_GOAL)],
      figures: { clients: CLIENTS, per_second: perSecond, ...latencies('full', beatMs) },
    };
  },
};
