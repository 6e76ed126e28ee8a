import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, BenchmarkOptions, Goal } from '../benchmark.js';
import { round } from '../benchmark.js';
import { fillCatalog, registerOwn } from './fill-catalog.js';
import type { Part, PartContext, PreparedRegistry } from './part.js';
import { admission } from './parts/admission.js';
import { edge } from './parts/edge.js';
import { heartbeats } from './parts/heartbeats.js';
import { lists } from './parts/lists.js';
import { names } from './parts/names.js';
import { replay } from './parts/replay.js';
import { search } from './parts/search.js';
import { RegistryProcess } from './registry-process.js';

const TOPICS = 100_000;
const GROUPS = 20_000;

const parts: readonly Part[] = [admission, heartbeats, edge, lists, search, names, replay];

/** The registry with a catalog of 100,000 topics and 20,000 groups, against one with hardly any. */
export const registryBenchmark: Benchmark = {
  name: 'registry',
  description: `the registry with a full catalog; --part ${parts.map(({ name }) => name).join(',')}`,
  async run(note, signal, options) {
    const chosen = chooseParts(options);
    const folder = await mkdtemp(join(tmpdir(), 'nomos-bench-'));
    // The embedded Postgres may run as another user, who has to pass through.
    await chmod(folder, 0o711);
    const started: Promise<PreparedRegistry>[] = [];
    const goals: Goal[] = [];
    const figures: Record<string, number> = {};
    try {
      const context = contextOf(folder, signal, note, started);
      for (const part of chosen) {
        note(`${part.name} …`);
        const result = await part.run(context);
        goals.push(...result.goals);
        for (const [name, value] of Object.entries(result.figures)) {
          figures[`${part.name}_${name}`] = round(value);
          note(`  ${part.name}_${name} ${round(value)}`);
        }
      }
      return { bench: 'registry', goals, figures };
    } finally {
      for (const one of await Promise.allSettled(started)) {
        if (one.status === 'fulfilled') await one.value.registry.stop();
      }
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function contextOf(
  folder: string,
  signal: AbortSignal,
  note: (line: string) => void,
  started: Promise<PreparedRegistry>[],
): PartContext {
  const prepare = async (name: string): Promise<PreparedRegistry> => {
    const registry = await RegistryProcess.start(join(folder, name), signal);
    return { registry, credential: await registerOwn(registry) };
  };
  const once = (work: () => Promise<PreparedRegistry>) => {
    let prepared: Promise<PreparedRegistry> | undefined;
    return () => {
      if (prepared !== undefined) return prepared;
      prepared = work();
      started.push(prepared);
      return prepared;
    };
  };
  return {
    ...{ folder, signal, note },
    empty: once(() => prepare('empty')),
    full: once(async () => {
      const prepared = await prepare('full');
      const startedAt = performance.now();
      await fillCatalog(prepared.registry, TOPICS, GROUPS);
      note(`  catalog filled in ${Math.round(performance.now() - startedAt)} ms`);
      return prepared;
    }),
  };
}

function chooseParts({ part }: BenchmarkOptions): readonly Part[] {
  if (part === undefined) return parts;
  const wanted = part.split(',');
  const unknown = wanted.filter((name) => !parts.some((known) => known.name === name));
  if (unknown.length === 0) return parts.filter(({ name }) => wanted.includes(name));
  const known = parts.map(({ name }) => name).join(', ');
  throw new Error(`There is no part "${unknown.join(', ')}"; the parts are ${known}.`);
}
