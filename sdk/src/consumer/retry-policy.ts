import { limits, type RetryPolicy, retryPolicySchema } from '@nomos/schemas';
import { milliseconds } from '../transport/duration.js';
import type { Settings } from '../transport/presence.js';

/** The group's retry policy as the broker's settings tell it; RocketMQ's own where they do not. */
export function retryPolicyOf({ backoffPolicy }: Settings): RetryPolicy {
  const byDefault = retryPolicySchema.parse({});
  const maxAttempts = backoffPolicy?.maxAttempts || byDefault.maxAttempts;
  const delaysMs = backoffPolicy?.customizedBackoff?.next?.map((delay) => milliseconds(delay) ?? 0);
  if (delaysMs !== undefined && delaysMs.length > 0) return { maxAttempts, delaysMs };
  const exponential = backoffPolicy?.exponentialBackoff;
  if (!exponential) return { maxAttempts, delaysMs: byDefault.delaysMs };
  const initialMs = milliseconds(exponential.initial) ?? 1_000;
  const maxMs = milliseconds(exponential.max) ?? limits.invisibleDurationMsMax;
  const multiplier = Math.max(1, exponential.multiplier || 2);
  const attempts = Math.min(maxAttempts, limits.deliveryAttemptsMax);
  return {
    maxAttempts,
    delaysMs: Array.from({ length: attempts }, (_, index) =>
      Math.min(maxMs, initialMs * multiplier ** index),
    ),
  };
}

/** After how long a message is delivered again whose given attempt (from 1) has failed, in milliseconds. */
export function retryDelayMs({ delaysMs }: RetryPolicy, attempt: number): number {
  const delayMs = delaysMs[Math.max(0, attempt - 1)] ?? delaysMs.at(-1) ?? 0;
  return Math.min(limits.invisibleDurationMsMax, Math.max(0, Math.round(delayMs)));
}
