import type { Admission } from '@nomos/schemas';
import { atLeast, atMost } from '../../benchmark.js';
import { figureOf, flatten, interleave } from '../../broker/interleave.js';
import { latencies, quantile } from '../../broker/latencies.js';
import { ENVIRONMENT } from '../environment.js';
import { APPLICATION, OWN_GROUPS, ownGroup, ownTopic, PRODUCER_GROUP } from '../fill-catalog.js';
import type { Part, PreparedRegistry } from '../part.js';

const P99_MS_GOAL = 50;
const RATE_GOAL = 0.9;
const ROUNDS = 8;
const SESSIONS = 150;
/** Clients that open sessions at the same time. */
const CLIENTS = 4;

/** How long the admission of a producer and consumer takes, with an empty and with a full catalog. */
export const admission: Part = {
  name: 'admission',
  async run({ empty, full, signal }) {
    const allMs: Record<'empty' | 'full', number[]> = { empty: [], full: [] };
    const [one, other] = [await empty(), await full()];
    const measure = (prepared: PreparedRegistry, catalog: keyof typeof allMs) => async (round: number) => {
      signal.throwIfAborted();
      const { seconds, openMs } = await openSessions(prepared);
      if (round > 0) allMs[catalog].push(...openMs);
      return { per_second: SESSIONS / seconds };
    };
    const rates = await interleave(ROUNDS, { empty: measure(one, 'empty'), full: measure(other, 'full') });
    const ratio = figureOf(rates.full, 'per_second') / figureOf(rates.empty, 'per_second');
    return {
      goals: [
        atMost('session admission with a full catalog, p99 in ms', quantile(allMs.full, 0.99), P99_MS_GOAL),
        atLeast('rate of admissions: full / empty catalog', ratio, RATE_GOAL),
      ],
      figures: {
        ...{ clients: CLIENTS, sessions: allMs.full.length },
        ...flatten(rates),
        ...latencies('empty', allMs.empty),
        ...latencies('full', allMs.full),
      },
    };
  },
};

let instances = 0;

/** Opens sessions, several at a time, and closes them afterwards, which is not measured. */
async function openSessions({ registry, credential }: PreparedRegistry) {
  const sessions: string[] = [];
  const openMs: number[] = [];
  const startedAt = performance.now();
  const client = async () => {
    while (openMs.length < SESSIONS) {
      const number = instances++;
      openMs.push(0);
      const index = openMs.length - 1;
      const own = number % OWN_GROUPS;
      const filter = { type: 'tag', expression: '*' };
      const openedAt = performance.now();
      const { session } = await registry.call<Admission>(
        'POST',
        '/v1/sessions',
        {
          ...{ application: APPLICATION, environment: ENVIRONMENT, instance: `i-${number}`, sdk: 'bench' },
          producers: [{ group: PRODUCER_GROUP, topics: [ownTopic(own)] }],
          consumers: [{ group: ownGroup(own), subscriptions: [{ topic: ownTopic(own), filter }] }],
        },
        credential.token,
      );
      openMs[index] = performance.now() - openedAt;
      sessions.push(session);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const session of sessions)
    await registry.call('DELETE', `/v1/sessions/${session}`, undefined, credential.token);
  return { seconds, openMs };
}
