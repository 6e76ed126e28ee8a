import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Tests run real servers (Postgres, the broker); a slow machine must not fail them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Most tests wait for servers most of the time, so one core is no reason for one at a time.
    maxWorkers: Math.max(2, availableParallelism()),
  },
});
