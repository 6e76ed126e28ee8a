import { type Logger, NomosError } from '@nomos/schemas';
import type { Services } from './http/services.js';

/** Something that is done again and again, as long as the registry runs. */
export interface BackgroundJob {
  readonly name: string;
  /** From the end of one run to the start of the next, in milliseconds. */
  readonly pauseMs: number;
  /** The answer is how much was done. */
  readonly run: () => Promise<unknown>;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** What a registry does by itself. Several registries on one database may all do it. */
export function backgroundJobs(services: Services): BackgroundJob[] {
  const { sessions, idempotentCalls, observations, subscriptionChanges, metrics } = services;
  const { approvals, norms, recyclingSweep, notices, usage } = services;
  const purge = (kind: string, work: () => Promise<number>): BackgroundJob => ({
    name: `purge-${kind}`,
    pauseMs: 10 * MINUTE_MS,
    run: async () => metrics.countPurged(kind, await work()),
  });
  return [
    purge('session', () => sessions.purge()),
    purge('usage', () => usage.purge()),
    purge('notice', () => notices.purge()),
    purge('norm-observation', () => norms.purgeObservations()),
    purge('idempotency-key', () => idempotentCalls.purge()),
    { name: 'norm-observations', pauseMs: 5 * SECOND_MS, run: () => observations.flush() },
    { name: 'subscription-changes', pauseMs: SECOND_MS, run: () => subscriptionChanges.advanceAll() },
    { name: 'expired-approvals', pauseMs: MINUTE_MS, run: () => approvals.expire() },
    { name: 'recycling', pauseMs: 60 * MINUTE_MS, run: () => recyclingSweep.sweep() },
    { name: 'notices', pauseMs: 5 * SECOND_MS, run: () => notices.deliver() },
  ];
}

/** Starts the jobs, each for itself; the answer stops them, and waits for those that run. */
export function startBackgroundJobs(jobs: readonly BackgroundJob[], log: Logger): () => Promise<void> {
  const stops = jobs.map((job) => startJob(job, log));
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

function startJob({ name, pauseMs, run }: BackgroundJob, log: Logger): () => Promise<void> {
  let isStopped = false;
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const schedule = () => {
    if (isStopped) return;
    timer = setTimeout(() => {
      running = run()
        .catch((error: unknown) => {
          log.warn({ job: name, reason: NomosError.from(error).message }, 'a background job failed');
        })
        .finally(schedule);
    }, pauseMs).unref();
  };
  schedule();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}
