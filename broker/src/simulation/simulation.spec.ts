import { expect, test } from 'vitest';
import { Simulation } from './simulation.spec.support.js';

/** `SIM_SEEDS=100000 SIM_FROM=7000 npx vitest run broker/src/simulation` tries more, or others. */
const SEEDS = Number(process.env.SIM_SEEDS ?? 300);
const FROM = Number(process.env.SIM_FROM ?? 1);

test(`${SEEDS} random runs break no promise`, { timeout: Math.max(120_000, SEEDS * 1_000) }, async () => {
  const failures: string[] = [];
  const totals = { sent: 0, stored: 0, crashes: 0, failures: 0, deadLetters: 0 };
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    try {
      const report = await new Simulation(seed).run();
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += report[name];
    } catch (error) {
      failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  expect(failures.length, failures.slice(0, 3).join('\n\n')).toBe(0);
});
