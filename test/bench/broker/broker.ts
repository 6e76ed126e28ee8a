import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkResult,
  type Goal,
  round,
} from '../benchmark.js';
import { BrokerProcess } from './broker-process.js';
import type { Part, PartResult } from './part.js';
import { append } from './parts/append.js';
import { backlog } from './parts/backlog.js';
import { batches } from './parts/batches.js';
import { delayed } from './parts/delayed.js';
import { filterCost } from './parts/filters.js';
import { groups } from './parts/groups.js';
import { latency } from './parts/latency.js';
import { ordered } from './parts/ordered.js';
import { queues } from './parts/queues.js';
import { size } from './parts/size.js';

const parts: readonly Part[] = [
  ...[append, latency, batches, delayed, backlog],
  ...[size, queues, groups, ordered, filterCost],
];

const DEFAULT_BACKLOG = 200_000;
const MEBIBYTE = 1024 * 1024;

/** The broker by itself: against LMDB, against its own sends, and how its cost grows. */
export const brokerBenchmark: Benchmark = {
  name: 'broker',
  description: `the broker by itself; --part ${parts.map(({ name }) => name).join(',')}; --backlog N`,
  async run(note, signal, options) {
    const chosen = chooseParts(options);
    const backlogMessages = readBacklog(options);
    const goals: Goal[] = [];
    const figures: Record<string, number> = {};
    for (const part of chosen) {
      const startedAt = performance.now();
      note(`${part.name} …`);
      const result = await runPart(part, backlogMessages, note, signal);
      goals.push(...result.goals);
      for (const [name, value] of Object.entries(result.figures)) {
        figures[`${part.name}_${name}`] = round(value);
        note(`  ${part.name}_${name} ${round(value)}`);
      }
      figures[`${part.name}_seconds`] = round((performance.now() - startedAt) / 1000);
    }
    return { bench: 'broker', goals, figures } satisfies BenchmarkResult;
  },
};

async function runPart(
  part: Part,
  backlogMessages: number,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<PartResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nomos-bench-'));
  const brokers: BrokerProcess[] = [];
  try {
    const { goals, figures } = await part.run({
      ...{ backlogMessages, folder, signal, note },
      startBroker: async (catalog) => {
        signal.throwIfAborted();
        const dataFolder = join(folder, `broker-${brokers.length}`);
        const broker = await BrokerProcess.start(dataFolder, catalog, signal);
        brokers.push(broker);
        return broker;
      },
    });
    return { goals, figures: { ...figures, ...(await memoryOf(brokers)) } };
  } catch (error) {
    // What a killed broker makes fail is not what the person wants to know.
    signal.throwIfAborted();
    throw error;
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The memory of the broker that uses most. */
async function memoryOf(brokers: readonly BrokerProcess[]): Promise<Record<string, number>> {
  if (brokers.length === 0) return {};
  const usages = await Promise.all(brokers.map((broker) => broker.usage()));
  return {
    resident_mib: Math.max(...usages.map(({ residentBytes }) => residentBytes)) / MEBIBYTE,
    own_mib: Math.max(...usages.map(({ ownBytes }) => ownBytes)) / MEBIBYTE,
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

function readBacklog({ backlog: text }: BenchmarkOptions): number {
  const messages = text === undefined ? DEFAULT_BACKLOG : Number(text);
  if (Number.isInteger(messages) && messages > 0) return messages;
  throw new Error(`--backlog takes a number of messages, for instance 5000000, not "${text}".`);
}
