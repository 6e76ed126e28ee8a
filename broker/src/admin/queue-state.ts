import type { AdminBackend, QueueState } from './admin-backend.js';
import { existingTopic } from './named-topics.js';
import { fieldInvalid } from './request-fields.js';

/** One queue of a topic. Throws TOPIC_NOT_REGISTERED, REQUEST_INVALID. */
export function queueState(backend: AdminBackend, topic: string, queue: number): QueueState {
  const states = backend.queues(existingTopic(backend, topic).name);
  const state = states.find((candidate) => candidate.queue === queue);
  if (state !== undefined) return state;
  throw fieldInvalid(
    'queueId',
    `The topic has no queue ${queue}.`,
    `a number from 0 to ${states.length - 1}`,
  );
}
