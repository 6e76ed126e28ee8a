import type { AdminBackend } from './admin-backend.js';

/** How many messages of a topic were stored from a time on. Throws TOPIC_NOT_REGISTERED. */
export function storedSince(backend: AdminBackend, topic: string, timeMs: number): number {
  let count = 0;
  for (const { queue, maxOffset, lastStoredAtMs } of backend.queues(topic)) {
    if (lastStoredAtMs >= timeMs) count += maxOffset - backend.offsetAt(topic, queue, timeMs);
  }
  return count;
}
