import { defaultNorm, type Norm } from '@nomos/schemas';
import { atMost } from '../../benchmark.js';
import type { Part } from '../part.js';
import type { RegistryProcess } from '../registry-process.js';

const SECONDS_GOAL = 5;
const ROUNDS = 3;

/** How long a norm takes to be replayed on everything registered: one that all names keep, and one that all break. */
export const replay: Part = {
  name: 'replay',
  async run({ full, signal }) {
    const { registry } = await full();
    const norms: Readonly<Record<string, Norm>> = {
      kept: { ...defaultNorm, name: 'bench-kept', version: 1 },
      broken: {
        ...{ ...defaultNorm, name: 'bench-broken', version: 1 },
        names: { ...defaultNorm.names, topic: { template: 'new-{domain}-{app}-{entity}-{event}' } },
      },
    };
    const goals = [];
    const figures: Record<string, number> = {};
    for (const [which, document] of Object.entries(norms)) {
      await registry.call('POST', '/v1/norms', { document });
      const seconds: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        signal.throwIfAborted();
        const startedAt = performance.now();
        const lines = await replayLines(registry, document.name);
        seconds.push((performance.now() - startedAt) / 1000);
        figures[`${which}_lines`] = lines;
      }
      figures[`${which}_seconds_min`] = Math.min(...seconds);
      figures[`${which}_seconds_max`] = Math.max(...seconds);
      goals.push(
        atMost(`replay of a norm that is ${which}, slowest in seconds`, Math.max(...seconds), SECONDS_GOAL),
      );
    }
    return { goals, figures };
  },
};

/** Replays the norm; gives how many lines came before its summary. */
async function replayLines({ started }: RegistryProcess, norm: string): Promise<number> {
  const response = await fetch(`${started.url}/v1/norms/${norm}/1:impact`, {
    method: 'POST',
    headers: { authorization: `Bearer ${started.adminToken}` },
  });
  const lines = (await response.text()).trim().split('\n');
  if (!lines.at(-1)?.includes('"type":"summary"')) throw new Error(`the replay broke off: ${lines.at(-1)}`);
  return lines.length - 1;
}
