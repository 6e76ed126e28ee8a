import { parseArgs } from 'node:util';
import { crash, isFaultless } from './crash.js';

const USAGE = 'usage: npm run -s crash -- [--kills N] [--seed N] [--json]\n';
const KILLS_MAX = 10_000;

/** Exit code 0 if the broker kept its word, 1 if not, 2 for a wrong call. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { kills: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  });
  const kills = Number(values.kills ?? 10);
  const seed = Number(values.seed ?? 1);
  if (!Number.isInteger(kills) || kills < 1 || kills > KILLS_MAX || !Number.isInteger(seed)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const report = await crash({ kills, seed, note: (line) => process.stderr.write(`${line}\n`) });
  const rows = Object.entries(report).map(([name, value]) => `${name.padEnd(24)} ${value}`);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${rows.join('\n')}\n`);
  return isFaultless(report) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
