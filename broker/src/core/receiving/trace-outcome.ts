import { type Outcome, traceWrite } from '../trace/trace-entry.js';
import type { Pending } from './pending.js';

/** Notes for the trace how the present delivery of a message ended; it is written with the queue's next batch. */
export function traceOutcome(pending: Pending, outcome: Outcome, endedAtMs: number): void {
  const { queue } = pending;
  queue.note(
    traceWrite(queue.topic, queue.queue, pending.offset, {
      group: queue.group,
      attempt: pending.attempt,
      client: pending.deliveredTo,
      deliveredAtMs: pending.deliveredAtMs,
      outcome,
      endedAtMs,
    }),
  );
}
