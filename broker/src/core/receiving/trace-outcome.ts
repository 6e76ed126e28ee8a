import { type Outcome, TRACED_TOGETHER_MAX, traceWrite } from '../trace/trace-entry.js';
import type { Pending } from './pending.js';

/** Notes for the trace how the present delivery of a message ended; it is written with the queue's next batch. */
export function traceOutcome(pending: Pending, outcome: Outcome, endedAtMs: number): void {
  traceOutcomes([pending], outcome, endedAtMs);
}

/** The same for messages that end together; those that were delivered together cost one entry. */
export function traceOutcomes(ending: readonly Pending[], outcome: Outcome, endedAtMs: number): void {
  let count = 0;
  for (const [index, pending] of ending.entries()) {
    count++;
    const next = ending[index + 1];
    if (next !== undefined && count < TRACED_TOGETHER_MAX && goTogether(pending, next)) continue;
    const { group, topic, queue } = pending.queue;
    const entry = {
      ...{ group, attempt: pending.attempt, client: pending.deliveredTo },
      ...{ deliveredAtMs: pending.deliveredAtMs, outcome, endedAtMs },
    };
    pending.queue.note(traceWrite({ topic, queue, lastOffset: pending.offset, count }, entry));
    count = 0;
  }
}

function goTogether(one: Pending, next: Pending): boolean {
  return (
    next.queue === one.queue &&
    next.offset === one.offset + 1 &&
    next.attempt === one.attempt &&
    next.deliveredAtMs === one.deliveredAtMs &&
    next.deliveredTo === one.deliveredTo
  );
}
