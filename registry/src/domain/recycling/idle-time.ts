import { type RecyclingPolicy, recyclingPolicySchema } from '@nomos/schemas';
import type { Repositories } from '../repositories.js';
import type { IdleQuery, StoredRecyclingPolicy } from './recycling-repository.js';

/** Brokers report four times a minute; one that is silent for so long is away. */
const REPORT_AGE_MS_MAX = 60 * 60 * 1000;

/** The policy in force: the newest, or that of a new registry. */
export async function readRecyclingPolicy({ recycling }: Repositories): Promise<StoredRecyclingPolicy> {
  const stored = await recycling.policy();
  return stored ?? { policy: recyclingPolicySchema.parse({}), version: 1, updatedAt: new Date(0) };
}

/** What is idle by the policy. */
export function idleQuery({ idleMs }: RecyclingPolicy, now: Date): IdleQuery {
  return {
    since: new Date(now.getTime() - idleMs),
    reportedSince: new Date(now.getTime() - REPORT_AGE_MS_MAX),
  };
}
