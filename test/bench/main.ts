import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { brokerBenchmark } from './broker/broker.js';
import { firstBenchmark } from './first/first.js';
import { registryBenchmark } from './registry/registry.js';

const benchmarks: readonly Benchmark[] = [firstBenchmark, brokerBenchmark, registryBenchmark];

/** `npm run bench -- NAME [--json] [--part A,B] [--backlog N]`: exit code 0 if all goals are met, 1 if not, 2 for a wrong call. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, part: { type: 'string' }, backlog: { type: 'string' } },
  });
  const benchmark = benchmarks.find(({ name }) => name === positionals[0]);
  if (benchmark === undefined || positionals.length !== 1) {
    process.stderr.write('usage: npm run bench -- NAME [--json], NAME being one of\n');
    for (const { name, description } of benchmarks)
      process.stderr.write(`  ${name.padEnd(10)} ${description}\n`);
    return 2;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => abort.abort(new Error(`stopped by ${signal}`)));
  }
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const result = await benchmark.run(note, abort.signal, values);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : toTable(result));
  return result.goals.every(({ met }) => met) ? 0 : 1;
}

function toTable({ goals, figures }: BenchmarkResult): string {
  const rows = [
    ...Object.entries(figures).map(([name, value]) => `${name.padEnd(52)} ${value}`),
    '',
    ...goals.map(
      ({ name, value, goal, bound, met }) =>
        `${met ? 'met   ' : 'missed'} ${name.padEnd(52)} ${value} (goal: ${bound} ${goal})`,
    ),
  ];
  return `${rows.join('\n')}\n`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
